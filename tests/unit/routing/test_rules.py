"""Rules: each condition, the first that fires, and what is refused when the file is loaded."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.fakes import a_model, knowing
from turnout.core.chat import Chat, Message, Text
from turnout.core.models import Vendor
from turnout.core.ports import Key
from turnout.routing.classify import Kind
from turnout.routing.rules import Rules
from turnout.routing.rules_file import BadRules, line_of, parse, read
from turnout.routing.rules_when import Subject, first, misses

MODELS = (a_model("alpha"), a_model("beta"), a_model("beta", vendor="other"))
CATALOG = knowing(*MODELS).catalog
MODES = ("failover", "compare")
ROOT = Path(__file__).parents[3]


def rules(text: str) -> Rules:
    return parse(text, "rules.toml", CATALOG, MODES)


def one(when: str) -> Rules:
    return rules(f'[[rules]]\nname = "it"\nwhen = {{ {when} }}\nthen = {{ goal = "cost" }}')


def chat(*said: tuple[Literal["system", "developer", "user", "assistant", "tool"], str], **changes: Any) -> Chat:
    return replace(Chat(tuple(Message(role, (Text(text),)) for role, text in said)), **changes)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def unasked() -> Kind:
    raise AssertionError("nobody asked for the task")


HELLO = chat(("system", "Be brief."), ("user", "My order 4711"), ("assistant", "Yes?"), ("user", "Where is it?"))
KEY = Key("key-1", "shop", ruleset="careful")
SUBJECT = Subject(HELLO, KEY, {"team": "blue"}, 100, frozenset({"tools", "seed"}), moment("2026-11-24 07:30"), unasked)

# What holds of the subject above, the nearest that does not, and a word of the reason.
CONDITIONS = [
    ("text = '\\d{4}'", "text = '\\d{5}'", "anybody"),
    ("text = 'order', role = 'user'", "text = 'order', role = 'last_user'", "last turn"),
    ("text = '(?i)WHERE', role = 'last_user'", "text = 'WHERE', role = 'last_user'", "last turn"),
    ("text = 'brief', role = 'system'", "text = 'brief', role = 'assistant'", "assistant"),
    ("min_tokens = 100", "min_tokens = 101", "100 tokens"),
    ("max_tokens = 100", "max_tokens = 99", "100 tokens"),
    ("keys = ['key-1', 'x']", "keys = ['x']", "shop"),
    ("keys = ['shop']", "keys = ['Shop']", "shop"),
    ("rulesets = ['careful', 'x']", "rulesets = ['x']", "careful"),
    ("tags = { team = 'blue' }", "tags = { team = 'red' }", "blue"),
    ("tags = { team = '*' }", "tags = { app = '*' }", "no tag app"),
    ("needs = ['tools']", "needs = ['tools', 'images']", "images"),
    ("stream = false", "stream = true", "stream is false"),
    ("hours = '07:00-07:31'", "hours = '07:31-08:00'", "tue 07:30 UTC"),
    ("hours = '22:00-08:00'", "hours = '22:00-07:30'", "tue 07:30 UTC"),
    ("days = ['tue']", "days = ['mon', 'wed']", "tue 07:30 UTC"),
    ("hours = '08:00-09:00', time_zone = 'Europe/Berlin'", "hours = '08:00-09:00'", "tue 07:30"),
    ("hours = '22:00-08:00', days = ['mon']", "hours = '22:00-08:00', days = ['tue']", "tue 07:30"),
]


@pytest.mark.parametrize(("holds", "misses_", "reason"), CONDITIONS)
def test_a_condition_holds_or_says_why_not(holds: str, misses_: str, reason: str) -> None:
    assert first(one(holds), SUBJECT)
    [(_, told)] = misses(one(misses_), SUBJECT)
    assert reason in told


@pytest.mark.parametrize(
    ("kind", "fires"),
    [(Kind("code", 0.9), True), (Kind("code", 0.59), False), (Kind("math", 0.9), False), (Kind("code", 0.6), True)],
)
def test_a_task_counts_from_its_confidence_on(kind: Kind, *, fires: bool) -> None:
    subject = replace(SUBJECT, kind=lambda: kind)
    assert bool(first(one("task = ['code'], min_confidence = 0.6"), subject)) == fires


def test_the_task_is_asked_for_last() -> None:
    assert first(one("task = ['code'], stream = true"), SUBJECT) is None, "and `unasked` has not raised"


def test_the_developers_message_is_the_systems() -> None:
    subject = replace(SUBJECT, chat=chat(("developer", "Be brief.")))
    assert first(one("text = 'brief', role = 'system'"), subject)


THREE = """
[[rules]]
name = "long"
when.min_tokens = 1000
then.goal = "cost"

[[rules]]
name = "blue"
when.tags.team = "blue"
then.goal = "latency"

[[rules]]
name = "all"
then.goal = "reliability"
"""


def test_the_first_that_fires_is_the_only_one_and_the_order_is_the_files() -> None:
    told = [(rule.name, why) for rule, why in misses(rules(THREE), SUBJECT)]
    assert told == [("long", "the prompt has about 100 tokens"), ("blue", "")]
    assert [rule.name for rule in rules(THREE)] == ["long", "blue", "all"]


def test_a_rule_without_conditions_always_fires() -> None:
    assert first(rules('[[rules]]\nname = "all"\nthen.goal = "cost"'), SUBJECT)


def test_the_version_changes_with_the_text() -> None:
    assert rules(THREE).version == rules(THREE).version != rules(THREE + "#").version


def test_a_forbidden_name_is_forbidden_at_every_vendor() -> None:
    [rule] = rules('[[rules]]\nname = "x"\nthen = { forbid_models = ["beta"], forbid_vendors = ["alpha-vendor"] }')
    assert [rule.then.forbids(model.id, model.vendor.name) for model in MODELS] == [True, True, True]
    [rule] = rules('[[rules]]\nname = "x"\nthen.forbid_models = ["other/beta"]')
    assert [rule.then.forbids(model.id, model.vendor.name) for model in MODELS] == [False, False, True]


FAULTS: list[tuple[str, int, str]] = [
    ('name = "a"\nwhen.text = "("\nthen.goal = "cost"', 4, "when.text: is no regular expression of RE2's: missing )"),
    ('name = "a"\nthen.goal = "cost"\n[rules.when]\n# text = 1\ntext = "(a)\\\\1"', 7, "invalid escape sequence"),
    ('name = "a"\nwhen.text = "(?=a)"\nthen.goal = "cost"', 4, "invalid perl operator"),
    ('name = "a"\nwhen.text = "(a{1000}){1000}"\nthen.goal = "cost"', 4, "invalid repetition size"),
    ('name = "a"\nwhen.task = []\nthen.goal = "cost"', 4, "at least 1 item"),
    ('name = "a"\nwhen.hours = "7-8"\nthen.goal = "cost"', 4, "should match pattern"),
    ('name = "a"\nwhen.hours = "07:00-07:00"\nthen.goal = "cost"', 4, "different times"),
    ('name = "a"\nwhen = { days = ["mon"], time_zone = "Mars/Base" }\nthen.goal = "cost"', 4, "no time zone"),
    ('name = "a"\nwhen.role = "user"\nthen.goal = "cost"', 4, "'role' needs text beside it"),
    ('name = "a"\nwhen = { min_tokens = 9, max_tokens = 1 }\nthen.goal = "cost"', 4, "never fires"),
    ('name = "a"\nwhen.needs = ["telepathy"]\nthen.goal = "cost"', 4, "Input should be"),
    ('name = "a"\nwhen.colour = "red"\nthen.goal = "cost"', 4, "Unexpected keyword"),
    ('name = "a"', 2, "then: Field required"),
    ('name = "a"\nthen = {}', 4, "must do something"),
    ('name = "a"\nthen.goal = "fame"', 4, "then.goal"),
    ('name = "a"\nthen.models = ["alpha", "gamma"]', 4, "There is no model 'gamma'"),
    ('name = "a"\nthen.forbid_vendors = ["acme"]', 4, "there is no vendor 'acme'"),
    ('name = "a"\nthen.mode = "magic"', 4, "there is no mode 'magic'"),
    ('name = "a"\nthen.max_cost_usd = -1.0', 4, "greater than 0"),
    ('name = "a"\nthen.goal = cost', 4, "is not TOML"),
    ('name = "a"\nthen.goal = "cost', 4, "is not TOML"),
]


@pytest.mark.parametrize(("rule", "line", "told"), FAULTS)
def test_a_fault_is_refused_with_its_file_and_line(rule: str, line: int, told: str) -> None:
    with pytest.raises(BadRules) as caught:
        rules(f"# rules\n[[rules]]\n{rule}\n")
    assert str(caught.value).startswith(f"rules.toml:{line}: ")
    assert told in str(caught.value)


def test_a_fault_in_the_second_rule_has_the_second_rules_line() -> None:
    assert line_of(THREE, ("rules", 1, "when", "tags")) == 9
    assert line_of(THREE, ("rules", 2, "then", "goal")) == 14


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(BadRules) as caught:
        rules('[[rules]]\nname = "a"\nwhen.stream = "yes"\nthen.goal = "fame"')
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["3", "4"]


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(BadRules, match="the same name: all"):
        rules('[[rules]]\nname = "all"\nthen.goal = "cost"\n' * 2)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match=r"absent\.toml: cannot be read"):
        read(tmp_path / "absent.toml", CATALOG, MODES)


def test_a_pattern_that_would_take_another_engine_for_ever_is_harmless() -> None:
    subject = replace(SUBJECT, chat=chat(("user", "a" * 100_000 + "!")))
    assert first(one("text = '^(a+)+$'"), subject) is None


def test_text_that_is_no_unicode_does_not_break_a_rule() -> None:
    subject = replace(SUBJECT, chat=chat(("user", "\ud800 order")))
    assert first(one("text = 'order'"), subject)


def test_a_vendor_is_known_whether_or_not_it_has_a_key() -> None:
    keyless = replace(a_model(), vendor=Vendor("acme", "openai_chat", "http://acme.test"))
    told = '[[rules]]\nname = "x"\nthen.forbid_vendors = ["acme"]'
    assert list(parse(told, "rules.toml", knowing(keyless).catalog, MODES))
