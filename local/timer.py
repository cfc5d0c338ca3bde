"""What EventBridge Scheduler does in the cloud: something again and again, beside what else runs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

log = logging.getLogger("turnout.local")


@asynccontextmanager
async def every(seconds: float, work: Callable[[], Awaitable[None]], first: float = 0.0) -> AsyncGenerator[None]:
    """While the block runs, do `work`, wait, and do it again; one that fails is logged, and the next comes in time.

    `first` is how many seconds pass before the first one.
    """
    task = asyncio.create_task(_repeat(seconds, work, first))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _repeat(seconds: float, work: Callable[[], Awaitable[None]], first: float) -> None:
    await asyncio.sleep(first)
    while True:
        try:
            await work()
        except Exception:
            log.exception("what the timer started has failed; it will be started again in %g s", seconds)
        await asyncio.sleep(seconds)
