"""The HTTP client for all vendors: httpx, with a connection pool that stays quick when many calls are under way.

httpx's own pool looks through all its connections at each request and each release; at 50 calls that halves what a
process can do. Here each connection is a transport of its own and the pool a stack of those that are idle. aiohttp
under httpx is faster still, not worth its import: `python -m benchmarks.transport`, decision 3 in docs/decisions.md.
"""

import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import httpx

IDLE_SECONDS = 60.0
"""How long a connection is kept for the next request; vendors' own limits are about as long or longer."""

IDLE_CONNECTIONS = 100
"""How many idle connections are kept to one host."""

type Origin = tuple[str, str, int | None]


class Stack(httpx.AsyncBaseTransport):
    """Idle connections by origin, the one used last on top. No limit on how many are in use."""

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        self._idle: defaultdict[Origin, list[httpx.AsyncHTTPTransport]] = defaultdict(list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send over an idle connection, or a new one; it is idle again when the response is closed."""
        origin = (request.url.scheme, request.url.host, request.url.port)
        connection = self._idle[origin].pop() if self._idle[origin] else self._connection()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            await self._release(origin, connection)
            raise
        stream = cast("httpx.AsyncByteStream", response.stream)
        response.stream = Lent(stream, lambda: self._release(origin, connection))
        return response

    async def aclose(self) -> None:
        """Close what is idle."""
        for connections in self._idle.values():
            while connections:
                await connections.pop().aclose()

    def _connection(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_connections=1, keepalive_expiry=IDLE_SECONDS)
        return httpx.AsyncHTTPTransport(verify=self._tls, limits=limits)

    async def _release(self, origin: Origin, connection: httpx.AsyncHTTPTransport) -> None:
        if len(self._idle[origin]) < IDLE_CONNECTIONS:
            self._idle[origin].append(connection)
        else:
            await connection.aclose()


class Lent(httpx.AsyncByteStream):
    """A response's body that gives its connection back once, when closed."""

    def __init__(self, stream: httpx.AsyncByteStream, give_back: Callable[[], Awaitable[None]]) -> None:
        self._stream = stream
        self._give_back: Callable[[], Awaitable[None]] | None = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        """Close the body, then give back."""
        give_back, self._give_back = self._give_back, None
        if give_back:
            try:
                await self._stream.aclose()
            finally:
                await give_back()


def client(connect: float) -> httpx.AsyncClient:
    """A client that keeps its connections; `connect` is the most seconds that a new one may take.

    How long an answer may take is not the client's business: `providers.http` holds each call to its deadline.
    """
    return httpx.AsyncClient(transport=Stack(), timeout=httpx.Timeout(None, connect=connect), follow_redirects=False)
