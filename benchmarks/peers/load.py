"""Clients that ask one request after the other over connections of their own, and look at what they get."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.peers.instant import content_length

PATIENCE = 60.0
"""Seconds after which an answer is none."""


class Wrong(RuntimeError):
    """A gateway answered something else than was asked for; the message has the start of it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the sending of a request to the first byte of the answer's body, and to its last."""

    first: float
    last: float


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body = -1
        self._first = 0.0
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember it."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits is told."""
        self._end(Wrong(f"the connection was closed: {exc or bytes(self._buffer[:200])}"))

    def data_received(self, data: bytes) -> None:
        """Take note of the first byte of the body, and of the last."""
        self._buffer += data
        if self._body < 0 and (at := self._buffer.find(b"\r\n\r\n")) >= 0:
            self._body = at + 4
        if self._body >= 0 and not self._first and len(self._buffer) > self._body:
            self._first = time.perf_counter()
        if self._body >= 0 and self._complete():
            self._end()

    async def ask(self, request: bytes, right: Callable[[bytes], bool]) -> Timing:
        """One request. Raises Wrong."""
        self._buffer.clear()
        self._body, self._first = -1, 0.0
        self._waiting = asyncio.get_running_loop().create_future()
        begun = time.perf_counter()
        self.transport.write(request)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._waiting
        except TimeoutError:
            raise Wrong(f"no whole answer within {PATIENCE:.0f} s") from None
        timing = Timing(self._first - begun, time.perf_counter() - begun)
        if not right(bytes(self._buffer)):
            raise Wrong(bytes(self._buffer[:600]).decode(errors="replace"))
        return timing

    def _complete(self) -> bool:
        head = bytes(self._buffer[: self._body])
        if b"chunked" in head.lower():
            return self._buffer.endswith(b"\r\n0\r\n\r\n")
        return len(self._buffer) >= self._body + content_length(head)

    def _end(self, error: Exception | None = None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(error) if error else self._waiting.set_result(None)


@asynccontextmanager
async def connected(url: str, count: int) -> AsyncGenerator[list[Client]]:
    """So many clients of a server."""
    parts, loop = urlsplit(url), asyncio.get_running_loop()
    made = [await loop.create_connection(Client, str(parts.hostname), parts.port or 80) for _ in range(count)]
    try:
        yield [client for _, client in made]
    finally:
        for transport, _ in made:
            transport.abort()


@dataclass(frozen=True, slots=True)
class Load:
    """What many clients saw: how long each answer took, and seconds in all."""

    timings: list[Timing]
    seconds: float


async def load(
    url: str, request: bytes, right: Callable[[bytes], bool], *, clients: int, seconds: float, most: int | None = None
) -> Load:
    """Ask for so many seconds, or `most` times, each client once at least. Raises Wrong, OSError."""
    timings: list[Timing] = []

    async def work(client: Client) -> None:
        while True:
            timings.append(await client.ask(request, right))
            if time.perf_counter() >= begun + seconds or (most is not None and len(timings) + clients > most):
                return

    async with connected(url, clients) as made:
        begun = time.perf_counter()
        await asyncio.gather(*map(work, made))
    return Load(timings, time.perf_counter() - begun)
