"""Health in DynamoDB: the last minutes that the aggregator counted, and who may probe an open circuit.

    pk circuit   sk openai or openai/gpt-5.2   probed, recovered (epoch seconds), expires_at

The right to a probe is a conditional write that succeeds for one instance in each interval. What was read is kept in
memory and read again in the background once it is older than REFRESH_SECONDS and somebody asks.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from turnout.core.ports import Clock, Standing
from turnout.policy.rollup import Cell, Counts
from turnout.store import cells
from turnout.store.dynamo import Item, StoreUnavailable, ask, from_wire, to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REFRESH_SECONDS = 5.0
GIVEN_UP_AFTER = 30.0
"""Seconds after which a refresh counts as lost: an environment may have been frozen in the middle of it."""
LIFETIME = 3_600
"""Seconds for which it is remembered when a target was probed or recovered."""

_UNKNOWN = Standing()
_MINUTE = 60.0


class DynamoHealth:
    """A `core.ports.SharedHealth` in the DynamoDB table named `table`.

    `window` is for how many seconds attempts count, `interval` how long a right to probe holds. While DynamoDB does not
    answer, what was read last holds, and each instance has the right to probe.
    """

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock, window: float, interval: float) -> None:
        self._client, self._table, self._clock = client, table, clock
        self._window, self._interval = window, interval
        self._known: Mapping[str, Standing] = {}
        self._won: dict[str, float] = {}
        self._claiming: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._begun = self._read_at = float("-inf")

    def refresh(self) -> None:
        """Read again in the background, unless that was done lately or is under way. Needs a running event loop."""
        now = self._clock.monotonic()
        if now - self._read_at >= REFRESH_SECONDS and now - self._begun >= self._patience():
            self._begun = now
            self._beside(self._refresh())

    def standing(self, target: str) -> Standing:
        """From memory."""
        known, won = self._known.get(target, _UNKNOWN), self._won.get(target)
        if won is None or (known.probed is not None and known.probed > won):
            return known
        return replace(known, probed=won, ours=True)

    def claim(self, target: str) -> None:
        """Try to win the right to the next probe, unless that is under way."""
        if target not in self._claiming:
            self._claiming.add(target)
            self._beside(self._claim(target))

    def recovered(self, target: str) -> None:
        """Tell all that a probe went well."""
        now = self._clock.time()
        self._know(target, ok=0, failed=0, recovered=now)
        self._beside(self._tell(target, now))

    def read(self) -> dict[str, Standing]:
        """The standing of each model and vendor that was asked or probed lately. Raises botocore's errors."""
        now = self._clock.time()
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "circuit"}},
        )
        circuits = [from_wire(item) for page in pages for item in page["Items"]]
        minutes = cells.read(self._client, self._table, "health", "minute", now - self._window, now + 1)
        return standings(circuits, minutes)

    def _patience(self) -> float:
        return GIVEN_UP_AFTER if self._begun > self._read_at else REFRESH_SECONDS

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._tasks.discard)

    async def _refresh(self) -> None:
        try:
            self._known = await ask(self.read)
        except StoreUnavailable:
            pass  # what was read last holds
        finally:
            self._read_at = self._clock.monotonic()

    async def _claim(self, target: str) -> None:
        now = round(self._clock.time(), 3)  # as it is written
        try:
            other = await ask(self._take, target, now)
        except StoreUnavailable:
            other = None
        finally:
            self._claiming.discard(target)
        if other is None:
            self._won[target] = now
        else:
            self._know(target, probed=other)

    async def _tell(self, target: str, now: float) -> None:
        try:
            await ask(self._set, target, "recovered", now)
        except StoreUnavailable:
            return  # the others find out by a probe of their own

    def _know(self, target: str, **changes: Any) -> None:
        self._known = {**self._known, target: replace(self._known.get(target, _UNKNOWN), **changes)}

    def _take(self, target: str, now: float) -> float | None:
        """None when the right is ours; else when another instance won it."""
        try:
            self._set(target, "probed", now, only_before=now - self._interval)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return float(from_wire(cast("Any", error.response)["Item"])["probed"])
        return None

    def _set(self, target: str, name: str, now: float, only_before: float | None = None) -> None:
        condition: dict[str, Any] = {}
        values: Item = {":now": _number(now), ":expiry": int(now) + LIFETIME}
        if only_before is not None:
            values[":before"] = _number(only_before)
            condition = {
                "ConditionExpression": "attribute_not_exists(probed) OR probed <= :before",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        self._client.update_item(
            TableName=self._table,
            Key=to_wire({"pk": "circuit", "sk": target}),
            UpdateExpression=f"SET {name} = :now, expires_at = :expiry",
            ExpressionAttributeValues=to_wire(values),
            **condition,
        )


def standings(circuits: Iterable[Item], minutes: Iterable[tuple[Cell, Counts]]) -> dict[str, Standing]:
    """What the items say of each model and vendor. A minute counts if it began after the target had recovered."""
    known = {
        item["sk"]: Standing(probed=_seconds(item, "probed"), recovered=_seconds(item, "recovered"))
        for item in circuits
    }
    ok, failed = Counter[str](), Counter[str]()
    for cell, counts in minutes:
        model = cell["model"]
        for target, blame in ((model, "bm"), (model.partition("/")[0], "bv")):
            if _counts(cell, known.get(target, _UNKNOWN)):
                ok[target] += int(counts.get("ak", 0))
                failed[target] += int(counts.get(blame, 0))
    return {
        target: replace(known.get(target, _UNKNOWN), ok=ok[target], failed=failed[target])
        for target in known.keys() | ok.keys()
    }


def _counts(cell: Cell, standing: Standing) -> bool:
    begun = datetime.fromisoformat(cell.start).replace(tzinfo=UTC).timestamp()
    return standing.recovered is None or begun > standing.recovered


def _seconds(item: Item, name: str) -> float | None:
    return float(item[name]) if name in item else None


def _number(seconds: float) -> Decimal:
    return Decimal(f"{seconds:.3f}")
