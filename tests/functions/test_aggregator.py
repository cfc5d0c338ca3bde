"""The aggregator as Lambda calls it: counts a batch once, names what it could not count, and says why."""

import os
from typing import Any

import pytest

from tests.functions.conftest import Load, event
from tests.unit.store.aws import Outage, refusal
from turnout.clock import SystemClock
from turnout.policy.rollup import Rollup, merged
from turnout.runtime.invocation import Context
from turnout.store.dynamo import client
from turnout.store.rollups import DynamoRollups

CONTEXT = Context("req-1", "arn:aws:lambda:us-east-1:012345678901:function:f", deadline_ms=4_000_000_000_000)
DAY = 1_767_225_600.0  # 2026-01-01, of the row in the event


def counted() -> Rollup:
    """What the day's rollups say of all keys."""
    names = os.environ["TURNOUT_ROLLUPS_TABLE"], os.environ["TURNOUT_HEALTH_TABLE"]
    rollups = DynamoRollups(client(), *names, SystemClock())
    return Rollup(merged(counts for _, counts in rollups.read("key", "day", DAY, DAY + 86_400)))


def reasons(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What the log tells of rows that were not counted."""
    return [vars(record) for record in caplog.records if "was not counted" in record.message]


def test_a_batch_that_comes_twice_counts_once(load: Load) -> None:
    handler = load("aggregator").handler
    batch = event("aggregator.insert")
    for _ in range(2):
        assert handler(batch, CONTEXT) == {"batchItemFailures": []}
    some = counted()
    assert (some.requests, some.whole("aq"), some.whole("ak")) == (1, 2, 1)
    attempts = batch["Records"][0]["dynamodb"]["NewImage"]["attempts"]["L"]
    assert str(some.cost_usd) == attempts[1]["M"]["cost_usd"]["N"]


def test_a_row_that_cannot_be_read_is_named_with_its_reason_and_the_others_count(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    batch = event("aggregator.unreadable")
    [_, bad] = batch["Records"]
    number = bad["dynamodb"]["SequenceNumber"]
    assert load("aggregator").handler(batch, CONTEXT) == {"batchItemFailures": [{"itemIdentifier": number}]}
    assert counted().requests == 1
    [line] = reasons(caplog)
    assert (line["sequence_number"], line["row"]) == (number, bad["dynamodb"]["Keys"]["id"]["S"])
    assert "Field required" in line["reason"]


@pytest.mark.parametrize("cost", ["0.0000000000000000000001"])
def test_a_row_that_cannot_be_summed_exactly_is_named_with_its_reason(
    load: Load, caplog: pytest.LogCaptureFixture, cost: str
) -> None:
    batch = event("aggregator.insert")
    batch["Records"][0]["dynamodb"]["NewImage"]["attempts"]["L"][1]["M"]["cost_usd"] = {"N": cost}
    assert len(load("aggregator").handler(batch, CONTEXT)["batchItemFailures"]) == 1
    assert "cost_usd" in reasons(caplog)[0]["reason"]


def test_while_dynamodb_refuses_all_rows_are_named_and_count_later(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    module = load("aggregator")
    batch = event("aggregator.insert")
    with Outage(module.rollups._client, refusal("AccessDeniedException")):
        assert len(module.handler(batch, CONTEXT)["batchItemFailures"]) == 1
    [line] = reasons(caplog)
    assert line["row"] == batch["Records"][0]["dynamodb"]["NewImage"]["id"]["S"]
    assert "AccessDeniedException" in line["reason"]
    assert module.handler(batch, CONTEXT) == {"batchItemFailures": []}
    assert counted().requests == 1
