"""Day cells of a made-up history, counted by the code that counts in production."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from tests.fakes import a_model
from turnout.core.events import Usage
from turnout.core.models import Model
from turnout.core.records import Attempt, Decision, Features, Record
from turnout.policy.counting import entry
from turnout.policy.recount import Totals, add
from turnout.policy.rollup import Cell, Counts, Dimension

AT = 1_800_000_000.0  # 2027-01-15T08:00:00Z
DAY = 86_400.0
FEATURES = Features("2027-01-15", 100, explore=0.5)
FIRST, LAST = "2027-01-15", "2027-01-21"

SURE = a_model("sure", context_window=200_000)
QUICK = a_model("quick", context_window=200_000)
DEAR = a_model("dear", context_window=200_000)
SIBLING = a_model("sibling", vendor="sure-vendor", context_window=400_000)


@dataclass(frozen=True, slots=True)
class Truth:
    """What attempts at a model give; `quality` None: nobody judges."""

    ms: int = 1000
    usd: str = "0.001"
    success: float = 1.0
    quality: float | None = None


def attempts(model: Model, truth: Truth, count: int, seed: int = 1, task: str = "code") -> list[Record]:
    """So many requests over the week that this model was asked first, and alone."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    return [_record(model, truth, number, count, random, task) for number in range(count)]


def _record(model: Model, truth: Truth, number: int, count: int, random: Random, task: str) -> Record:
    well = random.random() < truth.success
    judged = None if truth.quality is None or not well else Decimal(random.random() < truth.quality)
    attempt = Attempt(
        vendor=model.vendor.name,
        model=model.name,
        number=1,
        started_ms=0,
        outcome="ok" if well else "error",
        blames="nobody" if well else "model",
        latency_ms=round(truth.ms * random.uniform(0.5, 1.5)),
        usage=Usage(input=100, output=100),
        cost_usd=Decimal(truth.usd) * random.randint(50, 150) / 100,
        judged=judged,
    )
    return Record(
        id=f"{model.name}-{task}-{number}",
        at=AT + number * 6 * DAY / max(1, count),
        key_id="k",
        requested="auto",
        stream=False,
        goal="balanced",
        task=task,
        policy="p",
        attempts=[attempt],
        vendor=attempt.vendor if well else "",
        model=attempt.model if well else "",
        outcome=attempt.outcome,
        latency_ms=attempt.latency_ms,
    )


def cells(records: Sequence[Record], dimension: Dimension = "model") -> Iterator[tuple[Cell, Counts]]:
    """The day cells that the aggregator would have."""
    totals: Totals = {}
    for record in records:
        add(totals, {cell: counts for cell, counts in entry(record).increments.items() if cell.grain == "day"})
    yield from ((cell, counts) for cell, counts in totals.items() if cell.dimension == dimension)


def drawn(records: Sequence[Record], model: Model, propensity: float) -> list[Record]:
    """The same, of which chance made this model the first."""
    decision = Decision(FEATURES, 0, propensity, targets=(model.id,))
    return [replace(record, decision=decision) for record in records]


def later(records: Sequence[Record], days: float) -> list[Record]:
    """The same, so many days later."""
    return [replace(record, at=record.at + days * DAY) for record in records]
