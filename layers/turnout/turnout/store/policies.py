"""The policy's versions in DynamoDB, and the pointer to those that decide.

    pk version   sk <version>   the policy, compressed: never written again
    pk history   sk <version>   what it says of itself, and each state that it entered, with time and reason
    pk pointer   sk -           the pointer, with its revision

A move is one transaction: the pointer, if its revision is still the one that was read, and the states with it.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import base64
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json, to_json

from turnout.core.errors import Conflict, UnknownPolicy
from turnout.core.outcomes import Expected, Outcomes, Row
from turnout.core.policies import Change, Listed, Pointer, Policy
from turnout.core.ports import Clock
from turnout.policy.versions import Move, activated, canaried, rolled_back
from turnout.store.dynamo import Item, ask, from_wire, to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_POINTER = {"pk": "pointer", "sk": "-"}
_LOST = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
"""Why a transaction was cancelled when somebody else was quicker."""


class DynamoPolicies:
    """A `core.ports.Policies` in the DynamoDB table named `table`. All of it may raise StoreUnavailable."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client, self._table, self._clock = client, table, clock

    async def add(self, policy: Policy, why: str) -> None:
        """See the port."""
        await ask(self._add, policy, why)

    async def find(self, version: str) -> Policy | None:
        """See the port."""
        item = await ask(self._get, {"pk": "version", "sk": version})
        return decoded(item["body"]) if item else None

    async def listed(self, version: str) -> Listed | None:
        """See the port."""
        return await ask(self._listed, version)

    async def list(self) -> Sequence[Listed]:
        """See the port."""
        return sorted(await ask(self._all), key=lambda one: (one.created_at, one.version), reverse=True)

    async def pointer(self) -> Pointer:
        """See the port."""
        return await ask(self._pointer)

    async def activate(self, version: str, why: str, revision: int | None = None) -> Pointer:
        """See the port."""
        return await ask(self._move, lambda pointer, now: activated(pointer, self._there(version), now), why, revision)

    async def canary(self, version: str, share: float, why: str, revision: int | None = None) -> Pointer:
        """See the port."""
        return await ask(
            self._move, lambda pointer, now: canaried(pointer, self._there(version), share, now), why, revision
        )

    async def rollback(self, why: str, revision: int | None = None) -> Pointer:
        """See the port."""
        return await ask(self._move, rolled_back, why, revision)

    def _add(self, policy: Policy, why: str) -> None:
        told = {name: getattr(policy, name) for name in ("created_at", "based_on", "report", "note")}
        begun = [_change(Change("recommended", self._clock.time(), why))]
        new = "attribute_not_exists(pk)"
        version = {"pk": "version", "sk": policy.version, "body": encoded(policy)}
        history = {"pk": "history", "sk": policy.version, "history": begun, **_exact(told)}
        puts = [{"Put": {"Item": to_wire(item), "ConditionExpression": new}} for item in (version, history)]
        self._transact(puts, f"There is a policy {policy.version} already, and a version never changes.")

    def _move(self, plan: Callable[[Pointer, float], Move], why: str, revision: int | None) -> Pointer:
        now, seen = self._clock.time(), self._pointer()
        told = f"Somebody else has moved the policy meanwhile. {_now(seen)} Look again, and repeat it if it still fits."
        if revision is not None and revision != seen.revision:
            raise Conflict(told, code="policy_moved")
        move = plan(seen, now)
        writes = [_pointing(move.pointer, seen.revision)]
        writes += [_entering(version, Change(state, now, why)) for version, state in move.states.items()]
        self._transact(writes, told)
        return move.pointer

    def _transact(self, writes: Sequence[Mapping[str, Any]], lost: str) -> None:
        named = [{kind: {"TableName": self._table, **write} for kind, write in one.items()} for one in writes]
        try:
            self._client.transact_write_items(TransactItems=named)  # pyright: ignore[reportArgumentType] - put together
        except self._client.exceptions.TransactionCanceledException as error:
            codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if codes & _LOST:
                raise Conflict(lost, code="policy_moved") from None
            raise

    def _there(self, version: str) -> Listed:
        if (found := self._listed(version)) is None:
            raise UnknownPolicy(f"There is no policy '{version}'. GET /v1/policies lists them.", param="version")
        return found

    def _listed(self, version: str) -> Listed | None:
        item = self._get({"pk": "history", "sk": version})
        return _as_listed(item) if item else None

    def _all(self) -> Sequence[Listed]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "history"}},
            ConsistentRead=True,
        )
        return [_as_listed(from_wire(item)) for page in pages for item in page["Items"]]

    def _pointer(self) -> Pointer:
        item = self._get(_POINTER)
        return _as_pointer(item) if item else Pointer()

    def _get(self, key: Item) -> Item:
        return from_wire(
            self._client.get_item(TableName=self._table, Key=to_wire(key), ConsistentRead=True).get("Item", {})
        )


def encoded(policy: Policy) -> str:
    """All of it, compressed, as text: of 120 models 410 kB become 100, and DynamoDB takes 400."""
    return packed(policy)


def packed(value: object) -> str:
    """The JSON of a value, compressed, as text."""
    return base64.b85encode(zlib.compress(to_json(value))).decode()


def unpacked(text: str) -> dict[str, Any]:
    """The JSON object that was packed."""
    return from_json(zlib.decompress(base64.b85decode(text)))


def decoded(body: str) -> Policy:
    """The policy that was encoded, to the last bit of its floats.

    By hand: to build a validator for it takes a router's cold start 20 ms and more.
    """
    told = unpacked(body)
    told["chains"] = {
        goal: {task: tuple(chain) for task, chain in tasks.items()} for goal, tasks in told["chains"].items()
    }
    told["outcomes"] = _outcomes(told["outcomes"])
    return Policy(**told)


def _outcomes(told: dict[str, Any]) -> Outcomes:
    told["rows"] = {task: _row(row) for task, row in told["rows"].items()}
    told["safe"] = _row(told["safe"])
    return Outcomes(**told)


def _row(told: Mapping[str, Any]) -> Row:
    return {name: Expected(**expected) for name, expected in told.items()}


def _pointing(pointer: Pointer, seen: int) -> Mapping[str, Any]:
    """Put the pointer, if it is still at the revision that was seen."""
    return {
        "Put": {
            "Item": to_wire(_POINTER | _exact(asdict(pointer))),
            "ConditionExpression": "attribute_not_exists(pk) OR revision = :seen" if not seen else "revision = :seen",
            "ExpressionAttributeValues": to_wire({":seen": seen}),
        }
    }


def _entering(version: str, change: Change) -> Mapping[str, Any]:
    return {
        "Update": {
            "Key": to_wire({"pk": "history", "sk": version}),
            "UpdateExpression": "SET history = list_append(history, :change)",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": to_wire({":change": [_change(change)]}),
        }
    }


def _change(change: Change) -> Item:
    return _exact(asdict(change))


def _exact(told: Item) -> Item:
    """DynamoDB takes no floats."""
    return {name: Decimal(str(value)) if isinstance(value, float) else value for name, value in told.items()}


def _as_listed(item: Item) -> Listed:
    return Listed(
        version=item["sk"],
        created_at=float(item["created_at"]),
        based_on=item["based_on"],
        report=item["report"],
        note=item["note"],
        history=tuple(Change(one["state"], float(one["at"]), one["why"]) for one in item["history"]),
    )


def _as_pointer(item: Item) -> Pointer:
    return Pointer(
        active=item["active"],
        active_since=float(item["active_since"]),
        canary=item["canary"],
        canary_since=float(item["canary_since"]),
        share=float(item["share"]),
        before=tuple(item["before"]),
        revision=int(item["revision"]),
    )


def _now(pointer: Pointer) -> str:
    """Which versions decide, in words."""
    canary = f", canary {pointer.canary}" if pointer.canary else ""
    return f"Before that it was: active {pointer.active or 'none'}{canary}."
