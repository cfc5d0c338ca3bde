"""HTTP/1.1 on one socket: reads requests, plays steps, and can break off in every way that TCP knows."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

from local.simulators.personas.protocol import Asked
from local.simulators.steps import Cut, Head, Send, Step, Steps, Wait

LARGEST_READ = 65536


class ClientGone(Exception):
    """The other side closed the connection while we were still answering."""


class Connection:
    """One client's connection; `idle` when it is between requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)
        self.idle = True

    async def requests(self) -> AsyncIterator[Asked]:
        """The requests that come, until one side is done."""
        while True:
            head = await self._event()
            if not isinstance(head, h11.Request):
                return
            self.idle = False
            yield asked(head, await self._body())
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()
            self.idle = True

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(LARGEST_READ))
        return event  # pyright: ignore[reportReturnType]  # NEED_DATA has been looped over

    async def _body(self) -> bytes:
        parts = list[bytes]()
        while isinstance(event := await self._event(), h11.Data):
            parts.append(bytes(event.data))
        return b"".join(parts)

    async def _send(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    async def play(self, steps: Steps) -> Cut | None:
        """Send what the steps say; how it was cut, if it was. Raises ClientGone."""
        for step in steps:
            if isinstance(step, Cut):
                self.cut(step)
                return step
            await self._play(step)
        await self._send(h11.EndOfMessage())
        return None

    async def _play(self, step: Head | Send | Wait) -> None:
        match step:
            case Head():
                await self._send(
                    h11.Response(status_code=step.status, headers=_headers(step), reason=reason(step.status))
                )
            case Send(data):
                await self._send(h11.Data(data=data))
            case Wait(seconds):
                await self._pause(seconds)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but notice if the client leaves."""
        if seconds <= 0:
            return
        try:
            data = await asyncio.wait_for(self._reader.read(LARGEST_READ), seconds)
        except TimeoutError:
            return
        if not data:
            raise ClientGone
        self._http.receive_data(data)
        await asyncio.sleep(seconds)

    def cut(self, how: Cut) -> None:
        """End the connection now. A reset drops what is unsent."""
        if how is Cut.RESET:
            linger = struct.pack("ii", 1, 0)
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._writer.transport.abort()
        self._writer.close()

    def end(self) -> None:
        """Close; what is unsent by then is sent only if the response was whole."""
        if self.idle or self._http.our_state in {h11.DONE, h11.MUST_CLOSE, h11.CLOSED}:
            self._writer.close()
        elif not self._writer.is_closing():
            self._writer.transport.abort()


def _headers(head: Head) -> list[tuple[str, str]]:
    framing = ("transfer-encoding", "chunked") if head.length is None else ("content-length", str(head.length))
    return [*head.headers.items(), framing]


def reason(status: int) -> str:
    """The phrase beside the status; some vendors' statuses have none."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def asked(head: h11.Request, body: bytes) -> Asked:
    """The request as personas read it."""
    url = urlsplit(head.target.decode("ascii"))
    return Asked(
        method=head.method.decode("ascii"),
        path=unquote(url.path),
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers={name.decode("ascii"): value.decode("latin-1") for name, value in head.headers},
        body=body,
    )


def told(status: int, body: bytes, headers: dict[str, str] | None = None) -> list[Step]:
    """A plain response of ours, in JSON."""
    return [Head(status, {"content-type": "application/json", **(headers or {})}, len(body)), Send(body)]
