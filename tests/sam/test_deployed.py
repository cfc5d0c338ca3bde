"""The built application, deployed by `sam deploy` into an AWS on this machine that enforces the roles' policies.

Three things are taken out of the template first, which that AWS lacks: the streaming of routes (an answer comes in one
piece; `test_transform` looks at what is left out), alarms, and the rule of a bucket that it is reached over TLS alone.
Its Lambda starts `app.handler` itself, without the wrapper that `test_emulator` runs. All else is what `make deploy`
sends.
"""

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic_core import from_json

from local.vendors import vendors
from tests.functions.conftest import event
from tests.sam.conftest import Built
from tests.sam.deploy import Stack, deployed
from tests.sam.deploy_actions import Attempts, action
from tests.unit.test_template import RESOURCES
from turnout.clock import SystemClock
from turnout.core.ports import Key
from turnout.store.dynamo import from_wire
from turnout.store.keyring import DynamoKeyring

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def logs(function: str) -> set[str]:
    """What each function may do with its own log."""
    return {f"logs:CreateLogStream {function}", f"logs:PutLogEvents {function}"}


# All that each role may do. Whatever else is tried must be refused, so a policy that is widened fails here.
MAY: dict[str, set[str]] = {
    "RouterRole": TRACES
    | logs("Router")
    | {
        "dynamodb:PutItem RequestLog",
        "dynamodb:GetItem Keys",
        "dynamodb:Query Health",
        "dynamodb:GetItem Health",
        "dynamodb:PutItem Health",
        "dynamodb:UpdateItem Health",
        "dynamodb:GetItem Allowance",
        "dynamodb:UpdateItem Allowance",
        "dynamodb:GetItem Policies",
        "s3:PutObject contents/",
        "secretsmanager:GetSecretValue vendor-keys",
        "secretsmanager:GetSecretValue pepper",
    }
    | {
        f"bedrock:{name} {model}{kind}"
        for name in ("InvokeModel", "InvokeModelWithResponseStream")
        for model in ("nova-2-lite", "nova-pro", "llama-3.3-70b")
        for kind in ("", "/profile")
    },
    "AggregatorRole": TRACES
    | logs("Aggregator")
    | {
        "dynamodb:DescribeStream RequestLog",
        "dynamodb:GetShardIterator RequestLog",
        "dynamodb:GetRecords RequestLog",
        "dynamodb:ListStreams RequestLog",
        "dynamodb:PutItem Rollups",
        "dynamodb:UpdateItem Rollups",
        "dynamodb:PutItem Health",
        "dynamodb:UpdateItem Health",
        "sqs:SendMessage AggregatorDeadLetters",
    },
    "OptimizerRole": TRACES
    | logs("Optimizer")
    | {
        "dynamodb:Query Rollups",
        "dynamodb:GetItem Policies",
        "dynamodb:PutItem Policies",
        "dynamodb:UpdateItem Policies",
        "s3:GetObject reports/",
        "s3:ListBucket",
        "s3:PutObject reports/",
        "sqs:SendMessage OptimizerDeadLetters",
    },
    "ConsoleRole": TRACES
    | logs("Console")
    | {
        "dynamodb:GetItem RequestLog",
        "dynamodb:Query RequestLog/by_day",
        "dynamodb:UpdateItem RequestLog",
        "dynamodb:Query Rollups",
        "dynamodb:UpdateItem Rollups",
        "dynamodb:Query Health",
        "dynamodb:GetItem Keys",
        "dynamodb:PutItem Keys",
        "dynamodb:DeleteItem Keys",
        "dynamodb:Query Keys/by_kind",
        "dynamodb:GetItem Allowance",
        "dynamodb:UpdateItem Allowance",
        "secretsmanager:GetSecretValue pepper",
        "s3:GetObject contents/",
        "dynamodb:GetItem Policies",
        "dynamodb:PutItem Policies",
        "dynamodb:Query Policies",
        "dynamodb:UpdateItem Policies",
        "s3:GetObject reports/",
        "s3:ListBucket",
        "lambda:InvokeFunction Optimizer",
    },
    "OptimizerTimerRole": {
        "lambda:InvokeFunction Optimizer",
        "sqs:SendMessage OptimizerDeadLetters",
    },
}


@pytest.fixture(scope="module")
def stack(built: Built) -> Iterator[Stack]:
    """Ours, with simulated vendors."""
    with vendors({}, None, pace=1000.0) as simulated, deployed(built.folder, simulated.settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def attempts(stack: Stack) -> Attempts:
    """What is tried in each role."""
    return Attempts(stack)


def keyring(stack: Stack) -> DynamoKeyring:
    """The stack's keys, as `turnout --stack` manages them."""
    pepper = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["KeyPepperSecret"])["SecretString"]
    return DynamoKeyring(stack.client("dynamodb"), stack.outputs["KeysTable"], SystemClock(), pepper)


async def client(stack: Stack) -> openai.AsyncOpenAI:
    """A client with a key of its own."""
    secret, _ = await keyring(stack).create(Key("", "a client's"))
    return openai.AsyncOpenAI(base_url=stack.url, api_key=secret, timeout=60, max_retries=0)


async def chat(client: openai.AsyncOpenAI) -> str:
    """The id of a request that was answered."""
    answer = await client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "hello"}])
    assert answer.choices[0].message.content
    return (answer.model_extra or {})["turnout"]["request_id"]


def row(stack: Stack, request: str) -> dict[str, Any]:
    """The item of a request, as DynamoDB has it."""
    table = stack.outputs["RequestLogTable"]
    return stack.client("dynamodb").get_item(TableName=table, Key={"id": {"S": request}})["Item"]


async def test_a_request_is_answered_through_the_api_and_leaves_a_row(stack: Stack) -> None:
    record = from_wire(row(stack, await chat(await client(stack))))
    assert [attempt["outcome"] for attempt in record["attempts"]] == [record["outcome"]] == ["ok"]
    assert record["attempts"][0]["vendor"] == record["vendor"]


async def test_the_other_routes_of_the_router_answer_and_a_stream_comes_in_one_piece(stack: Stack) -> None:
    ours = await client(stack)
    assert "auto" in [model.id async for model in ours.models.list()]
    assert (await ours.models.retrieve("openai/gpt-5.2")).id == "openai/gpt-5.2"
    stream = await ours.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    assert [chunk async for chunk in stream][-1].choices[0].finish_reason == "stop"


async def test_the_console_tells_a_request_to_the_key_that_sent_it_and_to_no_other(stack: Stack) -> None:
    ours, others = await client(stack), await client(stack)
    request = await chat(ours)
    assert (await ours.get(f"/requests/{request}", cast_to=dict[str, Any]))["id"] == request
    with pytest.raises(openai.NotFoundError):
        await others.get(f"/requests/{request}", cast_to=dict[str, Any])


async def test_the_console_takes_feedback_and_answers_on_its_other_routes(stack: Stack) -> None:
    ours = await client(stack)
    request = await chat(ours)
    feedback = {"request_id": request, "thumbs": "up"}
    assert (await ours.post("/feedback", body=feedback, cast_to=dict[str, Any]))["score"] == 1
    listed = await ours.get("/requests", cast_to=dict[str, Any])
    assert [one["id"] for one in listed["data"]] == [request]
    for route in ("usage", "health"):
        assert (await ours.get(f"/{route}", cast_to=dict[str, Any]))["object"] == route


async def test_an_admin_key_makes_a_key_over_http_and_its_secret_works_until_it_is_deleted(stack: Stack) -> None:
    secret, _ = await keyring(stack).create(Key("", "an admin's", scopes=frozenset({"admin"})))
    admin = openai.AsyncOpenAI(base_url=stack.url, api_key=secret, timeout=60, max_retries=0)
    made = await admin.post("/keys", body={"name": "shop"}, cast_to=dict[str, Any])
    rotated = await admin.post(f"/keys/{made['id']}/rotate", cast_to=dict[str, Any])
    for one in (made["secret"], rotated["secret"]):
        assert await chat(admin.with_options(api_key=one))
    listed = await admin.get("/keys", cast_to=dict[str, Any])
    assert made["id"] in {key["id"] for key in listed["data"]}
    assert (await admin.delete(f"/keys/{made['id']}", cast_to=dict[str, Any]))["deleted"]
    with pytest.raises(openai.NotFoundError):
        await admin.get(f"/keys/{made['id']}", cast_to=dict[str, Any])


async def test_a_stranger_is_refused(stack: Stack) -> None:
    stranger = openai.AsyncOpenAI(base_url=stack.url, api_key=f"sk-turnout-{'x' * 43}", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        await chat(stranger)


async def test_the_aggregator_counts_the_row_of_a_request(stack: Stack) -> None:
    batch = event("aggregator.insert")
    batch["Records"][0]["dynamodb"]["NewImage"] = row(stack, await chat(await client(stack)))
    before = count(stack, "RollupsTable")
    assert stack.invoke(stack.outputs["AggregatorFunction"], batch) == {"batchItemFailures": []}
    assert count(stack, "RollupsTable") > before


def test_the_optimizer_writes_its_report(stack: Stack) -> None:
    answer = stack.invoke(stack.outputs["OptimizerFunction"], event("optimizer.schedule"))
    assert (answer["run"], answer["status"]) == ("2026-01-02-030000", "done")
    s3, bucket = stack.client("s3"), stack.outputs["ReportBucket"]
    page, json = (
        s3.get_object(Bucket=bucket, Key=f"reports/2026/01/02/2026-01-02-030000.{suffix}")["Body"].read()
        for suffix in ("html", "json")
    )
    assert page.startswith(b"<!doctype html>")
    assert from_json(json)["id"] == "2026-01-02-030000"


def test_the_administrator_may_do_all_that_is_tried(attempts: Attempts) -> None:
    assert attempts.done(None) == attempts.called


@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_what_it_needs_and_nothing_else(attempts: Attempts, role: str) -> None:
    assert MAY[role] <= attempts.all
    assert attempts.permitted(role) == MAY[role]


def test_all_that_the_template_grants_is_tried(attempts: Attempts) -> None:
    roles = {
        name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == "AWS::IAM::Role"
    }
    assert roles.keys() == MAY.keys()
    granted = {name for role in roles.values() for name in actions(role)}
    assert granted - {action(attempt) for attempt in attempts.all} == set()


def actions(role: dict[str, Any]) -> Iterator[str]:
    """What the policies of a role name."""
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            named: str | list[str] = statement["Action"]
            yield from [named] if isinstance(named, str) else named


def count(stack: Stack, table: str) -> int:
    """How many items a table has."""
    return stack.client("dynamodb").scan(TableName=stack.outputs[table], Select="COUNT")["Count"]
