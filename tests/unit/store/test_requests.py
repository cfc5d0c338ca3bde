import itertools
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from ulid import ULID

from tests.fakes import FakeClock
from tests.unit.store.aws import LOG_TABLE, Outage
from tests.unit.store.contracts import BARE
from turnout.core.records import Record
from turnout.core.search import Feedback, Page, Position, Search
from turnout.store import search as queries
from turnout.store.dynamo import StoreUnavailable, to_wire
from turnout.store.log import to_item
from turnout.store.requests import MOST_QUERIES, DynamoRequests

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
ALL = Search(NOW - 5 * DAY, NOW + 1)


def row(at: float, **changes: object) -> Record:
    """A row whose id was made a moment before."""
    made = ULID.from_timestamp(at - 0.25)
    return replace(BARE, id=str(made), at=at, **changes)  # pyright: ignore[reportArgumentType] - fields by name


ROWS = [
    row(NOW - hours * HOUR, key_id=f"key_{hours % 2}", outcome="ok" if hours % 3 else "error", model="m", vendor="v")
    for hours in range(0, 100, 5)
]
"""Newest first, over five days."""


@pytest.fixture
def requests(dynamodb: "DynamoDBClient") -> DynamoRequests:
    """A log with ROWS in it."""
    put(dynamodb, *ROWS)
    return DynamoRequests(dynamodb, LOG_TABLE, FakeClock(NOW))


def put(dynamodb: "DynamoDBClient", *rows: Record, retention_days: int = 90) -> None:
    for one in rows:
        dynamodb.put_item(TableName=LOG_TABLE, Item=to_wire(to_item(one, retention_days)))


def ids(page: Page) -> list[str]:
    return [found.record.id for found in page.rows]


async def all_ids(requests: DynamoRequests, search: Search, limit: int) -> list[str]:
    """Page after page, until there is none."""
    found: list[str] = []
    after: Position | None = None
    while True:
        page = await requests.page(search, limit, after)
        assert len(page.rows) <= limit
        found += ids(page)
        if not (after := page.next):
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 19, 20, 21, 100])
async def test_pages_of_any_size_give_every_row_once_newest_first(requests: DynamoRequests, limit: int) -> None:
    assert await all_ids(requests, ALL, limit) == [one.id for one in ROWS]


@pytest.mark.parametrize("examined", [1, 2, 3])
async def test_it_is_the_same_however_little_a_query_looks_at(
    requests: DynamoRequests, examined: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "EXAMINED", examined)
    search = replace(ALL, outcome="error")
    assert await all_ids(requests, search, 2) == [one.id for one in ROWS if one.outcome == "error"]


async def test_a_search_that_finds_little_stops_and_tells_where_to_go_on(
    requests: DynamoRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "EXAMINED", 1)
    monkeypatch.setattr("turnout.store.requests.MOST_QUERIES", 3)
    page = await requests.page(replace(ALL, key_id="nobody's"), 5)
    assert page.rows == []
    assert page.next
    assert await all_ids(requests, replace(ALL, key_id="nobody's"), 5) == []


async def test_a_long_search_over_empty_days_ends(requests: DynamoRequests) -> None:
    search = Search(NOW - 3 * MOST_QUERIES * DAY, NOW - 2 * MOST_QUERIES * DAY)
    assert await all_ids(requests, search, 5) == []


def having(**wanted: object) -> Sequence[str]:
    return [one.id for one in ROWS if all(getattr(one, name) == value for name, value in wanted.items())]


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        (replace(ALL, key_id="key_1"), having(key_id="key_1")),
        (replace(ALL, outcome="error", key_id="key_0"), having(outcome="error", key_id="key_0")),
        (replace(ALL, model="m"), having()),
        (replace(ALL, model="v/m"), having()),
        (replace(ALL, model="w/m"), []),
        (replace(ALL, model="other"), []),
        (Search(ROWS[9].at, ROWS[3].at), [one.id for one in ROWS[4:10]]),
        (Search(ROWS[0].at, ROWS[0].at + 0.001), [ROWS[0].id]),
    ],
)
async def test_a_search_finds_what_it_gives_and_no_other(
    requests: DynamoRequests, search: Search, expected: Sequence[str]
) -> None:
    assert await all_ids(requests, search, 3) == expected


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ((("team", "blue"),), True),
        ((("team", None),), True),
        ((("team", "blue"), ("a.b #:x", "1")), True),
        ((("team", "red"),), False),
        ((("team", "blue"), ("stage", None)), False),
    ],
)
async def test_rows_are_found_by_their_tags(
    dynamodb: "DynamoDBClient", tags: tuple[tuple[str, str | None], ...], *, found: bool
) -> None:
    put(dynamodb, row(NOW - 1, tags={"team": "blue", "a.b #:x": "1"}), row(NOW - 2, tags={}))
    page = await DynamoRequests(dynamodb, LOG_TABLE, FakeClock(NOW)).page(replace(ALL, tags=tags), 5)
    assert len(page.rows) == found


async def test_a_body_that_took_minutes_does_not_hide_its_row(dynamodb: "DynamoDBClient") -> None:
    slow = replace(row(NOW), id=str(ULID.from_timestamp(NOW - 800)))
    put(dynamodb, slow)
    page = await DynamoRequests(dynamodb, LOG_TABLE, FakeClock(NOW)).page(Search(NOW - 1, NOW + 1), 5)
    assert ids(page) == [slow.id]


@pytest.mark.parametrize("day", ["0000-00-00", "2027-01-15", "9999-99-99"])
async def test_a_position_that_somebody_made_up_leads_to_the_same_search(requests: DynamoRequests, day: str) -> None:
    page = await requests.page(replace(ALL, key_id="key_1"), 50, Position(day, "Z" * 26))
    assert set(ids(page)) <= set(having(key_id="key_1"))


async def test_what_has_expired_does_not_show(dynamodb: "DynamoDBClient") -> None:
    old = row(NOW - 2 * DAY)
    put(dynamodb, old, retention_days=1)
    requests = DynamoRequests(dynamodb, LOG_TABLE, FakeClock(NOW))
    assert await requests.find(old.id) is None
    assert ids(await requests.page(ALL, 5)) == []


async def test_a_row_is_found_by_its_id_with_its_feedback(dynamodb: "DynamoDBClient", requests: DynamoRequests) -> None:
    given = Feedback(Decimal("0.25"), "too long", NOW)
    kept = {":f": {"score": given.score, "comment": given.comment, "at": Decimal(str(given.at))}}
    dynamodb.update_item(
        TableName=LOG_TABLE,
        Key={"id": {"S": ROWS[0].id}},
        UpdateExpression="SET feedback = :f",
        ExpressionAttributeValues=to_wire(kept),
    )
    found = await requests.find(ROWS[0].id)
    assert found
    assert (found.record, found.feedback) == (ROWS[0], given)
    assert await requests.find("no such id") is None


def test_all_rows_of_a_period_are_read_whatever_their_ids(dynamodb: "DynamoDBClient", requests: DynamoRequests) -> None:
    odd = replace(BARE, id="not a ULID", at=NOW - DAY)
    put(dynamodb, odd)
    found = [one.record.id for one in requests.rows(NOW - 2 * DAY, NOW)]
    assert sorted(found) == sorted(["not a ULID", *(one.id for one in ROWS if NOW - 2 * DAY <= one.at < NOW)])


async def test_a_store_that_does_not_answer_is_an_error_of_its_own(
    dynamodb: "DynamoDBClient", requests: DynamoRequests
) -> None:
    for ask in (requests.find("1"), requests.page(ALL, 5)):
        with Outage(dynamodb), pytest.raises(StoreUnavailable):
            await ask


def test_every_day_of_a_search_is_asked_once() -> None:
    days = queries.days(ALL)
    assert days == sorted(set(days), reverse=True)
    assert all(older < newer for newer, older in itertools.pairwise(days))
