"""The guard: looks at the canary every few minutes, and promotes it or takes it back by itself.

When there is none it reads one item and is done. What a look found is kept before the pointer moves, so a crash in
between loses nothing: the look after finds the same and moves it. Whoever moves the pointer meanwhile is right.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from turnout.core.errors import Conflict
from turnout.core.frozen import frozen
from turnout.core.policies import Pointer
from turnout.core.ports import Clock, Policies
from turnout.policy.canary import Judgement, Verdict, judged
from turnout.policy.canary_terms import Terms
from turnout.policy.canary_watch import Watch, looked
from turnout.policy.rollup import Cell, Counts, Dimension, Grain

HOUR = 3_600
BY = "The guard: "
"""How its reasons begin in a version's history."""


class Rollups(Protocol):
    """The rollups, read."""

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        """All cells of the periods that have a part in [since, until)."""
        ...


class Watches(Protocol):
    """What the guard keeps from look to look."""

    async def find(self, version: str) -> Watch | None:
        """What was kept last."""
        ...

    async def keep(self, watch: Watch) -> None:
        """Keep it. Raises Conflict when another guard has looked meanwhile."""
        ...


@frozen
class Look:
    """What a run of the guard came to, as its log tells it: `verdict` is "idle" where there was no canary."""

    verdict: Verdict | str
    why: str
    version: str = ""


@frozen
class Guard:
    """`priors` is the version by which requests go that no policy decides."""

    policies: Policies
    watches: Watches
    rollups: Rollups
    priors: str
    terms: Terms
    clock: Clock

    async def look(self) -> Look:
        """Look once. Raises StoreUnavailable."""
        pointer = await self.policies.pointer()
        if not pointer.canary:
            return Look("idle", "There is no canary.")
        watch = await self._watched(pointer)
        judgement = judged(watch.evidence, watch.requests, watch.at - watch.since, self.terms)
        try:
            await self.watches.keep(replace(watch, told=judgement.why))
            await self._moved(pointer, judgement)
        except Conflict as error:
            return Look("watch", f"Left to another: {error.message}", pointer.canary)
        return Look(judgement.verdict, judgement.why, pointer.canary)

    async def _watched(self, pointer: Pointer) -> Watch:
        """The watch with what came since the last look."""
        now = self.clock.time()
        before = await self.watches.find(pointer.canary)
        if before is None or before.since != pointer.canary_since:  # it was a canary before
            before = Watch(pointer.canary, pointer.canary_since)
        # Rows come late by a little, so the hour before may grow as well.
        cells = await self.rollups.cells("route", "hour", (before.at or now) - HOUR, now + 1)
        return looked(before, cells, pointer.active or self.priors, now, self.terms)

    async def _moved(self, pointer: Pointer, judgement: Judgement) -> None:
        if move := MOVES.get(judgement.verdict):
            await move(self.policies, pointer, BY + judgement.why)


async def _promote(policies: Policies, pointer: Pointer, why: str) -> None:
    await policies.activate(pointer.canary, why, pointer.revision)


async def _roll_back(policies: Policies, pointer: Pointer, why: str) -> None:
    await policies.rollback(why, pointer.revision)


MOVES: Mapping[Verdict, Callable[[Policies, Pointer, str], Awaitable[None]]] = {
    "promote": _promote,
    "roll_back": _roll_back,
}
