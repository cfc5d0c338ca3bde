"""The part of DynamoDB that counting needs, in memory and with the real one's rules for transactions.

moto copies the whole table for each transaction; this one takes 100,000 rows in seconds. It enforces what matters: all
or nothing, at most 100 items, each at most once, conditions, the limits of expressions and keys, and 38 digits.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Context, Decimal, Inexact, Rounded
from typing import Any

from botocore.exceptions import ClientError

MOST_ITEMS = 100
LONGEST_EXPRESSION = 4096
_SORTED = re.compile(r"pk = (:\w+) AND sk BETWEEN (:\w+) AND (:\w+)")
_UPDATE = re.compile(r"SET (\w+) = (:\w+) ADD (.+)")
_DIGITS = Context(prec=38, traps=[Inexact, Rounded])

type Item = dict[str, Any]
type Key = tuple[str, str, str]


class FakeDynamo:
    """Stands for a client. Items are kept by (table, pk, sk); `calls` counts those of `transact_write_items`."""

    def __init__(self) -> None:
        self.items: dict[Key, Item] = {}
        self.calls = 0
        self.written_units = 0

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """All of it or nothing. Raises ClientError as boto3 does."""
        self.calls += 1
        if len(TransactItems) > MOST_ITEMS:
            raise _error("ValidationException", f"Member must have length less than or equal to {MOST_ITEMS}")
        writes = [next(iter(one.items())) for one in TransactItems]
        keys = [_key(kind, write) for kind, write in writes]
        if len(set(keys)) < len(keys):
            raise _error("ValidationException", "Transaction request cannot include multiple operations on one item")
        reasons = [self._refusal(key, kind, write) for key, (kind, write) in zip(keys, writes, strict=True)]
        if any(reasons):
            raise _cancelled(reasons)
        for key, (kind, write) in zip(keys, writes, strict=True):
            before = _size(self.items.get(key, {}))
            self.items[key] = write["Item"] if kind == "Put" else self._updated(key, write)
            # Twice the units of a plain write, each for 1 kB of the larger of old and new item.
            self.written_units += 2 * -(-max(before, _size(self.items[key])) // 1024)
        return {}

    def get_paginator(self, operation: str) -> "FakePages":
        """Only `query`."""
        assert operation == "query"
        return FakePages(self.items)

    def _refusal(self, key: Key, kind: str, write: Mapping[str, Any]) -> str:
        if kind == "Put":
            assert write["ConditionExpression"] == "attribute_not_exists(pk)"
            return "ConditionalCheckFailed" if key in self.items else ""
        if len(write["UpdateExpression"]) > LONGEST_EXPRESSION or len(key[2].encode()) > 1024:
            return "ValidationError"
        return ""

    def _updated(self, key: Key, write: Mapping[str, Any]) -> Item:
        found = _UPDATE.fullmatch(write["UpdateExpression"])
        assert found
        values: Mapping[str, Any] = write["ExpressionAttributeValues"]
        item = self.items.get(key) or dict(write["Key"])
        item[found[1]] = values[found[2]]
        for name, value in _additions(found[3], values):
            item[name] = {"N": _sum(item[name]["N"], value) if name in item else value}
        return item


class FakePages:
    """The paginator of a query over one partition."""

    def __init__(self, items: Mapping[Key, Item]) -> None:
        self._sorted: defaultdict[tuple[str, str], list[tuple[str, Item]]] = defaultdict(list)
        for (table, pk, sk), item in sorted(items.items(), key=lambda pair: pair[0]):
            self._sorted[table, pk].append((sk, item))

    def paginate(
        self,
        *,
        TableName: str,  # noqa: N803 - boto3's name
        KeyConditionExpression: str,  # noqa: N803 - the same
        ExpressionAttributeValues: Mapping[str, Any],  # noqa: N803 - the same
    ) -> Iterator[dict[str, Any]]:
        """Pages of three items, so that nobody can do with the first."""
        found = _SORTED.fullmatch(KeyConditionExpression)
        assert found
        pk, first, last = (ExpressionAttributeValues[name]["S"] for name in found.groups())
        assert first <= last
        items = [item for sk, item in self._sorted[TableName, pk] if first <= sk <= last]
        for at in range(0, len(items), 3):
            yield {"Items": items[at : at + 3]}


def _key(kind: str, write: Mapping[str, Any]) -> Key:
    named = write["Item" if kind == "Put" else "Key"]
    return write["TableName"], named["pk"]["S"], named["sk"]["S"]


def _additions(text: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for addition in text.split(", "):
        name, value = addition.split(" ")
        yield name, values[value]["N"]


def _sum(one: str, other: str) -> str:
    if one.isdecimal() and other.isdecimal():
        return str(int(one) + int(other))
    return f"{_DIGITS.add(Decimal(one), Decimal(other)):f}"


def _size(item: Item) -> int:
    return sum(len(name) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, str]) -> int:
    """Text takes its bytes, a number half a byte for each digit and one more."""
    kind, text = next(iter(value.items()))
    return len(text.encode()) if kind == "S" else (len(text) + 1) // 2 + 1


def _cancelled(reasons: Sequence[str]) -> ClientError:
    told = [{"Code": reason or "None"} for reason in reasons]
    return _error("TransactionCanceledException", "Transaction cancelled", CancellationReasons=told)


def _error(code: str, message: str, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(response, "TransactWriteItems")
