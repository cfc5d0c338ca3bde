"""CPU time that the router itself spends on a request, without a network: `python -m benchmarks.hot_path`.

Vendor and DynamoDB answer from memory behind the same requests and signatures as ever, so what is left is our own and
the libraries': the key, the body, the route, the vendor's answer, the row. The least of many short runs is told, which
is steadier than any figure that crosses a socket; `benchmarks.peers` has those.
"""

import asyncio
import gc
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import httpx
import uvloop
from starlette.types import ASGIApp, Message

from benchmarks.peers import vendor
from benchmarks.peers.gateways import VENDOR_KEY
from benchmarks.peers.measure import Shape
from turnout import bootstrap
from turnout.api.app import create_app
from turnout.config import Config
from turnout.core.ports import Key
from turnout.providers import transport
from turnout.runtime.garbage import settled
from turnout.store import plain_dynamo
from turnout.store.plain_dynamo import PlainDynamo, Post

SHAPES = tuple(Shape(1, tokens, stream, seconds=0.0) for tokens, stream in ((20, False), (20, True), (400, True)))
RUNS, SECONDS = 60, 0.05
"""So many runs of about so many seconds each."""
ENV = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "OPENAI_API_KEY": VENDOR_KEY,
    "TURNOUT_BASE_URLS": json.dumps({"openai": "http://127.0.0.1:9/v1"}),
}


class Pieces(httpx.AsyncByteStream):
    """A body that is there already."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class Instant(httpx.AsyncBaseTransport):
    """A vendor without a network; the request is written down as it would be sent."""

    def __init__(self, shape: Shape) -> None:
        kind = b"text/event-stream" if shape.stream else b"application/json"
        self._headers, self._pieces = [(b"content-type", kind)], answer(shape)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        transport.as_bytes(request)
        return httpx.Response(200, headers=self._headers, stream=Pieces(self._pieces))


def answer(shape: Shape) -> list[bytes]:
    """The bodies of the bench's vendor, without what frames them in HTTP."""
    if not shape.stream:
        return [vendor.plain(shape.tokens).partition(b"\r\n\r\n")[2]]
    chunks = b"".join(vendor.streamed(shape.tokens, counted=True)[1:])
    pieces: list[bytes] = []
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        pieces.append(rest[: int(size, 16)])
        chunks = rest[int(size, 16) + 2 :]
    return [piece for piece in pieces if piece]


class Instantly(PlainDynamo):
    """A DynamoDB without a network."""

    async def _awaited(self, post: Post) -> tuple[int, bytes]:
        post.as_bytes()
        return 200, b'{"Items": []}'

    def _sent(self, post: Post) -> tuple[int, bytes]:  # noqa: ARG002 - the same, for who is in a thread
        return 200, b'{"Items": []}'


class OneKey:
    """A `core.ports.Keys` that knows every secret."""

    async def find(self, secret: str) -> Key | None:  # noqa: ARG002 - the port's
        """The key."""
        return Key("key_bench", "bench")


def app(shape: Shape) -> ASGIApp:
    """The router, as it is deployed but for what it would reach."""
    with (
        patch.object(transport, "Kept", lambda _connect: Instant(shape)),  # pyright: ignore[reportUnknownLambdaType] - seconds
        patch.object(plain_dynamo, "PlainDynamo", Instantly),
    ):
        services = bootstrap.services(Config.from_env(os.environ))
    return create_app(replace(services, keys=OneKey()))


async def ask(asked: ASGIApp, body: bytes) -> list[Message]:
    """One request."""
    waiting, said = [{"type": "http.request", "body": body, "more_body": False}], list[Message]()

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    async def send(message: Message) -> None:
        said.append(message)

    await asked(scope(body), receive, send)
    return said


def scope(body: bytes) -> dict[str, Any]:
    """As uvicorn makes it."""
    headers = [(b"host", b"x"), (b"authorization", b"Bearer x"), (b"content-length", b"%d" % len(body))]
    path = "/v1/chat/completions"
    return {"type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": path, "root_path": "",
            "raw_path": path.encode(), "query_string": b"", "headers": headers, "server": ("x", 1), "client": ("y", 2),
            "asgi": {"version": "3.0"}}  # fmt: skip


async def measured(shape: Shape) -> float:
    """Seconds of CPU time of one request. Raises RuntimeError when it is not answered."""
    asked, body = app(shape), shape.body()
    if (start := (await ask(asked, body))[0])["status"] != 200:
        raise RuntimeError(start)
    gc.collect()
    settled()
    begun = time.process_time()
    await ask(asked, body)
    count = max(1, round(SECONDS / (time.process_time() - begun)))
    return min([await run(asked, body, count) for _ in range(RUNS)])


async def run(asked: ASGIApp, body: bytes, count: int) -> float:
    """The mean of so many requests."""
    begun = time.process_time()
    for _ in range(count):
        await ask(asked, body)
    return (time.process_time() - begun) / count


def main() -> None:
    """Print the table."""
    os.environ.update(ENV)
    print("| request | CPU time, us | a token more |\n| --- | --- | --- |")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = {shape: runner.run(measured(shape)) * 1e6 for shape in SHAPES}
    for shape, micros in took.items():
        few, many = SHAPES[1:]
        token = f"{(took[many] - took[few]) / (many.tokens - few.tokens):.1f}" if shape is many else ""
        print(f"| {shape.name} | {micros:,.0f} | {token} |")


if __name__ == "__main__":
    main()
