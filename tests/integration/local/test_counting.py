"""From the request log through the stream, the poller and the real aggregator into the rollups, over ministack."""

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import batched
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from pydantic_core import from_json

from local.kept import KeptChild
from local.process import python
from local.stream_poller.__main__ import stream_arn, surroundings
from local.stream_poller.mapping import event_source
from local.stream_poller.poller import StreamPoller
from local.stream_poller.setting import poller_env
from local.synthetic import rows
from local.tables import TEMPLATE
from tests.fakes import FakeClock
from tests.unit.store.rollup_contract import TABLES, counted, expected
from turnout.core.records import Record
from turnout.store.dynamo import to_wire
from turnout.store.log import to_item
from turnout.store.rollups import DynamoRollups

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOG = "turnout-request-log"
SOURCE = replace(event_source(TEMPLATE), batch_size=10, window=0.0, retries=1)
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def stack(aws_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the aggregator."""
    for name, value in poller_env(aws_env).items():
        monkeypatch.setenv(name, value)


def write(dynamodb: "DynamoDBClient", records: Iterable[Record]) -> None:
    """Rows as the router writes them, several in a call."""
    for some in batched(records, 25, strict=False):
        puts: Any = [{"PutRequest": {"Item": to_wire(to_item(record, 90))}} for record in some]
        assert not dynamodb.batch_write_item(RequestItems={LOG: puts})["UnprocessedItems"]


def poller() -> StreamPoller:
    """One that was just started."""
    return StreamPoller(SOURCE, stream_arn(SOURCE), surroundings(SOURCE))


def rollups(dynamodb: "DynamoDBClient") -> DynamoRollups:
    return DynamoRollups(dynamodb, *TABLES, FakeClock())


def letters() -> list[dict[str, Any]]:
    """The dead letters."""
    sqs = cast("Any", boto3).client("sqs")
    queue = sqs.get_queue_url(QueueName="turnout-aggregator-dead-letters")["QueueUrl"]
    return [from_json(one["Body"]) for one in sqs.receive_message(QueueUrl=queue).get("Messages", ())]


def test_rows_are_counted_and_one_that_is_none_is_buried_with_its_reason_told(
    dynamodb: "DynamoDBClient", caplog: pytest.LogCaptureFixture
) -> None:
    some = list(rows(30, seed=3))
    write(dynamodb, some[:12])
    dynamodb.put_item(TableName=LOG, Item={"id": {"S": "no row"}, "day": {"S": "2027-01-15"}})
    write(dynamodb, some[12:])
    assert poller().turn() == 31
    assert counted(rollups(dynamodb)) == expected(some)
    [letter] = letters()
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 1
    lines = [vars(record) for record in caplog.records if "not counted" in record.message]
    told = {(line["sequence_number"], line["row"]) for line in lines}
    assert told == {(letter["DDBStreamBatchInfo"]["startSequenceNumber"], "no row")}
    assert "key_id: Field required" in lines[0]["reason"]


def test_a_poller_that_is_started_again_goes_on_where_it_was(dynamodb: "DynamoDBClient") -> None:
    some = list(rows(25, seed=5))
    write(dynamodb, some[:15])
    assert poller().turn() == 15
    write(dynamodb, some[15:])
    assert poller().turn() == 10
    assert counted(rollups(dynamodb)) == expected(some)


def test_changes_and_removals_of_rows_are_not_counted(dynamodb: "DynamoDBClient") -> None:
    some = list(rows(3, seed=6))
    write(dynamodb, some)
    write(dynamodb, [replace(some[0], task="another")])
    dynamodb.delete_item(TableName=LOG, Key={"id": {"S": some[1].id}})
    assert poller().turn() == 5
    assert counted(rollups(dynamodb)) == expected(some)


@pytest.mark.slow
def test_a_poller_that_is_killed_in_the_middle_loses_and_doubles_nothing(
    dynamodb: "DynamoDBClient", aws_env: dict[str, str]
) -> None:
    some = list(rows(400, seed=7))
    write(dynamodb, some)
    pids: list[int] = []
    with KeptChild("the poller", python("local.stream_poller"), poller_env(aws_env), pids.append) as kept:
        until(lambda: len(counted(rollups(dynamodb))) > 0)
        os.kill(kept.pid, signal.SIGKILL)
        until(lambda: len(pids) > 1)
        until(lambda: counted(rollups(dynamodb)) == expected(some))
    assert len(pids) == 2


def until(true: Any) -> None:
    """Wait for it."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
