"""What the console does over a DynamoDB that answers many at once."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.aws import LOG_TABLE
from tests.unit.store.test_feedback import ROW, Box
from tests.unit.store.test_requests import ALL, NOW, ROWS, all_ids, put
from turnout.core.search import Feedback
from turnout.store.dynamo import StoreUnavailable
from turnout.store.requests import DynamoRequests

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.mark.parametrize("limit", [3, 100])
async def test_pages_give_every_row_once_newest_first(dynamodb: "DynamoDBClient", limit: int) -> None:
    put(dynamodb, *ROWS)
    requests = DynamoRequests(dynamodb, LOG_TABLE, FakeClock(NOW))
    assert await all_ids(requests, ALL, limit) == [row.id for row in ROWS]
    failed = replace(ALL, outcome="error")
    assert await all_ids(requests, failed, limit) == [row.id for row in ROWS if row.outcome == "error"]


async def test_of_many_feedbacks_at_once_one_is_kept_and_that_one_is_counted(dynamodb: "DynamoDBClient") -> None:
    box = Box(dynamodb, lambda seconds: None)
    scores = [f"0.{digit}" for digit in range(1, 9)]
    given = await asyncio.gather(*map(box.give, scores), return_exceptions=True)
    assert all(isinstance(outcome, Feedback | StoreUnavailable) for outcome in given)
    row = await box.requests.find(ROW.id)
    assert row
    assert row.feedback
    assert row.feedback.score in map(Decimal, scores)
    assert box.sums() == {(1, row.feedback.score)}
