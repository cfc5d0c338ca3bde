"""`turnout keys` and `--stack`: a secret is shown once and works at once, and a disabled key is refused."""

import asyncio
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from turnout.cli.__main__ import run
from turnout.cli.command import CannotDo
from turnout.cli.stack import stack_settings
from turnout.clock import SystemClock
from turnout.store.keys import DynamoKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "turnout-keys"
ENV = {"TURNOUT_KEYS_TABLE": TABLE}


def said(*arguments: str) -> list[str]:
    out = StringIO()
    assert run(["keys", *arguments], ENV, StringIO(), out) == 0
    return out.getvalue().splitlines()


async def test_a_key_that_was_made_works_until_it_is_disabled(dynamodb: "DynamoDBClient") -> None:
    key_id, secret, _ = await asyncio.to_thread(said, "create", "web", "--tag", "team=blue")
    keys = DynamoKeys(dynamodb, TABLE, 0.0, SystemClock())
    found = await keys.find(secret)
    assert found
    assert (found.id, found.name, found.tags) == (key_id, "web", {"team": "blue"})
    await asyncio.to_thread(said, "disable", key_id)
    assert await keys.find(secret) is None


def test_a_key_that_is_not_there_is_told(dynamodb: "DynamoDBClient") -> None:
    assert run(["keys", "disable", "key_x"], ENV, StringIO(), StringIO()) == (
        "turnout keys: There is no key 'key_x'. GET /v1/keys lists all."
    )


def test_a_tag_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["keys", "create", "web", "--tag", "blue"], ENV, StringIO(), StringIO())
    assert "NAME=VALUE" in capsys.readouterr().err


def test_more_exploration_than_is_safe_is_refused(dynamodb: "DynamoDBClient") -> None:
    told = run(["keys", "create", "web", "--explore", "0.5"], ENV, StringIO(), StringIO())
    assert "from 0 to 0.2" in str(told)


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
