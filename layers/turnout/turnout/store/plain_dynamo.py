"""DynamoDB without an SDK, for the router: one signed POST per call, over connections that are kept.

The same to the stores as botocore's client, in the operations that they call. A row of the request log takes a fifth
of the CPU time, and a cold start does without the SDK: docs/benchmarks.md, decision 23. Where the environment says
more than a region and credentials, which is all that Lambda gives, botocore knows what to make of it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import asyncio
import random
import ssl
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, HTTPClientError
from pydantic_core import from_json, to_json

from turnout.core.frozen import frozen
from turnout.http1.connections import Connections, Origin, trusted, with_alpn
from turnout.store import dynamo
from turnout.store.signature import Credentials, Scope, signed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONNECT_SECONDS, READ_SECONDS = 1.0, 3.0
TRIES = 2
"""Somebody waits: one more try for a blip or a throttle."""
LONGEST_PAUSE = 0.1
IDLE_CONNECTIONS = 50

BOTOCORE_KNOWS = (
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
)
"""Settings that are none of ours: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html."""

NETWORK = (OSError, HTTPException, ValueError)
"""What goes wrong on the way, an answer that is no JSON included."""

THROTTLED = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})


class ConditionalCheckFailedException(ClientError):
    """A condition did not hold; botocore calls it so."""


class Exceptions:
    """The errors of the service that callers look for by name."""

    ConditionalCheckFailedException = ConditionalCheckFailedException


def client(env: Mapping[str, str]) -> "DynamoDBClient":
    """A thread-safe client for the whole process; botocore's own unless `env` holds just what Lambda gives."""
    region, secret = env.get("AWS_REGION", ""), env.get("AWS_SECRET_ACCESS_KEY", "")
    if not region or region.startswith(("cn-", "us-iso", "eu-iso")) or not secret or any(map(env.get, BOTOCORE_KNOWS)):
        return dynamo.client()
    credentials = Credentials(env["AWS_ACCESS_KEY_ID"], secret, env.get("AWS_SESSION_TOKEN", ""))
    endpoint = env.get("AWS_ENDPOINT_URL") or f"https://dynamodb.{region}.amazonaws.com"
    return cast("DynamoDBClient", PlainDynamo(endpoint, region, credentials, env.get("AWS_CA_BUNDLE")))


@frozen
class Post:
    """What is sent, after a pause of so many seconds."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes
    pause: float

    def as_bytes(self) -> bytes:
        """As it goes over a connection."""
        headers = {**self.headers, "content-length": str(len(self.body))}
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + self.body


type Send = Callable[[Post], Awaitable[tuple[int, bytes]]]
"""Sends, and gives the status and the body of the answer. Raises what is in NETWORK."""


def at_once[T](work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits for a loop."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    work.close()
    raise AssertionError("it waits for a loop")


class PlainDynamo:
    """Operations take botocore's arguments, and return and raise what botocore's do.

    They block, for whoever is in a thread; `put`, which every request needs, does not.
    """

    exceptions = Exceptions

    def __init__(self, endpoint: str, region: str, credentials: Credentials, ca_bundle: str | None = None) -> None:
        self._url = urlsplit(endpoint)
        self._tls = _trusted(ca_bundle) if self._url.scheme == "https" else None
        self._scope, self._credentials = Scope(region, "dynamodb"), credentials
        self._idle = deque[HTTPConnection](maxlen=IDLE_CONNECTIONS)
        self._connections = Connections(self._tls)
        self._origin = Origin.of(endpoint)

    async def put(self, **asked: Any) -> dict[str, Any]:
        """`put_item` on the loop: a thread costs more than all the rest of it."""
        return await self._asked("PutItem", asked, self._on_loop)

    def get_item(self, **asked: Any) -> dict[str, Any]:
        """One item, under "Item" if it is there."""
        return self._call("GetItem", asked)

    def put_item(self, **asked: Any) -> dict[str, Any]:
        """Write one item."""
        return self._call("PutItem", asked)

    def update_item(self, **asked: Any) -> dict[str, Any]:
        """Change one item."""
        return self._call("UpdateItem", asked)

    def query(self, **asked: Any) -> dict[str, Any]:
        """A page of a partition's items."""
        return self._call("Query", asked)

    def transact_write_items(self, **asked: Any) -> dict[str, Any]:
        """All of it or nothing; a second try is known by its token."""
        return self._call("TransactWriteItems", {"ClientRequestToken": str(uuid.uuid4()), **asked})

    def get_paginator(self, operation: str) -> "Pages":
        """Only "query"."""
        return Pages(self, operation)

    def _call(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        return at_once(self._asked(operation, asked, self._blocking))

    async def _asked(self, operation: str, asked: Mapping[str, Any], send: Send) -> dict[str, Any]:
        body, pause = to_json(asked), 0.0
        for left in reversed(range(TRIES)):
            try:
                status, content = await send(Post(self._signed(operation, body), body, pause))
                told: dict[str, Any] = from_json(content) if content else {}
            except NETWORK as error:
                if left:
                    continue  # often a kept connection that the other side has closed
                raise HTTPClientError(error=error) from error
            if status < 300:
                return told
            refused = _refused(operation, status, told)
            if not left or not (status >= 500 or refused.response.get("Error", {}).get("Code") in THROTTLED):
                raise refused
            pause = random.uniform(0, LONGEST_PAUSE)  # noqa: S311 - jitter
        raise AssertionError("the last try returns or raises")

    async def _on_loop(self, post: Post) -> tuple[int, bytes]:
        if post.pause:
            await asyncio.sleep(post.pause)
        return await self._awaited(post)

    async def _blocking(self, post: Post) -> tuple[int, bytes]:
        """Waits by blocking, so that `at_once` has nothing to wait for."""
        time.sleep(post.pause)  # noqa: ASYNC251 - in a thread
        return self._sent(post)

    async def _awaited(self, post: Post) -> tuple[int, bytes]:
        async with asyncio.timeout(READ_SECONDS):
            return await self._connections.whole(self._origin, post.as_bytes(), CONNECT_SECONDS)

    def _sent(self, post: Post) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            connection.request("POST", "/", post.body, dict(post.headers))
            response = connection.getresponse()
            answer = response.status, response.read()
        except BaseException:
            connection.close()
            raise
        if not response.will_close:
            self._idle.append(connection)
        return answer

    def _signed(self, operation: str, body: bytes) -> dict[str, str]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "host": self._url.netloc,
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        return signed(headers, body, self._credentials, self._scope, datetime.now(UTC))

    def _connection(self) -> HTTPConnection:
        """One that is idle, the last used first, or a new one."""
        with suppress(IndexError):
            return self._idle.pop()
        host, port = self._url.hostname or "", self._url.port
        connection = (
            HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=self._tls)
            if self._tls
            else HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        )
        connection.connect()
        connection.sock.settimeout(READ_SECONDS)
        return connection


class Pages:
    """The paginator of a query."""

    def __init__(self, client: PlainDynamo, operation: str) -> None:
        if operation != "query":
            raise ValueError(f"There are no pages of {operation}")
        self._client = client

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        """Page after page."""
        while True:
            page = self._client.query(**asked)
            yield page
            if not (last := page.get("LastEvaluatedKey")):
                return
            asked["ExclusiveStartKey"] = last


def _trusted(ca_bundle: str | None) -> ssl.SSLContext:
    """The machine's own trust is read once for all connections."""
    return with_alpn(ssl.create_default_context(cafile=ca_bundle)) if ca_bundle else trusted()


def _refused(operation: str, status: int, told: dict[str, Any]) -> ClientError:
    """As botocore raises it."""
    code = str(told.get("__type", "")).rpartition("#")[2] or str(status)
    message = told.get("message") or told.get("Message") or ""
    response: Any = {
        **told,
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    kind = ConditionalCheckFailedException if code == "ConditionalCheckFailedException" else ClientError
    return kind(response, operation)
