"""HTTP/1.1 as the Runtime API speaks it, from bytes in memory."""

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.runtime.wire import LAST_CHUNK, Exchange, Reply, chunk


class Closing:
    """As much of a StreamWriter as reading a reply needs."""

    def close(self) -> None:
        """Nothing to close."""


def read(data: bytes) -> Reply:
    """The reply that `data` is, when nothing comes after it."""

    async def reading() -> Reply:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await Exchange(reader, cast("asyncio.StreamWriter", Closing())).reply()

    return asyncio.run(reading())


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nOK", Reply(202, {"content-length": "2"}, b"OK")),
        (b"HTTP/1.1 202 \r\n\r\n", Reply(202, {}, b"")),
        (b"HTTP/1.1 200 OK\r\nA:  b c \r\nE:\r\n\r\n", Reply(200, {"a": "b c", "e": ""}, b"")),
    ],
)
def test_a_reply_is_read(data: bytes, reply: Reply) -> None:
    assert read(data) == reply


@given(st.lists(st.binary(min_size=1)))
def test_a_chunked_body_is_read_whole(parts: list[bytes]) -> None:
    chunks = b"".join(map(chunk, parts)) + LAST_CHUNK + b"\r\n"
    assert read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks).body == b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_reply_that_ends_early_is_a_broken_connection(data: bytes) -> None:
    with pytest.raises(OSError, match="ended its reply early"):
        read(data)
