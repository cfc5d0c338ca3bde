"""Changes of rows that were counted already: the row and what it adds to the rollups change together, or not at all.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from turnout.core.ports import Clock
from turnout.policy.rollup import Cell, Counts, merged
from turnout.store import cells
from turnout.store.cells import Wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIES = 6
BASE, LONGEST = 0.05, 2.0
"""Seconds: the pause before try n has full jitter up to BASE doubled n times, never more than LONGEST."""

_PASSING = frozenset({"None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class DynamoAmendments:
    """Changes of the rows in `log_table`, with `rollups_table` and, for cells by the minute, `health_table`."""

    def __init__(
        self,
        client: "DynamoDBClient",
        log_table: str,
        rollups_table: str,
        health_table: str,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._log_table, self._rollups_table, self._health_table = log_table, rollups_table, health_table
        self._clock = clock
        self._pause = pause

    def amend(self, request_id: str, update: Wire, change: Mapping[Cell, Counts], *, counted: bool = False) -> bool:
        """Update the row and add `change` to the rollups; False when the row is not as the update's condition wants it.

        Cells that have expired stay gone. `counted`: only if the row was counted before, lest it be counted later as it
        was. Raises botocore's errors; of them ClientError when a row has more tags than a transaction can change cells.
        """
        row = {"TableName": self._log_table, "Key": {"id": {"S": request_id}}, **update}
        checks = [{"ConditionCheck": _marked(self._rollups_table, request_id)}] if counted else []
        added = [
            {"Update": cells.addition(self._table_of(cell), cell, counts)}
            for cell, counts in change.items()
            if cells.expiry(cell) > self._clock.time()
        ]
        return self._commit([{"Update": row}, *checks, *added])

    def _table_of(self, cell: Cell) -> str:
        return self._health_table if cell.grain == "minute" else self._rollups_table

    def _commit(self, items: Sequence[Wire]) -> bool:
        for number in range(1, TRIES + 1):
            try:
                self._client.transact_write_items(TransactItems=cast("Any", items))
            except ClientError as error:
                codes = _codes(error)
                if "ConditionalCheckFailed" in codes:
                    return False
                if number == TRIES or not codes or not _PASSING.issuperset(codes):
                    raise
                self._pause(random.uniform(0, min(LONGEST, BASE * 2**number)))  # noqa: S311 - no secret
            else:
                return True
        raise AssertionError("the last try has returned or raised")


def difference(old: Mapping[Cell, Counts], new: Mapping[Cell, Counts]) -> dict[Cell, Counts]:
    """What must be added where `old` was counted so that `new` is; cells without a difference are left out."""
    changes = {cell: merged([new.get(cell, {}), _negated(old.get(cell, {}))]) for cell in old.keys() | new.keys()}
    return {cell: counts for cell, counts in changes.items() if counts}


def _marked(table: str, request_id: str) -> Wire:
    """The check that a row was counted."""
    item = cells.marker(table, request_id, now=0)["Item"]
    key = {name: item[name] for name in ("pk", "sk")}
    return {"TableName": table, "Key": key, "ConditionExpression": "attribute_exists(pk)"}


def _negated(counts: Counts) -> Counts:
    return {name: -number for name, number in counts.items()}


def _codes(error: ClientError) -> list[str]:
    answer: dict[str, Any] = dict(error.response)
    return [reason.get("Code", "None") for reason in answer.get("CancellationReasons", ())]
