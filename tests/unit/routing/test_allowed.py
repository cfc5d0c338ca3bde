"""What a key may ask: what is not on its lists is refused where it is named, and dropped where it is not."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import a_model, knowing
from turnout.core.chat import Chat, Goal, Message, Options, Request, Text
from turnout.core.errors import Forbidden, NoEligibleModel, UnknownModel
from turnout.core.ports import Key
from turnout.core.records import Record
from turnout.routing.decision import Asked, Knowledge
from turnout.routing.plan import Plan, make_plan
from turnout.routing.replay import replay
from turnout.routing.rules_file import parse

ALPHA, BETA = a_model("alpha", auto=1), a_model("beta", auto=2)
TWIN = a_model("beta", vendor="other", auto=3)
APART = a_model("apart", vendor="other")
KNOWN = knowing(ALPHA, BETA, TWIN, APART)
CHAT = Chat((Message("user", (Text("hello"),)),))
NOT_ALLOWED = "this key may not use it"


def plan(key: Key, model: str = "auto", known: Knowledge = KNOWN, **options: Any) -> Plan:
    return make_plan(Asked(Request(CHAT, model, Options(**options)), key, 1_800_000_000.0), known, "01J")


def only(*models: str, vendors: tuple[str, ...] = (), goal: Goal | None = None) -> Key:
    return Key("key-1", models=models, vendors=vendors, goal=goal)


def ruled(then: str, when: str = "") -> Knowledge:
    text = f'[[rules]]\nname = "it"\n{when}\n{then}'
    return replace(KNOWN, rules=parse(text, "rules.toml", KNOWN.catalog, ("failover",)))


def ids(made: Plan) -> set[str]:
    return {model.id for model in made.targets}


@pytest.mark.parametrize(
    ("key", "targets"),
    [
        (only(), {ALPHA.id, BETA.id, TWIN.id}),
        (only("beta"), {BETA.id, TWIN.id}),
        (only("other/beta"), {TWIN.id}),
        (only("alpha", "gone-from-the-catalog"), {ALPHA.id}),
        (only(vendors=("other",)), {TWIN.id}),
        (only("beta", vendors=("other",)), {TWIN.id}),
    ],
    ids=["no list", "a name", "one vendor's", "one is gone", "a vendor", "both"],
)
def test_auto_chooses_among_what_the_key_may_ask_and_says_what_it_left_out(key: Key, targets: set[str]) -> None:
    made = plan(key)
    assert ids(made) == targets
    left_out = {model.id for model in (ALPHA, BETA, TWIN)} - targets
    assert {drop.model: drop.reason for drop in made.dropped} == dict.fromkeys(left_out, NOT_ALLOWED)


def test_auto_takes_all_that_the_key_may_ask_where_none_of_it_is_in_the_default_chain() -> None:
    assert ids(plan(only("apart"))) == {APART.id}


def test_a_key_that_may_ask_nobody_any_more_is_told_so() -> None:
    with pytest.raises(NoEligibleModel, match=f"{ALPHA.id}: {NOT_ALLOWED}"):
        plan(only("gone-from-the-catalog")).checked()


@pytest.mark.parametrize(
    ("model", "options", "param"),
    [
        ("alpha", {}, "model"),
        ("auto", {"models": ("beta", "alpha")}, "turnout.models"),
        ("beta", {"fallbacks": ("alpha",)}, "turnout.fallbacks"),
    ],
)
def test_a_model_that_is_named_and_not_allowed_is_refused(model: str, options: dict[str, Any], param: str) -> None:
    with pytest.raises(Forbidden, match=r"may not use 'alpha-vendor/alpha'.*the models beta") as caught:
        plan(only("beta"), model, **options)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (403, "model_not_allowed", param)


def test_a_model_that_nobody_has_is_unknown_and_not_forbidden() -> None:
    with pytest.raises(UnknownModel):
        plan(only("beta"), "nobodys")


def test_a_name_leads_to_the_vendor_that_the_key_may_ask() -> None:
    assert ids(plan(only(vendors=("other",)), "beta")) == {TWIN.id}
    assert ids(plan(only(), "beta")) == {BETA.id}


def test_a_rule_leads_to_what_the_key_may_ask_and_to_nothing_else() -> None:
    known = ruled('then.models = ["alpha", "beta"]')
    made = plan(only(vendors=("other",)), known=known)
    assert ids(made) == {TWIN.id}
    assert [(drop.model, drop.reason) for drop in made.dropped] == [(ALPHA.id, NOT_ALLOWED)]


def test_a_decision_under_a_list_comes_out_again_without_the_key() -> None:
    record = Record("01J", 1_800_000_000.0, "key-1", "auto", stream=False)
    plan(only("beta")).note(record)
    again = replay(record, KNOWN)
    assert (again.changed, again.differs) == ((), ())
    assert again.plan.dropped == record.dropped


@pytest.mark.parametrize(
    ("asked", "by_rule", "of_key", "goal"),
    [
        ("cost", "latency", "reliability", "cost"),
        (None, "latency", "reliability", "latency"),
        (None, None, "reliability", "reliability"),
        (None, None, None, "balanced"),
    ],
)
def test_the_goal_is_the_clients_then_the_rules_then_the_keys(
    asked: Goal | None, by_rule: Goal | None, of_key: Goal | None, goal: Goal
) -> None:
    known = ruled(f'then.goal = "{by_rule}"') if by_rule else KNOWN
    assert plan(only(goal=of_key), known=known, goal=asked).features.goal == goal


def test_the_rules_of_a_set_are_tried_for_the_keys_that_name_it() -> None:
    known = ruled('then.goal = "cost"', 'when.rulesets = ["thrifty"]')
    goals = [plan(Key("key-1", ruleset=name), known=known).features.goal for name in ("", "thrifty", "lavish")]
    assert goals == ["balanced", "cost", "balanced"]
    assert known.rules.rulesets == {"thrifty"}
