"""How the store speaks to DynamoDB: one client, items to and from the wire, and the error when it does not answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from turnout.core.errors import TurnoutError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = dict[str, Any]
"""A row: text, whole numbers, Decimals, booleans, None, and lists and dicts of them. DynamoDB takes no floats."""

type Put = Callable[..., Awaitable[Any]]

_NUMBER = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Inexact, Overflow, Rounded, Underflow])
"""DynamoDB's numbers; what is none of them raises."""
MOST_EXACT = 10**37
"""Whole numbers below this need no look at whether they fit."""


class StoreUnavailable(TurnoutError):
    """DynamoDB did not answer, or refused; asking again may help."""

    status = 503
    code = "store_unavailable"


def client() -> "DynamoDBClient":
    """A thread-safe client of botocore's for the whole process."""
    from turnout.store import aws  # noqa: PLC0415 - half of a cold start, for which the router has no need

    return aws.client("dynamodb", aws.DYNAMODB)


async def ask[**P, T](operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `operation` returns, run in a thread since botocore blocks. Raises StoreUnavailable for its errors."""
    try:
        return await asyncio.to_thread(operation, *args, **kwargs)
    except (BotoCoreError, ClientError) as error:
        raise StoreUnavailable("Turnout's own store does not answer. Try again in a moment.") from error


def putting(client: "DynamoDBClient") -> Put:
    """A client's `put_item` to be awaited: its own `put`, or in a thread. Raises botocore's errors."""
    return getattr(client, "put", None) or partial(asyncio.to_thread, client.put_item)


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """`item` as DynamoDB's attribute values. Raises TypeError for a float, decimal.Inexact beyond 38 digits.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
    """
    return {name: _WRITERS.get(value.__class__, _of_a_kind)(value) for name, value in item.items()}


def from_wire(attributes: Mapping[str, Any]) -> Item:
    """The item that `attributes` are, also in a stream's image; all numbers come as Decimals."""
    return {name: _value(attribute) for name, attribute in attributes.items()}


def _of_a_kind(value: Any) -> dict[str, Any]:
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"DynamoDB takes no {type(value).__name__} from here")


def _whole(value: int) -> dict[str, Any]:
    return {"N": str(value) if -MOST_EXACT < value < MOST_EXACT else str(_NUMBER.create_decimal(value))}


def _list(values: Sequence[Any]) -> dict[str, Any]:
    return {"L": [_WRITERS.get(value.__class__, _of_a_kind)(value) for value in values]}


_WRITERS: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    str: lambda value: {"S": value},
    bool: lambda value: {"BOOL": value},  # before the numbers, of which Python has it be one
    int: _whole,
    Decimal: lambda value: {"N": str(_NUMBER.create_decimal(value))},
    dict: lambda value: {"M": to_wire(value)},
    list: _list,
    tuple: _list,
    type(None): lambda _: {"NULL": True},
    Mapping: lambda value: {"M": to_wire(value)},
}
"""By the very type, since a row has a hundred values; in this order where a value is of a kind of one."""


def _value(attribute: Mapping[str, Any]) -> Any:
    [(kind, value)] = attribute.items()
    return _READERS[kind](value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "NULL": lambda _: None,
    "BOOL": lambda value: value,
    "S": lambda value: value,
    "N": _NUMBER.create_decimal,
    "L": lambda values: [_value(one) for one in values],
    "M": from_wire,
}
"""The type of DynamoDB's to the value; items have no others."""
