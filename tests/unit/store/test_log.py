import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.fakes import FakeRequestLog
from tests.unit.store.aws import LOG_TABLE, Answer, Outage, dynamo_log, refusal, silence
from tests.unit.store.contracts import BARE, FAILED_OVER, Log, RequestLogContract
from turnout.core.events import Usage
from turnout.core.records import Attempt, Decision, Drop, Features, Record
from turnout.store.dynamo import from_wire, to_wire
from turnout.store.log import UNSAVED, DynamoRequestLog, from_item, to_item, unsaved_line
from turnout.store.recovery import rows_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

counts = st.integers(0, 10**9)
outcomes = st.sampled_from(["ok", "error", "aborted", "skipped"])
usd = st.decimals(0, 10**6, places=12)
attempts = st.builds(
    Attempt,
    number=counts,
    started_ms=counts,
    outcome=outcomes,
    status=st.none() | st.integers(100, 599),
    latency_ms=counts,
    first_token_ms=st.none() | counts,
    usage=st.builds(Usage, counts, counts, counts, counts, counts, counts, st.sampled_from(["vendor", "estimated"])),
    cost_usd=usd,
)
floats = st.floats(allow_nan=False, allow_infinity=False)
features = st.builds(
    Features,
    day=st.dates().map(str),
    source=st.sampled_from(["auto", "rule", "list", "name"]),
    prompt_tokens=counts,
    confidence=st.none() | floats,
    max_cost_usd=st.none() | floats,
    max_latency_ms=st.none() | counts,
    needs=st.lists(st.text()).map(tuple),
    resting=st.lists(st.text()).map(tuple),
    explore=floats,
)
decisions = st.builds(
    Decision,
    features=features,
    seed=st.integers(0, 2**48),
    propensity=floats,
    scores=st.dictionaries(st.text(), floats),
    targets=st.lists(st.text()).map(tuple),
)
records = st.builds(
    Record,
    decision=st.none() | decisions,
    at=st.floats(1e9, 4e9),
    tags=st.dictionaries(st.text(), st.text()),
    candidates=st.lists(st.text()).map(tuple),
    dropped=st.lists(st.builds(Drop)).map(tuple),
    attempts=st.lists(attempts),
    outcome=outcomes,
    status=st.integers(0, 599),
    latency_ms=counts,
    first_token_ms=st.none() | counts,
)


class TestFake(RequestLogContract):
    @pytest.fixture
    def log(self) -> Log:
        fake = FakeRequestLog()
        return Log(fake, lambda: fake.rows)


class TestDynamo(RequestLogContract):
    @pytest.fixture
    def log(self, dynamodb: "DynamoDBClient") -> Log:
        return dynamo_log(dynamodb)


@given(records)
def test_every_row_survives_the_way_to_the_table_and_back(record: Record) -> None:
    assert from_item(from_wire(to_wire(to_item(record, 90)))) == record


@given(records)
def test_every_row_survives_the_way_through_a_log_viewer(record: Record) -> None:
    line = unsaved_line(record, OSError("no route"))
    assert line.isascii()
    assert "\n" not in line
    assert list(rows_in(f"2026-11-24T06:00:00Z [ERROR] {line}\t(1 of 1)\n")) == [record]


@given(records)
def test_an_item_costs_what_its_attempts_cost_to_the_last_digit(record: Record) -> None:
    item = from_wire(to_wire(to_item(record, 90)))
    assert item["cost_usd"] == sum(attempt["cost_usd"] for attempt in item["attempts"])


@pytest.mark.parametrize(
    ("at", "day", "expires_at"),
    [(0.0, "1970-01-01", 604_800), (86_399.999, "1970-01-01", 691_199), (86_400.0, "1970-01-02", 691_200)],
)
def test_a_row_belongs_to_its_utc_day_and_lives_for_the_days_of_retention(at: float, day: str, expires_at: int) -> None:
    item = to_item(replace(BARE, at=at), retention_days=7)
    assert (item["day"], item["expires_at"]) == (day, expires_at)


async def test_a_row_is_found_by_its_day(dynamodb: "DynamoDBClient") -> None:
    await dynamo_log(dynamodb).port.write(BARE)
    found = dynamodb.query(
        TableName=LOG_TABLE,
        IndexName="by_day",
        KeyConditionExpression="#day = :day",
        ExpressionAttributeNames={"#day": "day"},
        ExpressionAttributeValues={":day": {"S": "2027-01-15"}},
    )
    assert [from_item(from_wire(item)) for item in found["Items"]] == [BARE]


@pytest.mark.parametrize(
    ("answer", "calls", "reason"),
    [
        (refusal("ProvisionedThroughputExceededException"), 2, "ProvisionedThroughputExceeded"),
        (refusal("InternalServerError", 500), 2, "InternalServerError"),
        (refusal("AccessDeniedException"), 1, "AccessDenied"),
        (silence, 2, "ReadTimeoutError"),
    ],
)
async def test_a_refused_row_goes_to_the_log_after_few_tries(
    dynamodb: "DynamoDBClient", answer: Answer, calls: int, reason: str
) -> None:
    text = StringIO()
    with Outage(dynamodb, answer) as outage:
        await DynamoRequestLog(dynamodb, LOG_TABLE, 90, text).write(FAILED_OVER)
    assert outage.calls == calls
    assert list(rows_in(text.getvalue())) == [FAILED_OVER]
    assert reason in json.loads(text.getvalue())["error"]


@pytest.mark.parametrize("cost", [Decimal("NaN"), Decimal(1) / Decimal(3) + 10**12 * Decimal("1e-50")])
async def test_a_row_that_cannot_be_stored_at_all_raises_nothing_and_is_not_lost(
    dynamodb: "DynamoDBClient", cost: Decimal
) -> None:
    text = StringIO()
    broken = replace(
        FAILED_OVER, tags={"half a character": "\ud800"}, attempts=[Attempt("a", "b", 1, 0, cost_usd=cost)]
    )
    await DynamoRequestLog(dynamodb, LOG_TABLE, 90, text).write(broken)
    assert json.loads(text.getvalue())["row"]["id"] == FAILED_OVER.id


async def test_a_caller_who_is_cancelled_loses_no_row(dynamodb: "DynamoDBClient") -> None:
    text = StringIO()
    with Outage(dynamodb):
        writing = asyncio.create_task(DynamoRequestLog(dynamodb, LOG_TABLE, 90, text).write(BARE))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_default_executor()
    assert list(rows_in(text.getvalue())) == [BARE]


async def test_the_same_row_twice_is_one_row(dynamodb: "DynamoDBClient") -> None:
    log = dynamo_log(dynamodb)
    await log.port.write(BARE)
    await log.port.write(BARE)
    assert list(log.rows()) == [BARE]


@pytest.mark.parametrize("line", ["", "START RequestId: 1", '{"message": "hello"}'])
def test_other_lines_of_a_log_hold_no_row(line: str) -> None:
    assert list(rows_in(line)) == []


@pytest.mark.parametrize("cut", [len(UNSAVED) + 3, -1])
def test_a_cut_line_is_an_error(cut: int) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(rows_in(unsaved_line(BARE, OSError())[:cut]))


def test_an_item_that_is_no_row_is_an_error() -> None:
    with pytest.raises(ValidationError, match="requested"):
        from_item({"id": "1"})


async def test_a_row_whose_writing_is_cancelled_is_in_the_functions_log() -> None:
    class Hanging:
        async def put(self, **_: object) -> None:
            await asyncio.Event().wait()

    text = StringIO()
    log = DynamoRequestLog(cast("DynamoDBClient", Hanging()), LOG_TABLE, 90, text)
    writing = asyncio.create_task(log.write(BARE))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert list(rows_in(text.getvalue())) == [BARE]
