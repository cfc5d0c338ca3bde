"""Which model suits a kind of task best: a table of expected outcomes, and a ranking by what the goal values.

Pure and quick: what is known comes in as an `Outcomes`, and the same arguments always give the same `Ranking`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from turnout.core.chat import Goal
from turnout.routing.classify import Kind


@dataclass(frozen=True, slots=True)
class Expected:
    """What one request of a task is expected to give with one model.

    `quality` 0 to 1; `cost_usd` is the answer's, `usd_per_token` the prompt's; `latency_s` to the end of the answer;
    `success` the share of attempts that answer; `count` the observations behind it, a prior's included.
    """

    quality: float
    cost_usd: float
    usd_per_token: float = 0.0
    latency_s: float = 0.0
    success: float = 1.0
    count: float = 0.0


type Row = Mapping[str, Expected]
"""Expected outcomes by model id."""


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
class Outcomes:
    """The rows by task. `safe` is the row for prompts whose task is not clear; `version` names where it all comes from.

    Below the confidence `threshold` the safe row is used.
    """

    rows: Mapping[str, Row]
    safe: Row
    threshold: float = 0.5
    version: str = ""


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


def updated(prior: Expected, seen: Expected) -> Expected:
    """The prior after so many observations: their mean, weighted by the counts, so that few of them move it little.

    Of `seen`, `usd_per_token` is not used: prices are facts of the catalog, not observations.
    """
    total = prior.count + seen.count
    if not seen.count:
        return prior
    share = seen.count / total
    return Expected(
        quality=_between(prior.quality, seen.quality, share),
        cost_usd=_between(prior.cost_usd, seen.cost_usd, share),
        usd_per_token=prior.usd_per_token,
        latency_s=_between(prior.latency_s, seen.latency_s, share),
        success=_between(prior.success, seen.success, share),
        count=total,
    )


def _between(old: float, new: float, share: float) -> float:
    return old + share * (new - old)
