"""The optimizer in this process, where the cloud has a function for it."""

import asyncio
from collections.abc import Callable

from turnout.core.errors import TurnoutError
from turnout.optimizing.run import Optimizer


class HereStarter:
    """Runs in a thread beside the requests; `tell` gets a line when one is over."""

    def __init__(self, optimizer: Optimizer, tell: Callable[[str], None]) -> None:
        self._optimizer, self._tell = optimizer, tell
        self._runs: set[asyncio.Task[None]] = set()

    async def start(self, run: str) -> None:
        """Begin a run of this id."""
        task = asyncio.create_task(self._run(run))
        self._runs.add(task)
        task.add_done_callback(self._runs.discard)

    async def _run(self, run: str) -> None:
        try:
            result = await asyncio.to_thread(lambda: asyncio.run(self._optimizer.run(run)))
        except TurnoutError as error:
            self._tell(f"the optimizer, run {run}: {error.message} Nothing was applied.")
        else:
            self._tell(f"the optimizer, run {run}: {' '.join(filter(None, (result.headline, result.message)))}")
