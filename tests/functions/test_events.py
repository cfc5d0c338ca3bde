"""Each event under `events/` is answered by its function, over an AWS in memory and a vendor on loopback."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import boto3
import pytest
from pydantic_core import from_json, to_json

from local.simulators import Simulator
from tests.fakes import a_policy
from tests.functions.conftest import KEY, ROOT, SECRET, Load, create_secret, event
from turnout.clock import SystemClock
from turnout.config import BadConfig, Config
from turnout.policy.counting import start
from turnout.policy.rollup import Cell, Entry
from turnout.routing.choice_prior import table
from turnout.runtime.invocation import Context
from turnout.store.dynamo import StoreUnavailable, client
from turnout.store.policies import DynamoPolicies
from turnout.store.rollups import DynamoRollups
from turnout.store.sealed import unlocked

CONTEXT = Context("req-1", "arn:aws:lambda:us-east-1:012345678901:function:f", deadline_ms=4_000_000_000_000)
NAMES = sorted(path.stem for path in (ROOT / "events").glob("*.json"))


async def routed(load: Load, monkeypatch: pytest.MonkeyPatch, name: str) -> dict[str, Any]:
    """The router's answer to an event, with OpenAI simulated; every other vendor has no key."""
    async with Simulator("openai_chat") as vendor:
        monkeypatch.setenv("TURNOUT_BASE_URLS", to_json({"openai": vendor.base_url}).decode())
        monkeypatch.setenv("TURNOUT_VENDOR_KEYS_SECRET", SECRET)
        return await asyncio.to_thread(lambda: load("router").handler(event(name), CONTEXT))


async def test_the_router_answers_a_chat_with_a_key_from_the_secret(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await routed(load, monkeypatch, "router.chat")
    assert answer["statusCode"] == 200
    body = from_json(answer["body"])
    assert body["choices"][0]["message"]["content"]
    [row] = client().scan(TableName=os.environ["TURNOUT_REQUEST_LOG_TABLE"])["Items"]
    assert row["key_id"] == {"S": KEY.id}
    assert row["vendor"] == {"S": "openai"}


async def test_the_router_answers_a_streamed_chat_buffered_under_mangum(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await routed(load, monkeypatch, "router.stream")
    assert answer["headers"]["content-type"].startswith("text/event-stream")
    assert answer["body"].endswith("data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("router.models", "object", "list"),
        ("router.model", "id", "openai/gpt-5.2"),
        ("router.healthz", "status", "ok"),
        ("router.route", "object", "route"),
        ("router.compare", "object", "chat.completion"),
        ("router.blend", "object", "chat.completion"),
        ("router.judge", "object", "chat.completion"),
    ],
)
async def test_the_router_answers_its_other_routes(
    load: Load, monkeypatch: pytest.MonkeyPatch, name: str, field: str, value: str
) -> None:
    answer = await routed(load, monkeypatch, name)
    assert answer["statusCode"] == 200
    assert from_json(answer["body"])[field] == value


def test_the_aggregator_reads_a_row(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    assert load("aggregator").handler(event("aggregator.insert"), CONTEXT) == {"batchItemFailures": []}
    assert metrics(capsys) == {"RowsCounted": 1, "RowsRefused": 0}


def test_the_aggregator_reports_the_row_that_it_cannot_read_and_no_other(
    load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = event("aggregator.unreadable")
    [_, bad] = batch["Records"]
    answer = load("aggregator").handler(batch, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": bad["dynamodb"]["SequenceNumber"]}]}
    assert metrics(capsys) == {"RowsCounted": 1, "RowsRefused": 1}


def test_a_batch_of_nothing_but_bad_rows_is_reported_row_by_row(load: Load) -> None:
    batch = event("aggregator.unreadable")
    batch["Records"] = batch["Records"][1:]
    assert len(load("aggregator").handler(batch, CONTEXT)["batchItemFailures"]) == 1


def test_the_guard_is_idle_without_a_canary(load: Load) -> None:
    answer = load("optimizer").handler(event("optimizer.guard"), CONTEXT)
    assert answer == {"verdict": "idle", "why": "There is no canary.", "version": ""}


def test_the_guard_rolls_a_canary_back_that_fails(load: Load) -> None:
    app, clock, failed = load("optimizer"), SystemClock(), Cell("hour", "", "route", ("cost", "code", "p-1"))
    policies = DynamoPolicies(client(), os.environ["TURNOUT_POLICIES_TABLE"], clock)
    asyncio.run(policies.add(a_policy("p-1"), ""))
    asyncio.run(policies.canary("p-1", 0.5, ""))
    tables = os.environ["TURNOUT_ROLLUPS_TABLE"], os.environ["TURNOUT_HEALTH_TABLE"]
    rollups = DynamoRollups(client(), *tables, clock)
    assert app.handler(event("optimizer.guard"), CONTEXT)["verdict"] == "watch"
    failed = replace(failed, start=start("hour", clock.time()))
    well = replace(failed, values=("cost", "code", table().version))
    assert rollups.apply([Entry("1", {failed: {"rq": 99, "re": 99}, well: {"rq": 99, "rk": 99}})]) == {}
    answer = app.handler(event("optimizer.guard"), CONTEXT)
    assert (answer["verdict"], answer["version"]) == ("roll_back", "p-1")
    assert asyncio.run(policies.pointer()).canary == ""
    listed = asyncio.run(policies.listed("p-1"))
    assert listed
    assert "failed requests 100.00% against 0.00%" in listed.history[-1].why


def test_the_optimizer_keeps_its_report_once_for_each_scheduled_time(load: Load) -> None:
    app = load("optimizer")
    answer = app.handler(event("optimizer.schedule"), CONTEXT)
    assert (answer["run"], answer["status"], answer["message"]) == ("2026-01-02-030000", "done", "The policy stays.")
    s3 = boto3.client("s3")  # pyright: ignore[reportUnknownMemberType]
    key = "reports/2026/01/02/2026-01-02-030000.json"
    kept = s3.get_object(Bucket="turnout-report", Key=key)["Body"].read()
    assert from_json(kept)["totals"]["requests"] == 0
    assert app.handler(event("optimizer.schedule"), CONTEXT) == answer
    assert s3.get_object(Bucket="turnout-report", Key=key)["Body"].read() == kept


def test_where_s3_refuses_the_optimizer_says_so_and_applies_nothing(
    load: Load, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TURNOUT_REPORT_BUCKET", "nobodys")
    with pytest.raises(StoreUnavailable):
        load("optimizer").handler(event("optimizer.schedule"), CONTEXT)
    assert "nothing was applied" in caplog.text


def test_a_wrong_constraint_is_named(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNOUT_POLICY_CONSTRAINTS", '{"min_quality": 3}')
    with pytest.raises(BadConfig, match=r"TURNOUT_POLICY_CONSTRAINTS.*min_quality is 3"):
        load("optimizer").handler(event("optimizer.schedule"), CONTEXT)


@pytest.mark.parametrize("value", ["not json", '["a"]', '{"OPENAI_API_KEY": 1}', None], ids=str)
def test_a_secret_that_cannot_be_used_is_named_and_not_quoted(value: str | None) -> None:
    if value:
        create_secret("other", value)
    with pytest.raises(BadConfig, match="TURNOUT_VENDOR_KEYS_SECRET: the secret 'other'") as caught:
        unlocked(Config(vendor_keys_secret="other"))
    assert not value or value not in str(caught.value)


def test_a_key_in_the_environment_comes_before_the_secrets() -> None:
    config = unlocked(Config.from_env({"TURNOUT_VENDOR_KEYS_SECRET": SECRET, "OPENAI_API_KEY": "sk-mine"}))
    assert config.vendor_keys["OPENAI_API_KEY"].get_secret_value() == "sk-mine"


def test_the_pepper_is_read_from_its_secret_beside_the_vendors_keys() -> None:
    create_secret("pepper", "p" * 64)
    config = unlocked(Config(vendor_keys_secret=SECRET, key_pepper_secret="pepper"))
    assert config.key_pepper.get_secret_value() == "p" * 64
    assert config.vendor_keys["OPENAI_API_KEY"].get_secret_value() == "sk-of-the-vendor"


@pytest.mark.parametrize("text", ["too short", None], ids=str)
def test_a_pepper_that_is_none_is_named_and_not_quoted(text: str | None) -> None:
    if text:
        create_secret("pepper", text)
    with pytest.raises(BadConfig, match="TURNOUT_KEY_PEPPER_SECRET: the secret 'pepper'") as caught:
        unlocked(Config(key_pepper_secret="pepper"))
    assert not text or text not in str(caught.value)


def test_every_event_is_sent_by_a_test() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "tests/functions").glob("test_*.py"))
    assert [name for name in NAMES if f'"{name}"' not in sources] == []


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The metrics in the last line that was printed, in CloudWatch's embedded format."""
    line = from_json(capsys.readouterr().out.splitlines()[-1])
    [group] = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]][0] for metric in group["Metrics"]}
