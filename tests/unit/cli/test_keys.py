"""`turnout keys` and `--stack`: a secret is shown once and works at once, and what is said of a key is kept."""

import asyncio
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from pydantic_core import from_json

from turnout.cli.__main__ import run
from turnout.cli.command import CannotDo
from turnout.cli.stack import stack_settings
from turnout.clock import SystemClock
from turnout.core.ports import Key
from turnout.store.keys import DynamoKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "turnout-keys"
PEPPER = "the pepper of the command line's tests"
ENV = {"TURNOUT_KEYS_TABLE": TABLE, "TURNOUT_KEY_PEPPER": PEPPER}
EVERY_OPTION = (
    *("--tag", "team=blue", "--tag", "app=web", "--scope", "inference", "--scope", "read"),
    *("--model", "gpt-5.2", "--vendor", "openai", "--goal", "cost", "--ruleset", "careful", "--explore", "0.05"),
    *("--budget", "5/day", "--credits", "2500", "--requests-per-minute", "60", "--concurrent", "2", "--store-content"),
    *("--sample", "0.05:2", "--open-when-down", "--days", "30"),
)


def said(*arguments: str) -> list[str]:
    out = StringIO()
    assert run(["keys", *arguments], ENV, StringIO(), out) == 0
    return out.getvalue().splitlines()


def shown(key_id: str) -> dict[str, Any]:
    return from_json("\n".join(said("show", key_id)))


def refused(*arguments: str) -> str:
    told = run(["keys", *arguments], ENV, StringIO(), StringIO())
    assert isinstance(told, str)
    return told.removeprefix("turnout keys: ")


def found(dynamodb: "DynamoDBClient", secret: str) -> Key | None:
    """The key that a secret opens, by the product's own check."""
    return asyncio.run(DynamoKeys(dynamodb, TABLE, 0.0, SystemClock(), PEPPER).find(secret))


def test_a_key_that_was_made_works_while_it_is_enabled(dynamodb: "DynamoDBClient") -> None:
    key_id, secret, _ = said("create", "web", "--tag", "team=blue")
    key = found(dynamodb, secret)
    assert key
    assert (key.id, key.name, key.tags, key.scopes) == (key_id, "web", {"team": "blue"}, {"inference"})
    said("disable", key_id)
    assert found(dynamodb, secret) is None
    said("enable", key_id)
    assert found(dynamodb, secret) == key


def test_each_option_is_kept_and_shown(dynamodb: "DynamoDBClient") -> None:
    key_id, *_ = said("create", "web", *EVERY_OPTION)
    told = shown(key_id)
    assert told["tags"] == {"team": "blue", "app": "web"}
    assert (told["scopes"], told["models"], told["vendors"]) == (["inference", "read"], ["gpt-5.2"], ["openai"])
    assert (told["goal"], told["ruleset"], told["explore"]) == ("cost", "careful", 0.05)
    assert told["budgets"] == [
        {"usd": "5", "credits": "500", "period": "day"},
        {"usd": "25", "credits": "2500", "period": "total"},
    ]
    assert told["limits"] == {"requests_per_minute": 60, "tokens_per_minute": None, "concurrent": 2}
    assert told["privacy"] == {"store_content": True, "zero_retention": False}
    assert told["sampling"] == {"share": 0.05, "usd_per_day": "2"}
    assert (told["open_when_down"], told["disabled"], len(told["secrets"])) == (True, False, 1)
    assert told["expires_at"] > told["created_at"]


def test_a_change_replaces_what_is_given_and_clears_what_is_named(dynamodb: "DynamoDBClient") -> None:
    key_id, *_ = said("create", "web", *EVERY_OPTION)
    before = shown(key_id)
    said("change", key_id, "--name", "shop", "--goal", "latency", "--clear", "budgets", "--no-open-when-down")
    changes: dict[str, Any] = {"name": "shop", "goal": "latency", "budgets": [], "open_when_down": False}
    assert shown(key_id) == before | changes


def test_a_rotated_key_has_two_secrets_until_the_first_ends(dynamodb: "DynamoDBClient") -> None:
    key_id, old, _ = said("create", "web")
    _, new, *_ = said("rotate", key_id, "--overlap", "1")
    assert found(dynamodb, old) == found(dynamodb, new) is not None
    _, newest, *_ = said("rotate", key_id, "--overlap", "0")
    assert [found(dynamodb, secret) is not None for secret in (old, new, newest)] == [False, False, True]


def test_the_first_admin_key_is_made_once_and_the_way_out_is_named(dynamodb: "DynamoDBClient") -> None:
    _, secret, _ = said("bootstrap")
    key = found(dynamodb, secret)
    assert key
    assert key.may("admin")
    assert "'turnout keys create NAME --scope admin'" in refused("bootstrap")
    _, other, _ = said("create", "second", "--scope", "admin")
    assert (admin := found(dynamodb, other))
    assert admin.may("admin")


def test_keys_are_listed_with_their_state_and_a_deleted_one_is_not(dynamodb: "DynamoDBClient") -> None:
    web, *_ = said("create", "web")
    gone, *_ = said("create", "gone")
    said("disable", web)
    said("delete", gone)
    [line] = said("list")
    assert line.split() == [web, "disabled", "inference", "web"]
    assert refused("show", gone) == f"There is no key '{gone}'. GET /v1/keys lists all."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--explore", "0.5"), "'explore' must be at most 0.2."),
        (("--model", "gpt-9.9"), "'models[0]' is unknown. There is no model 'gpt-9.9'."),
        (("--vendor", "nobody"), "'vendors[0]' is unknown. There are: anthropic"),
        (("--budget", "much"), "'budgets[0].usd' must be a number."),
        (("--budget", "5/year"), "'budgets[0].period' must be 'day', 'month' or 'total'."),
        (("--store-content", "--zero-retention"), "'privacy' cannot be both"),
        (("--days", "0"), "--days: must be more than 0"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    dynamodb: "DynamoDBClient", options: tuple[str, ...], told: str
) -> None:
    assert refused("create", "web", *options).startswith(told)
    assert said("list") == []


def test_a_change_of_nothing_and_an_overlap_without_end_are_refused(dynamodb: "DynamoDBClient") -> None:
    key_id, *_ = said("create", "web")
    assert refused("change", key_id) == "The body must change something."
    assert refused("rotate", key_id, "--overlap", "1000") == "--overlap: must be from 0 to 720 hours"


def test_a_key_that_is_not_there_is_told(dynamodb: "DynamoDBClient") -> None:
    assert refused("disable", "key_x") == "There is no key 'key_x'. GET /v1/keys lists all."


@pytest.mark.parametrize(("option", "told"), [(("--tag", "blue"), "NAME=VALUE"), (("--sample", "0.1"), "SHARE:USD")])
def test_an_option_without_its_form_is_refused(
    capsys: pytest.CaptureFixture[str], option: tuple[str, ...], told: str
) -> None:
    with pytest.raises(SystemExit):
        run(["keys", "create", "web", *option], ENV, StringIO(), StringIO())
    assert told in capsys.readouterr().err


class FakeStacks:
    """CloudFormation with one stack."""

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if StackName != "mine":
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no such stack"}}, "DescribeStacks")
        outputs = {
            "KeysTable": "mine-keys-1",
            "ReportBucket": "mine-reports",
            "KeyPepperSecret": "arn:p",
            "BaseUrl": "https://a.test/v1",
        }
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}


def test_a_stack_names_its_tables_its_bucket_and_its_secret() -> None:
    assert stack_settings("mine", FakeStacks()) == {
        "TURNOUT_KEYS_TABLE": "mine-keys-1",
        "TURNOUT_REPORT_BUCKET": "mine-reports",
        "TURNOUT_KEY_PEPPER_SECRET": "arn:p",
    }


def test_a_stack_that_is_not_there_is_told() -> None:
    with pytest.raises(CannotDo, match="no stack 'other'"):
        stack_settings("other", FakeStacks())
