"""What the console's endpoints are given, by `turnout.bootstrap` or by a test."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from turnout.core.ports import Clock, Keys
from turnout.core.search import Feedback, Logged, Page, Position, Search
from turnout.policy.rollup import Cell, Counts, Dimension, Grain


class Requests(Protocol):
    """The request log, read."""

    async def find(self, request_id: str) -> Logged | None:
        """The row of one request."""
        ...

    async def page(self, search: Search, limit: int, after: Position | None = None) -> Page:
        """Up to `limit` rows behind `after`, newest first."""
        ...


class Rollups(Protocol):
    """The rollups, read."""

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        """All cells of the periods that have a part in [since, until)."""
        ...


class Circuits(Protocol):
    """The shared circuits."""

    async def opened(self) -> Collection[str]:
        """The names of models and vendors whose circuit is open."""
        ...


class FeedbackBox(Protocol):
    """Where feedback goes."""

    async def give(self, request_id: str, key_id: str, score: Decimal, comment: str) -> Feedback | None:
        """Keep what a key thinks of an answer, in place of what it thought before; None when it has no such request."""
        ...


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """All that the console needs of the world."""

    keys: Keys
    requests: Requests
    rollups: Rollups
    circuits: Circuits
    feedback: FeedbackBox
    clock: Clock
