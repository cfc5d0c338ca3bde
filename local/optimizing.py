"""The optimizer in this process, where the cloud has a function for it and EventBridge Scheduler that calls it."""

import asyncio
from collections.abc import Callable

from turnout.api.console.services import Starter
from turnout.core.errors import TurnoutError
from turnout.core.ports import Clock
from turnout.core.reporting import run_id
from turnout.optimizing.ports import Rollups
from turnout.optimizing.run import Optimizer
from turnout.policy.rollup import Rollup


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


class Schedule:
    """Begins a run when it is due, if requests were counted since the last: an idle laptop writes no reports."""

    def __init__(self, starter: Starter, rollups: Rollups, clock: Clock) -> None:
        self._starter, self._rollups, self._clock = starter, rollups, clock
        self._since, self._seen = clock.time(), 0

    async def due(self) -> None:
        """Begin a run, or leave it. Raises StoreUnavailable."""
        now = self._clock.time()
        cells = await self._rollups.cells("route", "day", self._since, now)
        seen = sum(Rollup(counts).requests for _, counts in cells)
        if seen != self._seen:
            self._seen = seen
            await self._starter.start(run_id(now))
