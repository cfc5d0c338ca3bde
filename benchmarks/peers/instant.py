"""An HTTP server that costs next to nothing, so that what is measured is the gateway in front of it."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import cast

from local import serving

type Answer = Callable[[bytes, bytes], Sequence[bytes]]
"""What is sent for a request's head and body: each piece by itself, as frames of a stream come from a vendor."""


class Instant(asyncio.Protocol):
    """One connection, kept alive: one request after the other."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a request is whole."""
        self._buffer += data
        head, ended, rest = self._buffer.partition(b"\r\n\r\n")
        if not ended or len(rest) < (length := content_length(head)):
            return
        self._buffer = rest[length:]
        first, *more = self._answer(head, rest[:length])
        self._transport.write(first)
        if more:
            self._playing = asyncio.ensure_future(self._play(more))

    async def _play(self, pieces: Sequence[bytes]) -> None:
        for piece in pieces:
            await asyncio.sleep(0)
            self._transport.write(piece)


def content_length(head: bytes) -> int:
    """Of the body that a head announces; 0 without one."""
    _, found, after = head.lower().partition(b"content-length:")
    return int(after.partition(b"\r\n")[0]) if found else 0


def whole(body: bytes, content_type: bytes = b"application/json") -> bytes:
    """A response of 200."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (content_type, len(body), body)


def chunk(data: bytes) -> bytes:
    """A piece of a response of unknown length; the empty one ends it."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def serve(answer: Answer) -> None:
    """Serve on a free port of the loopback until the process is ended; the port is the first line of output."""

    async def forever() -> None:
        with serving.listening(0) as listening:
            server = await asyncio.get_running_loop().create_server(lambda: Instant(answer), sock=listening)
            print(listening.getsockname()[1], flush=True)
            await server.serve_forever()

    try:
        serving.run(forever())
    except KeyboardInterrupt:
        sys.exit()
