"""`turnout rules test` and `turnout explain`: what they say of a prompt, a row, and a rule that is wrong."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic_core import to_json

from tests.unit.store.aws import LOG_TABLE
from turnout import bootstrap
from turnout.api.console.rows import request_detail
from turnout.catalog import BadCatalog
from turnout.cli.__main__ import run
from turnout.config import Config
from turnout.core.chat import Chat, Message, Options, Request, Text
from turnout.core.ports import Key
from turnout.core.records import Record
from turnout.core.search import Logged
from turnout.modes import MODES
from turnout.routing.decision import Asked
from turnout.routing.plan import make_plan
from turnout.routing.rules_file import BadRules, parse
from turnout.store.dynamo import to_wire
from turnout.store.log import to_item, unsaved_line

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROOT = Path(__file__).parents[3]
EXAMPLE = str(ROOT / "rules.example.toml")
ENV = {"TURNOUT_REQUEST_LOG_TABLE": LOG_TABLE}


def said(*arguments: str, env: dict[str, str] | None = None, stdin: str = "") -> tuple[int | str, str]:
    """The exit code or the last word, and what was said."""
    out = StringIO()
    return run(arguments, env or {}, StringIO(stdin), out), out.getvalue()


def trial(*arguments: str, stdin: str = "") -> str:
    code, out = said("rules", "test", *arguments, "--file", EXAMPLE, stdin=stdin)
    assert code == 0
    return out


def test_the_example_has_a_prompt_for_each_of_its_rules() -> None:
    fired = {
        "personal data stays in the region": trial("My IBAN is DE89"),
        "the free plan": trial("Hi", "--tag", "plan=free"),
        "nightly batch": trial("Hi", "--tag", "app=batch", "--at", "2026-11-24T22:30+01:00"),
        "autocomplete": trial("Hi", "--stream", "--key", "editor"),
        "hard code": trial("-", "--task", "code", stdin="def f(): return 1\n" * 500),
    }
    for name, out in fired.items():
        [line] = [line for line in out.splitlines() if "FIRES" in line]
        assert line.split(maxsplit=1)[1].startswith(name)


def test_it_says_what_came_of_the_rule_and_why_those_before_did_not_fire() -> None:
    out = trial("Hi", "--tag", "plan=free").splitlines()
    assert out[0].endswith("no: nothing that anybody says matches")
    assert "tags = {'plan': 'free'}; then goal = 'cost', max_cost_usd = 0.002" in out[1]
    assert {line.rpartition("  ")[2] for line in out[2:6]} == {"not reached"}
    assert out[6].startswith("so: auto:cost")
    assert "may cost" in "\n".join(out[8:])


def test_without_the_vendors_keys_the_targets_are_shown_all_the_same() -> None:
    out = trial("My IBAN is DE89").splitlines()
    assert "targets: bedrock/nova-pro, bedrock/nova-2-lite" in out


def test_where_no_rule_fires_it_says_so() -> None:
    assert "no rule fires" in trial("Hi").splitlines()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--tag", "plan", "--file", EXAMPLE], "NAME=VALUE"),
        (["--at", "noon", "--file", EXAMPLE], "2026-11-24T22:15"),
        (["--file", "absent.toml"], "absent.toml: cannot be read"),
        ([], "name a file with --file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], word: str) -> None:
    code, _ = said("rules", "test", "Hi", *arguments)
    assert isinstance(code, str)
    assert word in code
    assert "\n" not in code


def test_the_rules_of_the_configuration_are_used_and_a_wrong_one_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = tmp_path / "rules.toml"
    wrong.write_text('[[rules]]\nname = "x"\nwhen.text = "("\nthen.goal = "cost"\n')
    code, _ = said("rules", "test", "Hi", env={"TURNOUT_RULES_FILE": str(wrong)})
    assert str(code).startswith("turnout rules: rules.toml:3: ")
    with pytest.raises(BadRules):
        bootstrap.knowledge(Config(rules_file=wrong))


# --- explain ---


def row() -> Record:
    """The row of a request that was decided with the knowledge that is shipped."""
    known = bootstrap.knowledge(Config.from_env({"OPENAI_API_KEY": "x", "GEMINI_API_KEY": "x"}))
    request = Request(Chat((Message("user", (Text("hello"),)),)), "auto", Options(max_cost_usd=0.1))
    record = Record("01KE0000000000000000000000", 4e9, "key-1", "auto", stream=False)
    make_plan(Asked(request, Key("key-1", explore=0.2), 4e9), known, record.id).note(record)
    record.reason += "; after 1 failed attempt"
    return record


WRITTEN: dict[str, Callable[[Record], str]] = {
    "row": lambda record: to_json(record).decode(),
    "item": lambda record: to_json(to_item(record, 90)).decode(),
    "line of log": lambda record: unsaved_line(record, OSError("x")),
    "console": lambda record: to_json(request_detail(Logged(record))).decode(),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_record_in_a_file_comes_out_the_same_without_any_aws(form: str, tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    file.write_text(WRITTEN[form](row()))
    code, out = said("explain", "--file", str(file))
    assert (code, out.splitlines()[-1]) == (0, "the same as recorded")
    assert "reason: auto:balanced" in out
    assert "anthropic/claude-sonnet-4.5: no API key for anthropic" in out


def test_a_record_in_the_log_is_found_by_its_id(dynamodb: "DynamoDBClient") -> None:
    dynamodb.put_item(TableName=LOG_TABLE, Item=to_wire(to_item(row(), 90)))
    code, out = said("explain", row().id, env=ENV)
    assert (code, out.splitlines()[-1]) == (0, "the same as recorded")


def test_an_id_that_the_log_does_not_have_is_told(dynamodb: "DynamoDBClient") -> None:
    code, _ = said("explain", "01J", env=ENV)
    assert code == "turnout explain: the log has no request 01J; rows live for 90 days"


def test_a_record_that_was_tampered_with_does_not_come_out_the_same(tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    record = row()
    record.reason, record.candidates = "because", record.candidates[1:]
    file.write_text(to_json(record).decode())
    code, out = said("explain", "--file", str(file))
    assert (code, out.splitlines()[-1].partition(":")[0]) == (1, "NOT the same as recorded")


def test_a_record_of_other_rules_says_that_they_have_changed(tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    file.write_text(to_json(row()).decode())
    _, out = said("explain", "--file", str(file), env={"TURNOUT_RULES_FILE": EXAMPLE})
    assert "changed since: rules: none, now " in out


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"decision": 7}', '{"decision": {"basis": {}}}', "null"])
def test_a_file_that_holds_no_record_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "row.json"
    file.write_text(text)
    code, _ = said("explain", "--file", str(file))
    assert "holds no record of a request" in str(code)


def test_the_example_is_valid_for_the_catalog_that_is_shipped() -> None:
    try:
        catalog = bootstrap.catalog(Config())
    except BadCatalog as error:
        pytest.fail(str(error))
    assert len(list(parse(Path(EXAMPLE).read_text(), "rules.example.toml", catalog, MODES))) == 6
