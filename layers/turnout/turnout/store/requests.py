"""The request log, read: one row by its id, pages of a search, and all rows of a period."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from ulid import ULID

from turnout.core.ports import Clock
from turnout.core.search import Feedback, Logged, Page, Position, Search
from turnout.store.dynamo import Item, ask, from_wire, to_wire
from turnout.store.log import from_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EXAMINED = 500
"""Rows that one query looks at; it gives those that match."""
MOST_QUERIES = 20
"""Queries for one page: a search that matches little gives a short page, and where to go on, before anybody waits long."""
BODY_SECONDS = 900.0
"""By how much a request's id may be older than its `at`: the time that a client may take to send a body."""
SKEW_SECONDS = 60.0
"""By how much it may be younger: a clock that was set back in between."""

_FEEDBACK = TypeAdapter(Feedback)

type Query = dict[str, Any]


class DynamoRequests:
    """The log in the DynamoDB table named `table`. What has expired and is not yet removed does not show."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def find(self, request_id: str) -> Logged | None:
        """The row of one request. Raises StoreUnavailable."""
        return await ask(self._find, request_id)

    async def page(self, search: Search, limit: int, after: Position | None = None) -> Page:
        """Up to `limit` rows behind `after`, newest first. Raises StoreUnavailable."""
        return await ask(self._page, search, limit, after)

    def rows(self, since: float, until: float) -> Iterator[Logged]:
        """All rows of [since, until), day by day; memory does not grow with their number. Raises botocore's errors."""
        search = Search(since, until)
        for day in reversed(list(_days(search))):
            for answer in self._answers(search, day):
                yield from answer.rows

    def _find(self, request_id: str) -> Logged | None:
        answer = self._client.get_item(TableName=self._table, Key=to_wire({"id": request_id}))
        item = from_wire(answer.get("Item", {}))
        return logged(item) if item and item["expires_at"] > self._clock.time() else None

    def _page(self, search: Search, limit: int, after: Position | None) -> Page:
        rows: list[Logged] = []
        for number, answer in enumerate(self._behind(search, after), start=1):
            rows += answer.rows
            if len(rows) > limit or (len(rows) == limit and answer.next):
                return Page(rows[:limit], _position(rows[limit - 1]))
            if number == MOST_QUERIES:
                return Page(rows, answer.next)
        return Page(rows, None)

    def _behind(self, search: Search, after: Position | None) -> Iterator[Page]:
        """What each query behind a position gives, from the newest day to the oldest."""
        days = [day for day in _days(search) if not after or day <= after.day]
        for day, older in zip(days, [*days[1:], ""], strict=True):
            begun = after if after and after.day == day else None
            for answer in self._answers(search, day, begun):
                yield Page(answer.rows, answer.next or (Position(older, "") if older else None))

    def _answers(self, search: Search, day: str, begun: Position | None = None) -> Iterator[Page]:
        query = {"TableName": self._table, **_query(search, day, self._clock.time()), **_start(begun)}
        while True:
            answer = self._client.query(**query)
            last = answer.get("LastEvaluatedKey")
            rows = [logged(from_wire(item)) for item in answer["Items"]]
            yield Page(rows, Position(day, from_wire(last)["id"]) if last else None)
            if not last:
                return
            query["ExclusiveStartKey"] = last


def logged(item: Mapping[str, Any]) -> Logged:
    """The row and the feedback that an item of the log holds. Raises ValueError when it is none."""
    feedback = item.get("feedback")
    return Logged(from_item(item), _FEEDBACK.validate_python(feedback) if feedback else None)


def _position(row: Logged) -> Position:
    return Position(_day(row.record.at), row.record.id)


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _days(search: Search) -> Iterator[str]:
    """The days of a search, newest first."""
    first, last = (date.fromisoformat(_day(at)) for at in (search.since, search.until))
    for back in range((last - first).days + 1):
        yield (last - timedelta(days=back)).isoformat()


def _start(begun: Position | None) -> Query:
    return {"ExclusiveStartKey": to_wire({"day": begun.day, "id": begun.id})} if begun and begun.id else {}


def _query(search: Search, day: str, now: float) -> Query:
    """The rows of one day that match."""
    conditions = list(_conditions(search, now))
    names = {name: field for condition in conditions for name, field in condition.names.items()}
    values = {name: value for condition in conditions for name, value in condition.values.items()}
    return {
        "IndexName": "by_day",
        "KeyConditionExpression": "#day = :day AND id BETWEEN :first AND :last",
        "FilterExpression": " AND ".join(condition.text for condition in conditions),
        "ExpressionAttributeNames": {"#day": "day", **names},
        "ExpressionAttributeValues": to_wire(
            {
                ":day": day,
                ":first": _ulid(search.since - BODY_SECONDS, b"\x00"),
                ":last": _ulid(search.until + SKEW_SECONDS, b"\xff"),
                **values,
            }
        ),
        "ScanIndexForward": False,
        "Limit": EXAMINED,
    }


def _ulid(at: float, filler: bytes) -> str:
    """The first or the last id of a moment: https://github.com/ulid/spec."""
    return str(ULID.from_bytes(max(0, int(at * 1000)).to_bytes(6, "big") + filler * 10))
