"""How vendors are reached: httpx's requests and responses over kept connections of our own (`turnout.http1`).

httpx's pool looks through all its connections at each request and each release, and its HTTP is parsed in Python; at 50
calls that quarters what a process can do: `python -m benchmarks.transport`, decision 3 in docs/decisions.md.
"""

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from functools import lru_cache

import httpx

from turnout.http1.connection import Broken, Connection
from turnout.http1.connections import PORTS, Connections, Origin, Unreached

FINISHED = "turnout.finished"


class Kept(httpx.AsyncBaseTransport):
    """Connections are kept; a new one may take `connect` seconds at most.

    How long an answer may take is not its business: `providers.http` holds each call to its deadline.
    """

    def __init__(self, connect: float) -> None:
        self._connections = Connections()
        self._connect = connect

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it; the connection is given back when the response is closed. Raises httpx.TransportError.

        The response's extension FINISHED is for a reader that has seen the format's own end, before that of HTTP's: the
        connection is then kept.
        """
        origin = _origin(request.url.scheme, request.url.host, request.url.port)
        with httpx_errors():
            connection = await self._connections.ask(origin, as_bytes(request), self._connect)
        body = Body(connection, self._connections, origin)
        return httpx.Response(
            connection.status, headers=connection.headers, stream=body, extensions={FINISHED: body.finished}
        )

    async def aclose(self) -> None:
        """Close what is idle."""
        self._connections.close()


@lru_cache(maxsize=256)
def _origin(scheme: str, host: str, port: int | None) -> Origin:
    return Origin(scheme, host, port or PORTS[scheme])


class Body(httpx.AsyncByteStream):
    """A response's body, a piece for all that has arrived together; gives its connection back once, when closed."""

    def __init__(self, connection: Connection, connections: Connections, origin: Origin) -> None:
        self._connection: Connection | None = connection
        self._connections, self._origin = connections, origin
        self._ending = False

    def finished(self) -> None:
        """Nothing more is wanted of it."""
        self._ending = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with httpx_errors():
            while self._connection and (piece := await self._connection.read()):
                yield piece

    async def aclose(self) -> None:
        """Give the connection back."""
        if connection := self._connection:
            self._connection = None
            self._connections.give_back(self._origin, connection, ending=self._ending)


def as_bytes(request: httpx.Request) -> bytes:
    """Head and body as they are sent. Raises httpx.LocalProtocolError for a line break where there can be none."""
    headers = request.headers.raw
    first = b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)
    head = first + b"".join([b"%b: %b\r\n" % header for header in headers])
    if head.count(b"\n") + head.count(b"\r") != 2 * (len(headers) + 1):
        raise httpx.LocalProtocolError("A header has a line break in it")
    return head + b"\r\n" + request.content


@contextmanager
def httpx_errors() -> Generator[None]:
    """Our errors as httpx's."""
    try:
        yield
    except Unreached as error:
        late = isinstance(error.__cause__, TimeoutError)
        raise (httpx.ConnectTimeout if late else httpx.ConnectError)(str(error)) from error
    except Broken as error:
        raise httpx.RemoteProtocolError(str(error)) from error
