"""One connection: a request goes out in one write, and what has arrived together is read together.

Parsed by llhttp, the parser of Node, through httptools: https://github.com/MagicStack/httptools.
"""

import asyncio
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MOST_UNREAD = 256 * 1024
"""Bytes of a body that wait for their reader; then the other side has to wait."""
LARGEST_HEAD = 128 * 1024
"""Bytes, those of informational responses included."""
NO_BODY = frozenset({204, 304})


class Broken(ConnectionError):
    """The connection ended before the answer did, or what came is not HTTP/1.1."""


class Connection(asyncio.Protocol):
    """Sends requests one after the other, GET or POST, and reads their answers: `ask`, `read` to the end, `ask` again.

    `status` and `headers` (names as they came) are those of the answer that is being read. `idle_since` is its owner's.
    """

    def __init__(self) -> None:
        self.closed = False
        self.idle_since = 0.0
        self._waiting: asyncio.Future[None] | None = None
        self._begin()
        self._whole = True

    def _begin(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._unread = self._head_size = 0
        self._whole = self._sized = self._keep = False
        self._error: Broken | None = None
        self._parser = HttpResponseParser(self)

    async def ask(self, request: bytes) -> None:
        """Send it and wait for the head of the answer. Raises Broken."""
        self._begin()
        if self.closed:
            raise Broken("The connection was closed before the request")
        self.transport.write(request)
        while not (self.status or self._error):
            await self._more()
        if not self.status and self._error:
            raise self._error

    async def read(self) -> bytes:
        """What has arrived of the body, once there is some of it; nothing at its end. Raises Broken."""
        while not (self._pieces or self._whole or self._error):
            await self._more()
        if self._pieces:
            return self._taken()
        if self._error:
            raise self._error
        return b""

    @property
    def reusable(self) -> bool:
        """Whether the answer has been read to its end and the other side keeps the connection."""
        return self._whole and self._keep and not (self.closed or self._pieces)

    def abort(self) -> None:
        """Close it at once."""
        self.closed = True
        if not self.loop.is_closed():
            self.transport.abort()

    async def _more(self) -> None:
        self._waiting = self.loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def _taken(self) -> bytes:
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        if self._unread > MOST_UNREAD and not self.closed:
            self.transport.resume_reading()
        self._pieces, self._unread = [], 0
        return data

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self.loop = asyncio.get_running_loop()
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        """asyncio's. What nobody asked for ends the connection."""
        before = self._unread
        self._head_size += 0 if self.status else len(data)
        try:
            if self._whole or self._head_size > LARGEST_HEAD:
                raise HttpParserError("more than was asked for")
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._fail(f"The answer is not HTTP/1.1 as it should be: {error}")
            self.abort()
        if before <= MOST_UNREAD < self._unread:
            self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's. It is how a body of no stated size ends."""
        self.closed = True
        if self.status and not self._sized and not exc and not self._error:
            self._whole = True
        self._fail("The connection was closed")
        self._wake()

    def _fail(self, why: str) -> None:
        if not (self._whole or self._error):
            self._error = Broken(why)

    def on_message_begin(self) -> None:
        """httptools'. One answer for one request."""
        if self._whole:
            raise Broken("A second answer came")

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools'."""
        self.headers.append((name, value))
        self._sized = self._sized or name.lower() in {b"content-length", b"transfer-encoding"}

    def on_headers_complete(self) -> None:
        """httptools'. An informational response has none of the answer yet."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers, self._sized = [], False
        else:
            self.status, self._sized = status, self._sized or status in NO_BODY

    def on_body(self, body: bytes) -> None:
        """httptools'."""
        self._pieces.append(body)
        self._unread += len(body)

    def on_message_complete(self) -> None:
        """httptools'."""
        if self.status:
            self._whole, self._keep = True, self._parser.should_keep_alive()
