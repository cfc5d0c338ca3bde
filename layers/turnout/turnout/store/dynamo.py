"""How the store speaks to DynamoDB: one client, items to and from the wire, and the error when it does not answer."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from turnout.core.errors import TurnoutError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = dict[str, Any]
"""A row: text, whole numbers, Decimals, booleans, None, and lists and dicts of them. DynamoDB takes no floats."""

_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    # Somebody waits: one more try for a blip or a throttle, not botocore's four.
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=50,
    tcp_keepalive=True,
    # The type checker has seen our calls. Looking each value up in the service's model again takes longer than
    # all the rest of a call: 2.1 ms against 0.9 ms for a row of the request log.
    parameter_validation=False,
)

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class StoreUnavailable(TurnoutError):
    """DynamoDB did not answer, or refused; asking again may help."""

    status = 503
    code = "store_unavailable"


def client() -> "DynamoDBClient":
    """A thread-safe client for the whole process. Region, credentials and `AWS_ENDPOINT_URL` are boto3's to find.

    The low-level client, since a call through the resource API takes half as long again. Takes some 50 ms to make.
    """
    # The stubs of all other services are not installed, so the overloads that return them are unknown.
    return boto3.client("dynamodb", config=_CONFIG)  # pyright: ignore[reportUnknownMemberType]


async def ask[**P, T](operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `operation` returns, run in a thread since boto3 blocks. Raises StoreUnavailable for boto3's errors."""
    try:
        return await asyncio.to_thread(operation, *args, **kwargs)
    except (BotoCoreError, ClientError) as error:
        raise StoreUnavailable("Turnout's own store does not answer. Try again in a moment.") from error


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """`item` as DynamoDB's attribute values. Raises TypeError for a float, decimal.Inexact beyond 38 digits.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
    """
    return {name: _serialize(value) for name, value in item.items()}


def from_wire(attributes: Mapping[str, Any]) -> Item:
    """The item that `attributes` are, also in a stream's image; all numbers come as Decimals."""
    return {name: _deserialize(value) for name, value in attributes.items()}
