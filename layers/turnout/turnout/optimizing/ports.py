"""What a run of the optimizer needs, what a deployment has decided on it, and what comes of it."""

from collections.abc import Sequence
from typing import Literal, Protocol

from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.outcomes import Outcomes
from turnout.policy.goals import Constraints
from turnout.policy.report_sums import Cells
from turnout.policy.rollup import Dimension, Grain

type Mode = Literal["recommend", "canary"]
"""What is done with a policy that is better: it is recommended, or it is tried on a part of the sessions, too."""


UNCONSTRAINED = Constraints()


class Rollups(Protocol):
    """The rollups, read."""

    async def cells(self, dimension: Dimension, grain: Grain, since: float, until: float) -> Cells:
        """All cells of the periods that have a part in [since, until), epoch seconds."""
        ...


class Reports(Protocol):
    """Where reports are kept."""

    async def write(self, id_: str, page: str, json: bytes) -> str:
        """Keep a report; its key. Raises ReportNotWritten."""
        ...

    async def read(self, id_: str, suffix: str) -> bytes | None:
        """A report as "html" or "json"; None when there is none."""
        ...


class Lease(Protocol):
    """Who may run."""

    async def take(self, owner: str, seconds: float) -> str:
        """Who holds it now: `owner`, if it was free."""
        ...

    async def give_back(self, owner: str) -> None:
        """Nobody holds it, if `owner` did."""
        ...


@frozen
class Setting:
    """What a deployment has decided: how many `days` are looked at, and the `share` of the sessions of a canary."""

    days: int = 28
    mode: Mode = "recommend"
    share: float = 0.1
    constraints: Constraints = UNCONSTRAINED


@frozen
class Known:
    """The models of the default chain, and what was expected of them before any observation."""

    models: Sequence[Model]
    prior: Outcomes


@frozen
class Result:
    """What came of a run; its report has its id. `busy`: another run is under way, and this one did nothing.

    `policy` is the version that it recommends, "" for none.
    """

    run: str
    status: Literal["done", "busy"]
    headline: str
    message: str
    policy: str = ""
