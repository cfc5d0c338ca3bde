"""The budgets of tags, all in one item, which an instance reads every few seconds and never waits for when it is warm.

`month#team=search` is USD: one attribute a budget, so that two administrators never undo each other's changes.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from turnout.core.allowance import Budget, Period, TagBudget
from turnout.core.errors import InvalidRequest
from turnout.core.ports import Clock
from turnout.store.dynamo import StoreUnavailable, ask, from_wire, to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"pk": "budgets"}
MOST = 500
"""Budgets in all: they are read as one."""


class DynamoTagBudgets:
    """In the DynamoDB table named `table`; what was read counts for `cache_seconds`, and for longer in an outage."""

    def __init__(self, client: "DynamoDBClient", table: str, cache_seconds: float, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._known: tuple[TagBudget, ...] | None = None
        self._read_at = 0.0
        self._reading: asyncio.Task[None] | None = None

    async def all(self) -> tuple[TagBudget, ...]:
        """As they are now. Raises StoreUnavailable."""
        return await ask(self._read)

    async def of(self, tags: Mapping[str, str]) -> tuple[TagBudget, ...]:
        """Those of a request with these tags, as of seconds ago. Raises StoreUnavailable where nothing is known."""
        if not tags:
            return ()
        if self._known is None:
            self._keep(await self.all())
        elif self._clock.monotonic() - self._read_at >= self._cache_seconds and not self._reading:
            self._reading = asyncio.create_task(self._again())
        return tuple(one for one in self._known or () if tags.get(one.tag) == one.value)

    async def set(self, changed: TagBudget) -> None:
        """One budget for each tag, value and period. Raises InvalidRequest for too many, and StoreUnavailable."""
        others = {_name(one) for one in await self.all()} - {_name(changed)}
        if len(others) >= MOST:
            raise InvalidRequest(f"There are {MOST} budgets of tags, the most that there may be. Remove one first.")
        await ask(self._write, "SET #name = :usd", _name(changed), {":usd": changed.budget.usd})

    async def remove(self, tag: str, value: str, period: Period) -> bool:
        """Whether there was one. Raises StoreUnavailable."""
        return await ask(self._write, "REMOVE #name", f"{period}#{tag}={value}", {})

    async def _again(self) -> None:
        try:
            self._keep(await self.all())
        except StoreUnavailable:
            self._read_at = self._clock.monotonic()  # what was read last holds
        finally:
            self._reading = None

    def _keep(self, known: tuple[TagBudget, ...]) -> None:
        self._known, self._read_at = known, self._clock.monotonic()

    def _read(self) -> tuple[TagBudget, ...]:
        answer = self._client.get_item(TableName=self._table, Key=to_wire(KEY))
        return tuple(_budgets(from_wire(answer.get("Item", {}))))

    def _write(self, expression: str, name: str, values: Mapping[str, Any]) -> bool:
        """Whether the attribute was there before."""
        asked: dict[str, Any] = {"ExpressionAttributeValues": to_wire(values)} if values else {}
        answer = self._client.update_item(
            TableName=self._table,
            Key=to_wire(KEY),
            UpdateExpression=expression,
            ExpressionAttributeNames={"#name": name},
            ReturnValues="ALL_OLD",
            **asked,
        )
        return name in answer.get("Attributes", {})


def _name(one: TagBudget) -> str:
    return f"{one.budget.period}#{one.tag}={one.value}"


def _budgets(item: Mapping[str, Any]) -> Iterator[TagBudget]:
    for name, usd in sorted(item.items()):
        period, hash_sign, tag = name.partition("#")
        if hash_sign:
            key, _, value = tag.partition("=")
            yield TagBudget(key, value, Budget(usd, cast("Period", period)))
