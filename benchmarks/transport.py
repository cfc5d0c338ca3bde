"""Requests per second through httpx, by transport and concurrency, in one run: `python -m benchmarks.transport`.

A bare HTTP server in a process of its own answers at once; rounds alternate, and the median of each is shown.
"""

import asyncio
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Callable

import httpx
from httpx_aiohttp import AiohttpTransport

from turnout.providers import transport

REQUESTS, ROUNDS, CONCURRENCY = 1500, 3, (1, 8, 32, 50)
BODY = b'{"choices":[]}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Instant(asyncio.Protocol):
    """Answers each request that arrives in one piece, without reading it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"}"):
            self.transport.write(ANSWER)


def serve(listening: socket.socket) -> None:
    """Serve until the process is ended."""

    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(Instant, sock=listening)
        await server.serve_forever()

    asyncio.run(forever())


def plain(connect: float) -> httpx.AsyncClient:
    """httpx as it comes, with limits as wide as ours."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx.AsyncClient(timeout=httpx.Timeout(None, connect=connect), limits=limits)


def aiohttp(connect: float) -> httpx.AsyncClient:
    """httpx over aiohttp's connections."""
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(transport=AiohttpTransport(limits=limits), timeout=httpx.Timeout(None, connect=connect))


def ours(connect: float) -> httpx.AsyncClient:
    """httpx over the connections of this project; vendors are asked without a client around them."""
    return httpx.AsyncClient(transport=transport.Kept(connect), timeout=None)  # noqa: S113 - as in the product


CLIENTS = (plain, aiohttp, ours)


async def rate(make: Callable[[float], httpx.AsyncClient], url: str, concurrency: int) -> float:
    """Requests per second of `concurrency` workers."""
    left = iter(range(REQUESTS))

    async def work(client: httpx.AsyncClient) -> None:
        for _ in left:
            async with client.stream("POST", url, content=b'{"a":1}') as response:
                await response.aread()

    async with make(5.0) as client:
        await asyncio.gather(*(work(client) for _ in range(concurrency)))
        left = iter(range(REQUESTS))
        begun = time.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(concurrency)))
        return REQUESTS / (time.perf_counter() - begun)


def main() -> None:
    """Print the table."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listening,), daemon=True)
    server.start()
    print(f"{os.cpu_count()} cores; {REQUESTS} requests, median of {ROUNDS} rounds\n")
    print("| clients | httpx, req/s | over aiohttp | ours | ours / httpx | ours / aiohttp |\n|---|---|---|---|---|---|")
    for concurrency in CONCURRENCY:
        rounds = [[asyncio.run(rate(make, url, concurrency)) for make in CLIENTS] for _ in range(ROUNDS)]
        a, b, c = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"| {concurrency} | {a:,.0f} | {b:,.0f} | {c:,.0f} | {c / a:.1f} | {c / b:.1f} |")
    server.terminate()


if __name__ == "__main__":
    main()
