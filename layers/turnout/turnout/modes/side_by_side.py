"""Several calls at once, their events as they come; none holds back another, and none outlives whoever reads them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from turnout.core.errors import TurnoutError
from turnout.core.events import Delta, Done, Events

type Happening = tuple[int, Delta | Done | Exception | None]
"""The number of a call, and what it did; None: it has ended."""


async def side_by_side(calls: Sequence[Events]) -> AsyncGenerator[tuple[int, Delta | Done | TurnoutError]]:
    """What each call gives, under its number; the error of one that fails comes in the place of its `Done`.

    Closing the generator aborts all calls, and they are over when that is done. Raises what is no TurnoutError.
    """
    # Without a bound: who reads slowly must not make a vendor look slow. An answer is small.
    happenings = asyncio.Queue[Happening]()
    # Not a TaskGroup, which cannot be closed in the midst of a yield.
    tasks = [asyncio.create_task(_run(number, call, happenings)) for number, call in enumerate(calls)]
    try:
        running = len(tasks)
        while running:
            number, happening = await happenings.get()
            if happening is None:
                running -= 1
            elif isinstance(happening, Exception) and not isinstance(happening, TurnoutError):
                raise happening
            else:
                yield number, happening
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(number: int, call: Events, happenings: asyncio.Queue[Happening]) -> None:
    try:
        async with aclosing(call) as events:
            async for event in events:
                happenings.put_nowait((number, event))
    except Exception as error:  # noqa: BLE001 - whoever reads tells the expected from the rest
        happenings.put_nowait((number, error))
    happenings.put_nowait((number, None))
