"""Connections by origin: idle ones are kept, the one used last on top; how many are in use has no limit."""

import asyncio
import select
import ssl
import time
from collections import defaultdict
from contextlib import suppress
from functools import cache
from urllib.parse import urlsplit

from turnout.core.frozen import frozen
from turnout.http1.connection import Broken, Connection

IDLE_SECONDS = 60.0
"""How long a connection is kept for the next request; vendors' own limits are about as long or longer."""
IDLE_CONNECTIONS = 100
"""How many idle connections are kept to one host."""
ENDING_SECONDS = 1.0
"""How long the end of an answer may take that has said all: a new connection to most vendors costs a tenth of that."""
FRESH_SECONDS = 0.5
"""A connection that was idle for longer may have ended unseen, while Lambda had stopped the clock of the loop."""


PORTS = {"http": 80, "https": 443}


class Unreached(ConnectionError):
    """No connection could be made, or not in time."""


@frozen
class Origin:
    """Where a server is."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Of a URL. Raises KeyError unless it begins with http: or https:."""
        parts = urlsplit(url)
        return cls(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme])


@cache
def trusted() -> ssl.SSLContext:
    """The machine's own trust, read once: it takes some 10 ms."""
    return with_alpn(ssl.create_default_context())


def with_alpn(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same, saying that HTTP/1.1 is spoken."""
    context.set_alpn_protocols(["http/1.1"])
    return context


class Connections:
    """`tls` defaults to the machine's trust."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._endings: set[asyncio.Task[None]] = set()

    async def ask(self, origin: Origin, request: bytes, connect_seconds: float) -> Connection:
        """A connection with the head of the answer; to be given back. Raises Unreached or Broken."""
        connection = self._living(origin) or await self._opened(origin, connect_seconds)
        try:
            await connection.ask(request)
        except BaseException:
            connection.abort()
            raise
        return connection

    async def whole(self, origin: Origin, request: bytes, connect_seconds: float) -> tuple[int, bytes]:
        """The status and the body of the answer, for small ones. Raises Unreached or Broken."""
        connection, content = await self.ask(origin, request, connect_seconds), b""
        try:
            while piece := await connection.read():
                content += piece
        finally:
            self.give_back(origin, connection)
        return connection.status, content

    def give_back(self, origin: Origin, connection: Connection, *, ending: bool = False) -> None:
        """It is kept if its answer has been read to the end, else closed.

        `ending`: nothing more is wanted of the answer, whose end is about to come; it is waited for aside.
        """
        if ending and not (connection.closed or connection.reusable):
            task = asyncio.create_task(self._kept_later(origin, connection))
            self._endings.add(task)
            task.add_done_callback(self._endings.discard)
        else:
            self._keep(origin, connection)

    def _keep(self, origin: Origin, connection: Connection) -> None:
        idle = self._idle[origin]
        if connection.reusable and len(idle) < IDLE_CONNECTIONS:
            connection.idle_since = time.monotonic()
            idle.append(connection)
        else:
            connection.abort()

    async def _kept_later(self, origin: Origin, connection: Connection) -> None:
        with suppress(Broken, TimeoutError):
            async with asyncio.timeout(ENDING_SECONDS):
                while await connection.read():
                    pass
        self._keep(origin, connection)

    def close(self) -> None:
        """Close those that are idle."""
        for idle in self._idle.values():
            while idle:
                idle.pop().abort()

    def _living(self, origin: Origin) -> Connection | None:
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if _lives(connection):
                return connection
            connection.abort()
        return None

    async def _opened(self, origin: Origin, connect_seconds: float) -> Connection:
        tls = (self._tls or trusted()) if origin.scheme == "https" else None
        try:
            async with asyncio.timeout(connect_seconds):
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(Connection, origin.host, origin.port, ssl=tls)
        except TimeoutError as error:
            raise Unreached(f"No connection within {connect_seconds:.1f} s") from error
        except OSError as error:
            raise Unreached(str(error)) from error
        return connection


def _lives(connection: Connection) -> bool:
    age = time.monotonic() - connection.idle_since
    here = connection.loop is asyncio.get_running_loop()
    return here and not connection.closed and age < IDLE_SECONDS and (age < FRESH_SECONDS or not _readable(connection))


def _readable(connection: Connection) -> bool:
    """Whether something has come that nobody asked for; most often the end."""
    poll = select.poll()
    poll.register(connection.transport.get_extra_info("socket"), select.POLLIN)
    return bool(poll.poll(0))
