"""The app's lifespan, run once for each environment (https://asgi.readthedocs.io/en/latest/specs/lifespan.html)."""

import asyncio
from typing import Any

from turnout.runtime.asgi import App, Message


class StartFailed(RuntimeError):
    """The app could not start; the message is the app's own."""


class Lifespan:
    """`app` and, in `state`, what it keeps for its requests."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let the app start; an app that knows no lifespan is served without. Raises StartFailed."""
        self._task = asyncio.create_task(self._run())
        answer = await self._tell("lifespan.startup")
        if answer["type"] == "lifespan.startup.failed":
            raise StartFailed(answer.get("message") or "the app's lifespan failed")

    async def stop(self) -> None:
        """Let the app end, if it takes part."""
        if self._task and not self._task.done():
            await self._tell("lifespan.shutdown")

    async def _tell(self, kind: str) -> Message:
        self._inbox.put_nowait({"type": kind})
        return await self._outbox.get()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self.app(scope, self._inbox.get, self._outbox.put)
        except Exception as error:  # noqa: BLE001  the specification: an error here means that there is no lifespan
            self._outbox.put_nowait({"type": "lifespan.unsupported", "message": type(error).__name__})
        else:
            self._outbox.put_nowait({"type": "lifespan.ended"})
