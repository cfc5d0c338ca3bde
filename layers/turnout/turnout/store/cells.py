"""Cells of rollups as items of DynamoDB.

    minutes in the health table:   pk health#2026-11-24T06   sk 2026-11-24T06:31["openai/gpt-5.2"]
    hours in the rollups table:    pk model#2026-11-24       sk 2026-11-24T06["openai/gpt-5.2","code","7"]
    days in the rollups table:     pk model#2026-11          sk 2026-11-24["openai/gpt-5.2","code","7"]
    markers in the rollups table:  pk counted#<marker>       sk -

One query reads an hour of minutes, a day of hours or a month of days. All other attributes are counts by the short
names of `policy.rollup`, and `expires_at` in epoch seconds, by which DynamoDB removes what is old.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import from_json, to_json

from turnout.policy.counting import start
from turnout.policy.rollup import Cell, Counts, Dimension, Grain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Wire = dict[str, Any]

HOUR, DAY = 3_600, 86_400
LIFETIMES: Mapping[Grain, int] = {"minute": HOUR, "hour": 35 * DAY, "day": 400 * DAY}
"""Seconds from the start of a period for which its cells are kept: days for a year and a month, to compare years."""
MARKER_LIFETIME = 16 * DAY
"""Longer than the stream's one day and the dead letters' 14 together: so late may a row come again."""

_PARTITION: Mapping[Grain, int] = {"minute": len("2026-11-24T06"), "hour": len("2026-11-24"), "day": len("2026-11")}
_GRAINS: Mapping[int, Grain] = {length: grain for grain, length in _PARTITION.items()}
_STEP: Mapping[Grain, int] = {"minute": HOUR, "hour": DAY, "day": DAY}
_NO_COUNTS = frozenset({"pk", "sk", "expires_at"})
_AFTER_ALL_VALUES = "~"  # they begin with "["


def key(cell: Cell) -> Wire:
    """The key of a cell's item."""
    pk = f"{cell.dimension}#{cell.start[: _PARTITION[cell.grain]]}"
    return {"pk": {"S": pk}, "sk": {"S": cell.start + to_json(cell.values).decode()}}


def expiry(cell: Cell) -> int:
    """When a cell goes, in epoch seconds: the same whenever and however often something is added to it."""
    return int(datetime.fromisoformat(cell.start).replace(tzinfo=UTC).timestamp()) + LIFETIMES[cell.grain]


def addition(table: str, cell: Cell, counts: Counts) -> Wire:
    """The `Update` that adds counts to a cell, whether it is there already or not."""
    values = {f":{name}": number(value) for name, value in counts.items()}
    added = ", ".join(f"{name} :{name}" for name in counts)
    return {
        "TableName": table,
        "Key": key(cell),
        "UpdateExpression": f"SET expires_at = :expiry ADD {added}",
        "ExpressionAttributeValues": {":expiry": number(expiry(cell)), **values},
    }


def marker(table: str, name: str, now: float) -> Wire:
    """The `Put` of a marker, which fails when it is there already."""
    item = {"pk": {"S": f"counted#{name}"}, "sk": {"S": "-"}, "expires_at": number(int(now) + MARKER_LIFETIME)}
    return {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}


def queries(dimension: Dimension, grain: Grain, since: float, until: float) -> Iterator[Wire]:
    """The key conditions that find all cells of the periods which have a part in [since, until), in order of time."""
    if until <= since:
        return
    first, last = start(grain, since), start(grain, until - 1e-3)
    steps = [since + _STEP[grain] * step for step in range(int((until - since) // _STEP[grain]) + 1)]
    periods = [*(start(grain, at) for at in steps), last]
    for partition in dict.fromkeys(period[: _PARTITION[grain]] for period in periods if period <= last):
        yield {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": f"{dimension}#{partition}"},
                ":first": {"S": first},
                ":last": {"S": last + _AFTER_ALL_VALUES},
            },
        }


def read(
    client: "DynamoDBClient", table: str, dimension: Dimension, grain: Grain, since: float, until: float
) -> Iterator[tuple[Cell, Counts]]:
    """All cells of the periods that have a part in [since, until), page by page. Raises botocore's errors."""
    for condition in queries(dimension, grain, since, until):
        for page in client.get_paginator("query").paginate(TableName=table, **condition):
            yield from map(from_item, page["Items"])


def from_item(item: Mapping[str, Any]) -> tuple[Cell, Counts]:
    """The cell and the counts that an item holds."""
    dimension, partition = item["pk"]["S"].split("#", 1)
    grain = _GRAINS[len(partition)]
    period, bracket, values = item["sk"]["S"].partition("[")
    cell = Cell(grain, period, cast("Dimension", dimension), tuple(from_json(bracket + values)))
    return cell, {name: _number(value["N"]) for name, value in item.items() if name not in _NO_COUNTS}


def number(value: int | Decimal) -> Wire:
    """A number as DynamoDB takes it, without an exponent."""
    return {"N": str(value) if isinstance(value, int) else f"{value:f}"}


def _number(text: str) -> int | Decimal:
    return int(text) if text.isdecimal() else Decimal(text)
