"""Feedback and repricing change a row and its sums together, whatever happens in between."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from tests.fakes import FakeClock
from tests.unit.store.aws import LOG_TABLE, Outage, refusal
from tests.unit.store.contracts import FAILED_OVER
from tests.unit.store.rollup_contract import TABLES
from turnout.core.search import Feedback, Logged
from turnout.policy.rollup import Rollup, merged
from turnout.store.amendments import TRIES, DynamoAmendments
from turnout.store.cells import LIFETIMES
from turnout.store.dynamo import StoreUnavailable, to_wire
from turnout.store.feedback import DynamoFeedback
from turnout.store.log import to_item
from turnout.store.requests import DynamoRequests
from turnout.store.rollups import DynamoRollups

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ROW = replace(FAILED_OVER, id="01JDEYB9A0FEEDBACK00000000", attempts=[], at=1_800_000_000.0)
GRAINS = ("hour", "day")
DIMENSIONS = ("model", "route", "key")


class Box:
    """Feedback over a log with ROW in it, and the sums of all that was given."""

    def __init__(self, client: "DynamoDBClient", pause: Callable[[float], None]) -> None:
        self.clock = FakeClock(ROW.at + 60)
        self.requests = DynamoRequests(client, LOG_TABLE, self.clock)
        self.amendments = DynamoAmendments(client, LOG_TABLE, *TABLES, self.clock, pause)
        self.port = DynamoFeedback(self.requests, self.amendments, self.clock)
        self.rollups = DynamoRollups(client, *TABLES, self.clock)
        client.put_item(TableName=LOG_TABLE, Item=to_wire(to_item(ROW, 90)))

    async def give(self, score: str, comment: str = "", key: str = ROW.key_id, request_id: str = ROW.id) -> Any:
        return await self.port.give(request_id, key, Decimal(score), comment)

    def sums(self) -> set[tuple[int, Decimal]]:
        """Count and sum of the verdicts, which each dimension and grain must agree on."""
        found: set[tuple[int, Decimal]] = set()
        for dimension in DIMENSIONS:
            for grain in GRAINS:
                cells = self.rollups.read(dimension, grain, ROW.at - 86_400, ROW.at + 86_400)
                verdicts = Rollup(merged(counts for _, counts in cells)).verdicts("feedback")
                found.add((verdicts.count, verdicts.sum))
        return found


@pytest.fixture(name="pauses")
def the_pauses() -> list[float]:
    return []


@pytest.fixture(name="box")
def the_box(dynamodb: "DynamoDBClient", pauses: list[float]) -> Box:
    return Box(dynamodb, pauses.append)


async def test_feedback_is_kept_with_its_row_and_counted_once_in_each_dimension(box: Box) -> None:
    given = await box.give("0.75", "good")
    assert given == Feedback(Decimal("0.75"), "good", box.clock.now)
    row = await box.requests.find(ROW.id)
    assert row
    assert row.feedback == given
    assert box.sums() == {(1, Decimal("0.75"))}


async def test_the_same_feedback_again_changes_nothing(box: Box) -> None:
    first = await box.give("1", "good")
    box.clock.now += 30
    assert await box.give("1", "good") == first
    assert box.sums() == {(1, Decimal(1))}


async def test_a_later_feedback_replaces_the_one_before(box: Box) -> None:
    for score in ("1", "0", "0.5"):
        await box.give(score)
    assert box.sums() == {(1, Decimal("0.5"))}


async def test_only_the_comment_may_change(box: Box) -> None:
    await box.give("0.5", "hm")
    kept = await box.give("0.5", "on second thought")
    assert kept.comment == "on second thought"
    assert box.sums() == {(1, Decimal("0.5"))}


@pytest.mark.parametrize("other", [{"key": "key_2"}, {"request_id": "01JDEYB9A0UNKNOWN000000000"}])
async def test_there_is_no_feedback_on_what_the_key_has_not_asked(box: Box, other: dict[str, str]) -> None:
    assert await box.give("1", **other) is None
    assert box.sums() == {(0, Decimal(0))}


class Overtaken:
    """Reads rows, and lets others give feedback before who asked can."""

    def __init__(self, box: Box, *others: str) -> None:
        self.box, self.others = box, list(others)

    async def find(self, request_id: str) -> Logged | None:
        row = await self.box.requests.find(request_id)
        if self.others:
            await self.box.give(self.others.pop(0))
        return row


async def given_by_one_who_is_overtaken(box: Box, *others: str) -> Any:
    slow = DynamoFeedback(cast("DynamoRequests", Overtaken(box, *others)), box.amendments, box.clock)
    return await slow.give(ROW.id, ROW.key_id, Decimal("0.125"), "")


@pytest.mark.parametrize("others", [["1"], ["1", "0", "1"]])
async def test_feedback_that_is_overtaken_replaces_what_overtook_it(box: Box, others: list[str]) -> None:
    assert await given_by_one_who_is_overtaken(box, *others)
    assert box.sums() == {(1, Decimal("0.125"))}


async def test_feedback_that_is_overtaken_each_time_gives_up_and_is_not_counted(box: Box) -> None:
    with pytest.raises(StoreUnavailable):
        await given_by_one_who_is_overtaken(box, *["1", "0"] * 3)
    assert box.sums() == {(1, Decimal(1))}


async def test_feedback_on_a_row_whose_hour_is_gone_does_not_bring_it_back(box: Box) -> None:
    box.clock.now = ROW.at + LIFETIMES["hour"] + 3600
    await box.give("1")
    hours = list(box.rollups.read("model", "hour", ROW.at - 3600, ROW.at + 3600))
    days = list(box.rollups.read("model", "day", ROW.at - 3600, ROW.at + 3600))
    assert (len(hours), len(days)) == (0, 1)


async def test_feedback_that_cannot_be_kept_is_not_counted(dynamodb: "DynamoDBClient", box: Box) -> None:
    with Outage(dynamodb, refusal("InternalServerError", 500)), pytest.raises(StoreUnavailable):
        await box.give("1")
    assert box.sums() == {(0, Decimal(0))}


class Conflicting:
    """A client that says so often that others are at the same items."""

    def __init__(self, times: int, code: str = "TransactionConflict") -> None:
        self.left, self.code, self.sent = times, code, 0

    def transact_write_items(self, **_: Any) -> None:
        self.sent += 1
        if self.left:
            self.left -= 1
            reasons = [{"Code": "None"}, {"Code": self.code}]
            answer = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(cast("Any", answer), "TransactWriteItems")


def amendments(client: Conflicting, pauses: list[float]) -> DynamoAmendments:
    return DynamoAmendments(cast("DynamoDBClient", client), LOG_TABLE, *TABLES, FakeClock(), pauses.append)


def test_a_conflict_is_tried_again_after_a_pause(pauses: list[float]) -> None:
    client = Conflicting(TRIES - 1)
    assert amendments(client, pauses).amend(ROW.id, {}, {})
    assert (client.sent, len(pauses)) == (TRIES, TRIES - 1)


def test_it_is_not_tried_for_ever(pauses: list[float]) -> None:
    client = Conflicting(TRIES)
    with pytest.raises(ClientError):
        amendments(client, pauses).amend(ROW.id, {}, {})
    assert client.sent == TRIES


def test_what_will_not_pass_is_not_tried_again(pauses: list[float]) -> None:
    client = Conflicting(1, "ValidationError")
    with pytest.raises(ClientError):
        amendments(client, pauses).amend(ROW.id, {}, {})
    assert (client.sent, pauses) == (1, [])
