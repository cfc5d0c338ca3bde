"""What a team wants of a policy: the limits that no goal may break, and how sure and how large a gain must be."""

from collections.abc import Mapping

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.models import Capability, Model

KEEP: Mapping[Goal, float] = {"balanced": 0.995, "cost": 0.97, "latency": 0.985, "reliability": 0.995}
"""How much of the best single model's quality a policy surely keeps over all tasks that are judged, by goal."""

NEEDS: Mapping[str, frozenset[Capability]] = {
    "tools": frozenset({"tools"}),
    "vision": frozenset({"images"}),
}
"""What every request of a task needs, where its name says so; a model without it is none for the task."""

CAUTIONS = (
    *(20.0, 17.0, 14.0, 12.0, 10.0, 8.5, 7.0, 6.0, 5.0, 4.2, 3.5, 3.0, 2.5, 2.1, 1.8, 1.5, 1.25, 1.1, 1.0),
    *(0.85, 0.7, 0.6, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09, 0.06, 0.03, 0.0),
)
"""What USD and seconds may weigh, as a multiple of the goal's weights; the first that keeps enough quality is taken."""


@frozen
class Constraints:
    """A team's own limits; the defaults have none.

    A primary's expected quality is at least `min_quality` (0 to 1), and over all judged tasks the policy keeps
    `keep_quality` of the best single model's, None: what `KEEP` has for the goal. A request is expected to cost
    `max_cost_usd` and to take `max_latency_ms` at most. Only `vendors` and `models` (ids) are chosen, () for all.
    Nothing is decided on fewer than `least` effective samples. A change must gain `margin` of what the present primary
    falls short of a perfect answer at no cost and in no time. A chain has up to so many `fallbacks`.
    Raises ValueError, which names the field.
    """

    min_quality: float = 0.0
    keep_quality: float | None = None
    max_cost_usd: float | None = None
    max_latency_ms: float | None = None
    vendors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    least: int = 100
    margin: float = 0.02
    fallbacks: int = 2

    def __post_init__(self) -> None:
        for name in ("min_quality", "keep_quality", "margin"):
            _check(name, getattr(self, name), most=1.0)
        for name in ("max_cost_usd", "max_latency_ms", "fallbacks"):
            _check(name, getattr(self, name))
        if self.least < 2:
            raise ValueError(f"least is {self.least}; give 2 samples or more, or no interval can be told")

    def keep(self, goal: Goal) -> float:
        """The part of the best single model's quality that is kept for a goal."""
        return KEEP[goal] if self.keep_quality is None else self.keep_quality

    def forbids(self, model: Model, task: str) -> str:
        """Why a model may not be chosen for a task, in a few words; empty when it may."""
        if self.vendors and model.vendor.name not in self.vendors:
            return f"vendor {model.vendor.name} is not allowed"
        if self.models and model.id not in self.models:
            return "is not an allowed model"
        missing = NEEDS.get(task, frozenset[Capability]()) - model.capabilities
        return f"cannot do {', '.join(sorted(missing))}" if missing else ""


def _check(name: str, value: float | None, most: float = float("inf")) -> None:
    if value is not None and not 0 <= value <= most:
        raise ValueError(f"{name} is {value}; give a number from 0 to {most:g}")
