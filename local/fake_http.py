"""The server's side of one HTTP/1.1 connection, with what the stand-in for Lambda needs: trailers, and hanging up."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import h11

type Headers = Iterable[tuple[str, str]]


class Connection:
    """One exchange after another, over asyncio streams and h11."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._state = h11.Connection(h11.SERVER)

    async def requests(self) -> AsyncIterator[h11.Request]:
        """The requests that come, each to be read and answered whole before the next."""
        while isinstance(event := await self.event(), h11.Request):
            yield event
            if self._state.our_state is not h11.DONE or self._state.their_state is not h11.DONE:
                return
            self._state.start_next_cycle()

    async def event(self) -> object:
        """The next thing that the other side does, in terms of h11."""
        while (event := self._state.next_event()) is h11.NEED_DATA:
            self._state.receive_data(await self._reader.read(65536))
        return event

    async def body(self) -> bytes:
        """The whole body of the request."""
        body = b""
        while isinstance(event := await self.event(), h11.Data):
            body += event.data
        return body

    async def start(self, status: int, headers: Headers) -> None:
        """Begin a response of unknown length."""
        raw = [(name.encode(), value.encode()) for name, value in headers]
        await self._send(h11.Response(status_code=status, headers=[*raw, (b"transfer-encoding", b"chunked")]))

    async def write(self, data: bytes) -> None:
        """One chunk."""
        await self._send(h11.Data(data=data))

    async def end(self) -> None:
        """The end of a response that was begun."""
        await self._send(h11.EndOfMessage())

    async def reply(self, status: int, body: bytes = b"", headers: Headers = ()) -> None:
        """A whole response."""
        raw = [(name.encode(), value.encode()) for name, value in [*headers, ("content-length", str(len(body)))]]
        await self._send(h11.Response(status_code=status, headers=raw))
        await self._send(h11.Data(data=body))
        await self.end()

    def abort(self) -> None:
        """Break the connection, so that the other side sees that the response was cut."""
        self._writer.transport.abort()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._state.send(event) or b"")
        await self._writer.drain()


def lower(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers as text, by their names in lower case."""
    return {name.decode().lower(): value.decode() for name, value in headers}
