"""The request log: one item per request, and a line in the function's own log for a row that DynamoDB refused.

Such a line holds one JSON object, `{"turnout_unsaved_row": 1, "error": ..., "row": ...}`, anywhere in it; `row` has
the fields of `core.records.Record`, Decimals as text. `unsaved_row` reads it back, whatever a log viewer put around it.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO, cast

from pydantic import TypeAdapter

from turnout.core.records import Decision, Record
from turnout.store.dynamo import Item, putting, to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNSAVED = "turnout_unsaved_row"

_DAY = 86_400


class DynamoRequestLog:
    """A `core.ports.RequestLog` in the DynamoDB table named `table`; rows live for `retention_days`."""

    def __init__(
        self, client: "DynamoDBClient", table: str, retention_days: int, fallback: TextIO | None = None
    ) -> None:
        self._put = putting(client)
        self._table = table
        self._retention_days = retention_days
        self._fallback = fallback or sys.stdout  # on Lambda: the function's log

    async def write(self, record: Record) -> None:
        """Keep one row. Takes at most some nine seconds, when DynamoDB does not answer. Raises only what cancels it."""
        try:
            await self._put(TableName=self._table, Item=to_wire(to_item(record, self._retention_days)))
        except BaseException as error:  # whatever went wrong, the row is worth more than the reason
            self._fallback.write(unsaved_line(record, error) + "\n")
            self._fallback.flush()
            if not isinstance(error, Exception):
                raise


def to_item(record: Record, retention_days: int) -> Item:
    """The row as an item: all fields that are not None, its `day` (UTC, YYYY-MM-DD), `expires_at`, total `cost_usd`."""
    return _rows().dump_python(record, exclude_none=True) | {
        "at": Decimal(str(record.at)),
        "day": datetime.fromtimestamp(record.at, UTC).date().isoformat(),
        "expires_at": int(record.at) + retention_days * _DAY,
        "cost_usd": record.cost_usd,
        **_decision(record),
    }


def _decision(record: Record) -> Item:
    """Only what is not at its default: a decision has many fields, and of most requests few say anything."""
    if record.decision is None:
        return {}
    return {"decision": _exact(_decisions().dump_python(record.decision, exclude_defaults=True))}


def _exact(value: Any) -> Any:
    """Floats, which DynamoDB does not take, as what turns into the same floats: Decimals, or text beyond their range.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    match value:
        case float():
            number = Decimal(str(value))
            return number if not number or -130 <= number.adjusted() <= 125 else str(value)
        case dict():
            return {name: _exact(inner) for name, inner in cast("Item", value).items()}
        case _:
            return value


def from_item(item: Mapping[str, Any]) -> Record:
    """The row that `to_item` made an item of. Raises ValueError when it is not one."""
    return _rows().validate_python(item)


@cache
def _rows() -> TypeAdapter[Record]:
    # Made for the first row, when its answer is out, so that no client of a cold start waits for it.
    return TypeAdapter(Record)


@cache
def _decisions() -> TypeAdapter[Decision]:
    return TypeAdapter(Decision)


def unsaved_line(record: Record, error: BaseException) -> str:
    """The row as a line of log. Plain ASCII, so that no text in a row can break the writing of it."""
    reason = f"{type(error).__name__}: {error}"
    return json.dumps({UNSAVED: 1, "error": reason, "row": _rows().dump_python(record, exclude_none=True)}, default=str)


def row_at(line: str, start: int) -> tuple[Record, int]:
    """The row of the `unsaved_line` at `start` of a line of log and its end. Raises ValueError when it was cut."""
    found, end = json.JSONDecoder().raw_decode(line, start)
    return _rows().validate_python(found["row"]), end
