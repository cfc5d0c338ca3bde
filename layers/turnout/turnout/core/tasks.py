"""Tasks that begin at once: what turns out to have nothing to wait for never costs a turn of the loop."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def begun[T](work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """`work`, run up to where it first waits; the task may be done already."""
    return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)


async def together(first: Coroutine[Any, Any, None], *others: Coroutine[Any, Any, None]) -> None:
    """All of them, side by side; none is left alone when the first raises, which is then raised."""
    tasks = [begun(work) for work in others]
    try:
        await first
    finally:
        if waiting := [task for task in tasks if not task.done()]:
            await asyncio.wait(waiting)
    for task in tasks:
        task.result()
