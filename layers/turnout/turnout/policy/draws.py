"""What decisions that were drawn by chance say of the models: the sums that off-policy evaluation needs.

A decision counts if chance had a say in it, which its propensity tells: strictly between 0 and 1. So a conversation
that is held on its model, a prompt that is not understood, a rule and a client that names its model are none, as
nothing else could have come of them. Nor are answers of several models, or one whose client left.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from turnout.core.policies import Metric
from turnout.core.records import ANSWER, Decision, Record
from turnout.policy.rollup import Counts
from turnout.policy.verdicts import QUALITY, UNIT, on_the_answer

LETTERS: Mapping[Metric, str] = {"success": "s", "cost_usd": "c", "latency_ms": "m", "quality": "g"}
"""The first letter of the counts of a metric."""
UNITS: Mapping[Metric, int] = {"success": 1, "cost_usd": 10**9, "latency_ms": 1, "quality": UNIT}
"""In how many parts a value is counted as a whole number: dollars in nano-dollars."""
WEIGHT_UNIT = 1000
"""The same for a weight, which is one over the propensity."""
LARGEST_WEIGHT = 10**4
"""A rarer draw counts no more than that, lest squares outgrow the 38 digits of a sum; its overlap is refused anyway."""

type Values = tuple[str, ...]


def chosen(record: Record) -> Iterator[tuple[Values, Counts]]:
    """Where a drawn decision is counted (goal, task, policy, first model) and what it adds; nothing for others."""
    if (decision := _drawn(record)) and record.outcome != "aborted":
        yield _place(record, decision), _sums(decision, _outcomes(record))


def graded(record: Record, series: str, score: Decimal) -> Iterator[tuple[Values, Counts]]:
    """What a later verdict on the answer adds to that."""
    if (decision := _drawn(record)) and record.outcome != "aborted" and series in QUALITY:
        yield _place(record, decision), _sums(decision, [("quality", score)])


def _drawn(record: Record) -> Decision | None:
    decision = record.decision
    if decision and record.mode == "failover" and decision.targets and 0 < decision.propensity < 1:
        return decision
    return None


def _place(record: Record, decision: Decision) -> Values:
    return record.goal, record.task, record.policy, decision.targets[0]


def _outcomes(record: Record) -> Iterator[tuple[Metric, int | Decimal]]:
    """The request's, with all attempts but those of a sample: what came of it that this model was asked first."""
    yield "success", int(record.outcome == "ok")
    yield "cost_usd", sum((one.cost_usd for one in record.attempts if one.part == ANSWER), Decimal(0))
    if record.outcome == "ok":
        yield "latency_ms", record.latency_ms
    for score in on_the_answer(record):
        yield "quality", score


def _sums(decision: Decision, outcomes: Iterable[tuple[Metric, int | Decimal]]) -> Counts:
    weight = round(WEIGHT_UNIT * min(LARGEST_WEIGHT, 1 / decision.propensity))
    counts = dict[str, int]()
    for metric, value in outcomes:
        _add(counts, LETTERS[metric], weight, round(value * UNITS[metric]))
    return counts


def _add(counts: dict[str, int], letter: str, weight: int, value: int) -> None:
    heavy = weight * weight
    sums = {"n": 1, "w": weight, "v": heavy, "1": weight * value, "2": heavy * value, "3": heavy * value * value}
    for name, number in sums.items():
        counts[letter + name] = counts.get(letter + name, 0) + number
