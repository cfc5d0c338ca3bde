"""The HTTP client for all vendors: httpx over single connections of httpcore, with a stack of those that are idle.

httpx's own pool looks through all its connections at each request and each release; at 50 calls that halves what a
process can do. A pool for each connection costs a third of a call. aiohttp under httpx is faster still, not worth its
import: `python -m benchmarks.transport`, decision 3 in docs/decisions.md.
"""

import ssl
from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import cast

import httpcore
import httpx

IDLE_SECONDS = 60.0
"""How long a connection is kept for the next request; vendors' own limits are about as long or longer."""

IDLE_CONNECTIONS = 100
"""How many idle connections are kept to one host."""

type Origin = tuple[bytes, bytes, int | None]
type GiveBack = Callable[[], Awaitable[None]]

PORTS = {b"http": 80, b"https": 443}


class Stack(httpx.AsyncBaseTransport):
    """Idle connections by origin, the one used last on top. No limit on how many are in use."""

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        self._idle: defaultdict[Origin, list[httpcore.AsyncHTTPConnection]] = defaultdict(list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send over an idle connection, or a new one; it is idle again when the response is closed."""
        url = request.url
        origin = (url.raw_scheme, url.raw_host, url.port)
        connection = await self._living(origin) or self._connection(origin)

        async def give_back() -> None:
            await self._release(origin, connection)

        try:
            with httpx_errors():
                response = await connection.handle_async_request(sent(request))
        except BaseException:
            await give_back()
            raise
        body = Lent(cast("AsyncIterable[bytes]", response.stream), response.aclose, give_back)
        return httpx.Response(response.status, headers=response.headers, stream=body)

    async def aclose(self) -> None:
        """Close what is idle."""
        for connections in self._idle.values():
            while connections:
                await connections.pop().aclose()

    async def _living(self, origin: Origin) -> httpcore.AsyncHTTPConnection | None:
        """The idle connection that was used last, None if there is none that the other side has left open."""
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if connection.is_available() and not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    def _connection(self, origin: Origin) -> httpcore.AsyncHTTPConnection:
        scheme, host, port = origin
        there = httpcore.Origin(scheme, host, port or PORTS[scheme])
        return httpcore.AsyncHTTPConnection(there, ssl_context=self._tls, keepalive_expiry=IDLE_SECONDS)

    async def _release(self, origin: Origin, connection: httpcore.AsyncHTTPConnection) -> None:
        if connection.is_available() and len(self._idle[origin]) < IDLE_CONNECTIONS:
            self._idle[origin].append(connection)
        else:
            await connection.aclose()


class Lent(httpx.AsyncByteStream):
    """A response's body that gives its connection back once, when closed."""

    def __init__(self, stream: AsyncIterable[bytes], close: GiveBack, give_back: GiveBack) -> None:
        self._stream, self._close = stream, close
        self._give_back: GiveBack | None = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with httpx_errors():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        """Close the body, then give back."""
        give_back, self._give_back = self._give_back, None
        if give_back:
            try:
                with httpx_errors():
                    await self._close()
            finally:
                await give_back()


def sent(request: httpx.Request) -> httpcore.Request:
    """The request as httpcore has it."""
    url = request.url
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    body = cast("AsyncIterable[bytes]", request.stream)
    return httpcore.Request(
        request.method, target, headers=request.headers.raw, content=body, extensions=request.extensions
    )


@contextmanager
def httpx_errors() -> Generator[None]:
    """httpcore's errors as httpx's of the same name."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(str(error)) from error


def client(connect: float) -> httpx.AsyncClient:
    """A client that keeps its connections; `connect` is the most seconds that a new one may take.

    How long an answer may take is not the client's business: `providers.http` holds each call to its deadline.
    """
    return httpx.AsyncClient(
        transport=Stack(),
        timeout=httpx.Timeout(None, connect=connect),
        headers={"accept-encoding": "identity"},
        follow_redirects=False,
    )
