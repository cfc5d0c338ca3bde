"""Which model suits a kind of task best: a table of expected outcomes, and a ranking by what the goal values.

Pure and quick: what is known comes in as an `Outcomes`, and the same arguments always give the same `Ranking`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from turnout.core.chat import Goal
from turnout.core.outcomes import Expected, Outcomes, Row
from turnout.routing.classify import Kind


@dataclass(frozen=True, slots=True)
class Weights:
    """What a goal values: the score is quality and success times their weights, less USD and seconds times theirs.

    `unclear` is the part of the weight of USD and seconds that counts where the task is not clear: at 0 the safe
    chain begins with the best model, whatever it costs.
    """

    quality: float
    usd: float
    second: float
    success: float = 0.0
    unclear: float = 0.0


WEIGHTS: Mapping[Goal, Weights] = {
    "balanced": Weights(1.0, 20.0, 0.001, unclear=0.2),
    "cost": Weights(1.0, 100.0, 0.0, unclear=0.2),
    "latency": Weights(1.0, 1.0, 0.1, unclear=0.5),
    "reliability": Weights(1.0, 0.5, 0.0, success=2.0),
}


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first, each with its score in `scores` (same order), and why, in a few words."""

    order: tuple[str, ...]
    scores: tuple[float, ...]
    reason: str
    safe: bool = field(default=False)
    """Whether the safe chain was used."""


def rank(
    candidates: Sequence[str], kind: Kind, weights: Weights, outcomes: Outcomes, prompt_tokens: int = 0
) -> Ranking:
    """Candidates (model ids, eligible ones only) by expected utility for this kind; ties keep the order given.

    A candidate of which nothing is known comes after all others, with score -inf. Empty in, empty out.
    """
    row, known = row_of(kind, outcomes)
    caution = 1.0 if known else weights.unclear
    scored = [(name, score(row.get(name), weights, prompt_tokens, caution)) for name in candidates]
    scored.sort(key=itemgetter(1), reverse=True)
    reason = f"{kind.task} {kind.confidence:.2f}" if known else "safe chain: task not clear"
    return Ranking(tuple([name for name, _ in scored]), tuple([value for _, value in scored]), reason, not known)


def row_of(kind: Kind, outcomes: Outcomes) -> tuple[Row, bool]:
    """What is expected of each model for this kind, and whether it is the task's own row, not the safe one."""
    known = kind.confidence >= outcomes.threshold and kind.task in outcomes.rows
    return (outcomes.rows[kind.task] if known else outcomes.safe), known


def score(expected: Expected | None, weights: Weights, prompt_tokens: int, caution: float = 1.0) -> float:
    """The utility of one model; -inf where nothing is known. `caution` scales what USD and seconds weigh."""
    if expected is None:
        return float("-inf")
    usd = expected.cost_usd + prompt_tokens * expected.usd_per_token
    return (
        weights.quality * expected.quality
        + weights.success * expected.success
        - caution * (weights.usd * usd + weights.second * expected.latency_s)
    )
