"""A search of the request log as queries of its index by day.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ulid import ULID

from turnout.core.frozen import frozen
from turnout.core.search import Search
from turnout.store.dynamo import to_wire

EXAMINED = 500
"""Rows that one query looks at; it gives those that match."""
BODY_SECONDS = 900.0
"""By how much a request's id may be older than its `at`: the time that a client may take to send a body."""
SKEW_SECONDS = 60.0
"""By how much it may be younger: a clock that was set back in between."""

type Query = dict[str, Any]


@frozen
class Condition:
    """A part of an expression, with what stands for its values and names; `key`: of the index, else of the rest."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    key: bool = False


def query(conditions: Iterable[Condition]) -> Query:
    """What finds the rows under these conditions, newest first. At least one must be of the index, and one not."""
    of = {True: list[Condition](), False: list[Condition]()}
    for condition in conditions:
        of[condition.key].append(condition)
    both = of[True] + of[False]
    return {
        "IndexName": "by_day",
        "KeyConditionExpression": " AND ".join(condition.text for condition in of[True]),
        "FilterExpression": " AND ".join(condition.text for condition in of[False]),
        "ExpressionAttributeNames": {name: column for condition in both for name, column in condition.names.items()},
        "ExpressionAttributeValues": to_wire(
            {name: value for condition in both for name, value in condition.values.items()}
        ),
        "ScanIndexForward": False,
        "Limit": EXAMINED,
    }


def of_day(day: str) -> Condition:
    """Rows of a day, as `day_of` writes it."""
    return Condition("#day = :day", {":day": day}, {"#day": "day"}, key=True)


def about(search: Search) -> Condition:
    """The ids that rows of the search's time can have, so that less is looked at.

    An id is made when a request comes, and `at` is when its body is there: they differ by little, but they do.
    """
    first, last = _ids(search)
    return Condition("id BETWEEN :first AND :last", {":first": first, ":last": last}, key=True)


def lies_about(search: Search, request_id: str) -> bool:
    """Whether an id is one of those; a query cannot start from another one."""
    first, last = _ids(search)
    return first <= request_id <= last


def within(search: Search) -> Condition:
    """Rows of the search's time."""
    values = {":since": Decimal(str(search.since)), ":until": Decimal(str(search.until))}
    return Condition("#at >= :since AND #at < :until", values, {"#at": "at"})


def living(now: float) -> Condition:
    """Rows that have not expired; DynamoDB removes those that have within days."""
    return Condition("expires_at > :now", {":now": int(now)})


def matching(search: Search) -> Iterator[Condition]:
    """Rows with all that the search gives."""
    vendor, _, model = search.model.rpartition("/")
    wanted = {"key_id": search.key_id, "vendor": vendor, "model": model, "outcome": search.outcome}
    for column, value in wanted.items():
        if value:
            yield Condition(f"#{column} = :{column}", {f":{column}": value}, {f"#{column}": column})
    for number, (name, value) in enumerate(search.tags):
        path, names = f"tags.#tag{number}", {f"#tag{number}": name}
        if value is None:
            yield Condition(f"attribute_exists({path})", names=names)
        else:
            yield Condition(f"{path} = :tag{number}", {f":tag{number}": value}, names)


def day_of(at: float) -> str:
    """The day of a moment, in UTC: 2026-11-24."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def days(search: Search) -> list[str]:
    """All days that a search touches, newest first."""
    first, last = (date.fromisoformat(day_of(at)) for at in (search.since, search.until))
    return [(last - timedelta(days=back)).isoformat() for back in range((last - first).days + 1)]


def _ids(search: Search) -> tuple[str, str]:
    return _ulid(search.since - BODY_SECONDS, b"\x00"), _ulid(search.until + SKEW_SECONDS, b"\xff")


def _ulid(at: float, filler: bytes) -> str:
    """The first or the last id of a moment: https://github.com/ulid/spec."""
    return str(ULID.from_bytes(max(0, int(at * 1000)).to_bytes(6, "big") + filler * 10))
