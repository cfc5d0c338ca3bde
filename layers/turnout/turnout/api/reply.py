"""An answer on its way to the client, and the row of it once the last byte is out.

A plain answer is a stream of one frame, so there is one path for both. An error before the first frame decides the
status; after it, it is a frame of its own, and the stream ends without `[DONE]`.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from turnout.api import explain, limits, openai, sse
from turnout.api.problems import Problem, problem
from turnout.core.errors import TurnoutError
from turnout.core.ports import RequestLog
from turnout.core.tasks import begun
from turnout.pipeline import Exchange

PLAIN = ((b"content-type", b"application/json"),)
STREAM = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # or nginx gathers the chunks
)


class Reply(Response):
    """Sends what an exchange yields, for as long as the client listens; then closes it and writes its row."""

    def __init__(self, exchange: Exchange, log: RequestLog, *, include_usage: bool) -> None:
        super().__init__()
        self._exchange = exchange
        self._log = log
        streamed = exchange.record.stream
        self._frames = sse.stream(exchange, include_usage=include_usage) if streamed else openai.whole(exchange)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """The row is written however the sending ends, and nothing interrupts the writing."""
        try:
            await while_connected(receive, self._send(send))
            await self._exchange.afterwards()
        finally:
            await to_the_end(self._log.write(self._exchange.record))

    async def _send(self, send: Send) -> None:
        async with aclosing(self._messages()) as messages:
            async for message in messages:
                await send(message)

    async def _messages(self) -> AsyncGenerator[Message]:
        """The answer as ASGI messages. Raises nothing."""
        started = False
        try:
            async with aclosing(self._exchange.events), aclosing(self._frames) as frames:
                async for frame in frames:
                    if not started:
                        yield self._start(frame)
                        started = True
                    yield {"type": "http.response.body", "body": frame, "more_body": True}
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a proper end
            for message in self._failed(error, started=started):
                yield message
        yield {"type": "http.response.body", "body": b"", "more_body": False}

    def _start(self, first: bytes) -> Message:
        record = self._exchange.record
        told = (*explain.headers(record, settled=not record.stream), *limits.headers(self._exchange.left()))
        headers = [(name.encode(), value.encode()) for name, value in told]
        size = () if record.stream else ((b"content-length", str(len(first)).encode()),)
        return _start(200, [*(STREAM if record.stream else PLAIN), *size, *headers])

    def _failed(self, error: Exception, *, started: bool) -> tuple[Message, ...]:
        record = self._exchange.record
        if not isinstance(error, TurnoutError):
            record.outcome, record.status, record.code = "error", 500, TurnoutError.code
        told = problem(error, record.id, record)
        if started:
            return ({"type": "http.response.body", "body": sse.frame(told.body), "more_body": True},)
        return _whole(replace(told, headers=(*told.headers, *limits.headers(self._exchange.left()))))


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> Message:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _whole(told: Problem) -> tuple[Message, ...]:
    response = told.response()
    body: Message = {"type": "http.response.body", "body": response.body, "more_body": True}
    return _start(told.status, response.raw_headers), body


async def while_connected(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do `work` until it is done or the client has gone; then it is cancelled, and has ended on return."""
    # A server may also say by an OSError that nobody listens any more; the TimeoutError of the client's going is one.
    with suppress(OSError):
        async with asyncio.timeout(None) as listening:
            gone = begun(_end_with_client(receive, listening))
            try:
                await work
            finally:
                gone.cancel()


async def _end_with_client(receive: Receive, listening: asyncio.Timeout) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listening.reschedule(asyncio.get_running_loop().time())


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` whole, even if the caller is cancelled meanwhile: the cancellation then comes after it."""
    task = asyncio.create_task(work)  # not begun at once: what was sent goes out first
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
