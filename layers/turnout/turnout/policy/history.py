"""What a period of rollups says of models, tasks and days: sums alone, as large however many requests there were."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from turnout.core.frozen import frozen
from turnout.policy.rollup import Cell, Counts, Rollup, plus

READ = frozenset(
    {"rq", "aq", "ak", "bm", "bv", "us", "u2", "ls", "lq", "ti", "tc", "tw", "tg", "jsn", "jss", "tln", "tls"}
    | {"jdn", "jds", "fbn", "fbs"}
)
"""The counts of `model` cells that are kept; see `rollup`."""


@frozen
class Period:
    """The day cells of the dimensions `model` and `choice`, as the store reads them, from one ISO date to another."""

    first_day: str
    last_day: str
    models: Iterable[tuple[Cell, Counts]] = ()
    choices: Iterable[tuple[Cell, Counts]] = ()

    def has(self, cell: Cell) -> bool:
        """Whether a cell is a day of the period."""
        return cell.grain == "day" and self.first_day <= cell.start <= self.last_day


@dataclass(slots=True)
class Day:
    """Attempts at a model on one day, those of them that failed, and by its vendor's fault."""

    tried: int = 0
    failed: int = 0
    vendors_fault: int = 0


@dataclass(slots=True)
class History:
    """Sums by model and task, and the days by model. `skewed` counts requests of days that are not in the period."""

    sums: dict[tuple[str, str], dict[str, int | Decimal]] = field(
        default_factory=dict[tuple[str, str], dict[str, int | Decimal]]
    )
    days: defaultdict[str, defaultdict[str, Day]] = field(
        default_factory=lambda: defaultdict[str, defaultdict[str, Day]](lambda: defaultdict(Day))
    )
    requests: defaultdict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))
    dates: set[str] = field(default_factory=set[str])
    skewed: int = 0

    def rollup(self, model: str, task: str) -> Rollup:
        """What was counted of a model at a task."""
        return Rollup(self.sums.get((model, task), {}))

    def served(self) -> Mapping[str, int]:
        """Attempts by model id."""
        return {model: sum(day.tried for day in days.values()) for model, days in self.days.items()}

    def add(self, cell: Cell, counts: Counts) -> None:
        """Take in one day of a model at a task under a policy."""
        self.dates.add(cell.start)
        self.requests[cell["task"]] += int(counts.get("rq", 0))
        if not cell["model"]:
            return
        total = self.sums.setdefault((cell["model"], cell["task"]), {})
        for name in READ & counts.keys():
            total[name] = plus(total.get(name, 0), counts[name])
        day, seen = self.days[cell["model"]][cell.start], Rollup(counts)
        day.tried += seen.whole("ak") + seen.whole("bm") + seen.whole("bv")
        day.failed += seen.whole("bm") + seen.whole("bv")
        day.vendors_fault += seen.whole("bv")


def history(period: Period) -> History:
    """The sums over a period; its cells are read once, in any order."""
    found = History()
    for cell, counts in period.models:
        if period.has(cell):
            found.add(cell, counts)
        else:
            found.skewed += int(counts.get("rq", 0))
    return found
