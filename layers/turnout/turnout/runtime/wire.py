"""HTTP/1.1 over asyncio streams, as much of it as the Runtime API needs: importing a client would cost more."""

import asyncio
from collections.abc import Mapping
from typing import Self

from turnout.core.frozen import frozen

LAST_CHUNK = b"0\r\n"


@frozen
class Reply:
    """A response that was read to its end; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One request and its reply, on a connection of their own: the environment may be frozen between two of them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: str, method: str, path: str, headers: Mapping[str, str]) -> Self:
        """Connect to `host:port` and send the head of a request. Raises OSError."""
        host, _, port = address.rpartition(":")
        exchange = cls(*await asyncio.open_connection(host, int(port)))
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in {"Host": address, **headers}.items())]
        await exchange.send("\r\n".join([*lines, "", ""]).encode("ascii"))
        return exchange

    async def send(self, data: bytes) -> None:
        """Send a part of the body; waits while the other side reads slowly. Raises OSError."""
        self._writer.write(data)
        await self._writer.drain()

    async def reply(self) -> Reply:
        """The response, after which the exchange is over. Raises OSError."""
        try:
            status, headers = _head(await self._reader.readuntil(b"\r\n\r\n"))
            return Reply(status, headers, await self._body(headers))
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the Runtime API ended its reply early") from error
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        return await self._reader.readexactly(int(headers.get("content-length", "0")))

    async def _chunks(self) -> bytes:
        body = bytearray()
        while size := int((await self._reader.readline()).partition(b";")[0], 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        return bytes(body)


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of a chunked body (RFC 9112, 7.1); it must not be empty, for that would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _head(block: bytes) -> tuple[int, dict[str, str]]:
    status_line, *lines = block.decode("latin-1").rstrip("\r\n").split("\r\n")
    fields = (line.partition(":") for line in lines)
    return int(status_line.split(" ", 2)[1]), {name.lower(): value.strip() for name, _, value in fields}
