"""Server-sent events of a vendor's answer, as (event, data) pairs, wherever the network splits the bytes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import httpx
from httpx_sse import EventSource, SSEError

from turnout.core.errors import Garbled

LARGEST_FRAME = 8 * 1024 * 1024
"""Bytes as they came over the network: more without an end of frame is no answer of a language model."""


async def frames(response: httpx.Response) -> AsyncGenerator[tuple[str, str]]:
    """The frames that carry data; `event` is "message" where the vendor named none.

    As https://html.spec.whatwg.org/multipage/server-sent-events.html has it: always UTF-8, a byte that is none becomes
    U+FFFD, and a frame without its empty line at the end never happened. Raises Garbled for another content type and
    for a frame over the limit; what httpx raises passes through.
    """
    response.encoding = "utf-8-sig"
    response.stream = limited = _Limited(_byte_stream(response))
    try:
        async with aclosing(EventSource(response).aiter_sse()) as events:
            async for event in events:
                limited.unframed = 0
                if event.data:
                    yield event.event, event.data
    except SSEError as error:
        kind = response.headers.get("content-type", "no content type")
        raise Garbled(f"The vendor answered {kind} where a stream of events was due") from error


def _byte_stream(response: httpx.Response) -> httpx.AsyncByteStream:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("frames() reads responses of an httpx.AsyncClient only")
    return response.stream


@dataclass(slots=True)
class _Limited(httpx.AsyncByteStream):
    """The same bytes, until too many have come without a frame: its reader sets `unframed` to 0 at each one."""

    stream: httpx.AsyncByteStream
    unframed: int = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.stream:
            self.unframed += len(chunk)
            if self.unframed > LARGEST_FRAME:
                raise Garbled(f"The vendor sent {self.unframed} bytes without the end of a frame")
            yield chunk

    async def aclose(self) -> None:
        await self.stream.aclose()
