"""The request log, read: one row by its id, pages of a search, and all rows of a period."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from turnout.core.ports import Clock
from turnout.core.search import Feedback, Logged, Page, Position, Search
from turnout.store.dynamo import ask, from_wire, to_wire
from turnout.store.log import from_item
from turnout.store.search import Query, about, day_of, days, lies_about, living, matching, of_day, query, within

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_QUERIES = 20
"""Queries for one page: a search that finds little gives a short page and where to go on, before anybody waits long."""

_FEEDBACK = TypeAdapter(Feedback)


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
        """All rows of [since, until), newest first, read as they are asked for. Raises botocore's errors."""
        search = Search(since, until)
        for day in days(search):
            for answer in self._answers(day, query([of_day(day), within(search)])):
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
        left = [day for day in days(search) if not after or day <= after.day]
        common = [about(search), within(search), living(self._clock.time()), *matching(search)]
        for day, older in zip_longest(left, left[1:], fillvalue=""):
            begun = _start(after, day) if after and lies_about(search, after.id) else {}
            for answer in self._answers(day, query([of_day(day), *common]) | begun):
                yield Page(answer.rows, answer.next or (Position(older, "") if older else None))

    def _answers(self, day: str, asked: Query) -> Iterator[Page]:
        """The pages that DynamoDB makes of one query."""
        while True:
            answer = self._client.query(TableName=self._table, **asked)
            last = answer.get("LastEvaluatedKey")
            rows = [logged(from_wire(item)) for item in answer["Items"]]
            yield Page(rows, Position(day, from_wire(last)["id"]) if last else None)
            if not last:
                return
            asked = asked | {"ExclusiveStartKey": last}


def logged(item: Mapping[str, Any]) -> Logged:
    """The row and the feedback that an item of the log holds. Raises ValueError when it is none."""
    feedback = item.get("feedback")
    return Logged(from_item(item), _FEEDBACK.validate_python(feedback) if feedback else None)


def _position(row: Logged) -> Position:
    return Position(day_of(row.record.at), row.record.id)


def _start(after: Position, day: str) -> Query:
    return {"ExclusiveStartKey": to_wire({"day": day, "id": after.id})} if after.day == day else {}
