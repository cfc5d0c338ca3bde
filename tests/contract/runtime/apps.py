"""Apps in plain ASGI, served by the runtime in its tests."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from turnout.runtime.asgi import Message, Receive, Scope, Send


def start(status: int = 200, headers: Mapping[str, str] | None = None) -> Message:
    """The head of an answer."""
    raw = [(name.encode(), value.encode()) for name, value in (headers or {"content-type": "text/plain"}).items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


def piece(body: bytes, *, more: bool = True) -> Message:
    """A part of its body."""
    return {"type": "http.response.body", "body": body, "more_body": more}


@dataclass
class Paced:
    """Sends a piece whenever the test hands it one, so that the test sees each before the next is made; None ends."""

    pieces: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue[bytes | None])
    rows: list[str] = field(default_factory=list[str])
    may_write: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, and then writes a row when the test lets it."""
        await send(start())
        while body := await self.pieces.get():
            await send(piece(body))
        await send(piece(b"", more=False))
        await self.may_write.wait()
        self.rows.append(scope["path"])


@dataclass
class Failing:
    """Sends `before` and then raises `error`."""

    error: Exception
    before: list[Message]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Fails, unless asked for `/well`."""
        if scope["path"] == "/well":
            await send(start())
            await send(piece(b"well", more=False))
            return
        for message in self.before:
            await send(message)
        raise self.error


@dataclass
class Stalling:
    """Sends `before` and then never anything more, but writes down that it was cancelled."""

    before: list[Message]
    rows: list[str] = field(default_factory=list[str])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits for ever."""
        for message in self.before:
            await send(message)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.rows.append("aborted")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """The body of the request, as it came."""
    body: Any = (await receive())["body"]
    await send(start())
    await send(piece(body, more=False))
