"""A stand-in for API Gateway: a REST API whose one integration is a function of `fake_lambda`, streamed.

It makes proxy events of format 1.0 out of requests, and relays an answer as `ResponseTransferMode: STREAM` does:
each piece as it comes, a cut where the function failed after the first byte, 502 where it failed before.
"""

import asyncio
import base64
import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Any
from urllib.parse import parse_qsl

import h11
from pydantic_core import from_json, to_json

from local.fake_http import Connection
from local.fake_lambda import Begin, End, Failed, FakeLambda

PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
SEPARATOR = b"\0" * 8
BAD_GATEWAY = b'{"message": "Internal server error"}'


class Broken(Exception):
    """The function's answer is none, or was cut."""


class FakeGateway:
    """In front of one function; `url` is where it listens."""

    def __init__(self, function: FakeLambda) -> None:
        self._function = function
        self.url = ""

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """On a free port of the loopback."""
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            self.url = f"http://{host}:{port}"
            yield
            server.close_clients()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        with contextlib.suppress(ConnectionError, h11.ProtocolError):
            async for request in connection.requests():
                await self._relay(connection, to_json(rest_event(request, await connection.body())))
        connection.close()

    async def _relay(self, connection: Connection, event: bytes) -> None:
        chunks = self._chunks(event)
        try:
            status, headers, rest = await _prelude(chunks)
        except Broken:
            await connection.reply(502, BAD_GATEWAY)
            return
        await connection.start(status, headers)
        try:
            await connection.write(rest)
            async for chunk in chunks:
                await connection.write(chunk)
            await connection.end()
        except Broken:
            connection.abort()

    async def _chunks(self, event: bytes) -> AsyncIterator[bytes]:
        async for piece in self._function.invoke(event):
            match piece:
                case Begin(content_type, streamed) if not streamed or content_type != PRELUDE_TYPE:
                    raise Broken("the function buffers, the integration streams")
                case End(trailers) if trailers:
                    raise Broken("the function failed after the first byte")
                case Failed():
                    raise Broken("the function failed")
                case bytes():
                    yield piece
                case _:
                    pass


async def _prelude(chunks: AsyncIterator[bytes]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and the first bytes of the body."""
    head = b""
    async for chunk in chunks:
        head += chunk
        prelude, found, rest = head.partition(SEPARATOR)
        if found:
            meta = from_json(prelude)
            headers = [(name, value) for name, value in meta["headers"].items() if name != "content-length"]
            return meta["statusCode"], [*headers, *(("set-cookie", c) for c in meta["cookies"])], rest
    raise Broken("the answer ended within its prelude")


def rest_event(request: h11.Request, body: bytes) -> dict[str, Any]:
    """The proxy event of a request; a body that is not text goes in base64, as binary media types do."""
    path, _, query = request.target.decode().partition("?")
    headers = _multi((name.decode().title(), value.decode()) for name, value in request.headers)
    queries = _multi(parse_qsl(query, keep_blank_values=True))
    text, in_base64 = _text(body)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": request.method.decode(),
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in queries.items()} or None,
        "multiValueQueryStringParameters": queries or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "local",
            "path": f"/local{path}",
            "identity": {"sourceIp": "127.0.0.1"},
            "requestTimeEpoch": int(time.time() * 1000),
        },
        "body": text or None,
        "isBase64Encoded": in_base64,
    }


def _text(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _multi(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    many: dict[str, list[str]] = {}
    for name, value in pairs:
        many.setdefault(name, []).append(value)
    return many
