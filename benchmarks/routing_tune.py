"""A router learned from a pool: a classifier of its kinds, its outcome table, and an operating point for each policy.

The operating point is chosen on the training queries alone, by what it would have done for those that the classifier
and the table had not seen: held out by fold, and whole kinds left out. The choice itself is `turnout.routing.choice`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from statistics import fmean

from benchmarks.routing_pool import Pool, Query, outcomes
from benchmarks.routing_train import FOLDS, Example, Judged, calibrated, fit, folds, judged
from turnout.core.goals import Weights
from turnout.core.outcomes import Outcomes
from turnout.routing.choice import rank
from turnout.routing.classify import Kind
from turnout.routing.classify_model import Calibration, LinearModel

BUCKETS = 2**13
PRICES = (0.0, *(0.01 * 1.16**step for step in range(48)))
"""What the cost of the best model counts for, in units of quality."""
THRESHOLDS = (0.0, *(0.05 * step for step in range(2, 15)), 0.8)
UNSEEN_WEIGHT = 0.5
"""How much the prompts of left-out kinds count in the calibration, against the others."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a policy is for: the ratio to the best model that it must keep, and what more of it is worth in cost saved.

    `unseen_mean` and `unseen_least` are what it must keep on kinds left out of training: on average, and on each.
    """

    ratio: float
    worth: float
    unseen_mean: float = 0.0
    unseen_least: float = 0.0
    dearest: float = inf
    """What the cost of the best model may count for, at most."""


AIMS = {
    "max_quality": Aim(1.0, 50.0, 0.95, 0.90, dearest=0.0),
    "balanced": Aim(0.9905, 2.0, 0.95, 0.90),
    "economy": Aim(0.9705, 1.0, 0.95, 0.90),
}
SHORT, SHORT_MEAN, SHORT_LEAST = 20.0, 10.0, 2.0
"""What each missing unit of ratio costs an operating point; the least of few kinds is a noisy figure."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A query that the classifier and the table had not seen, and what the best single model did with it."""

    query: Query
    verdict: Judged
    outcomes: Outcomes
    best: str


type Gain = tuple[float, float, float, float]
"""Score and USD of the choice, score and USD of the best single model; sums of them, too."""


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point: how the score is weighted, and from which confidence on the kind counts."""

    weights: Weights
    threshold: float


@dataclass(frozen=True)
class Router:
    """What decides: everything that was learned from a pool."""

    models: tuple[str, ...]
    classifier: LinearModel
    outcomes: Outcomes
    points: dict[str, Point]

    def decide(self, query: Query, policy: str) -> str:
        """The model for a query; its outcomes are not looked at."""
        point = self.points[policy]
        kind = Kind(*self.classifier.best(query.words))
        return rank(
            self.models, kind, point.weights, replace(self.outcomes, threshold=point.threshold), query.tokens
        ).order[0]


def learn(pool: Pool) -> Router:
    """Train on all of a pool."""
    seen, unseen = by_fold(pool), by_kind(pool)
    calibration = _calibration(seen, unseen)
    unit = 1 / fmean(query.outcomes[pool.best][1] for query in pool.queries)
    replays = list(_replays(seen + unseen, len(seen), calibration, unit))
    points = {name: max(replays, key=partial(_value, aim)).point for name, aim in AIMS.items()}
    return Router(pool.models, fit(_examples(pool.queries), BUCKETS, calibration), outcomes(pool), points)


def by_fold(pool: Pool) -> list[Trial]:
    """Every query, judged by what was learned from the other folds."""
    parts = folds(len(pool.queries), FOLDS)
    return [trial for part in parts for trial in _trials(pool, frozenset(pool.queries[i].id for i in part))]


def by_kind(pool: Pool) -> list[Trial]:
    """Every query, judged by what was learned from the other kinds; none if there is one kind only."""
    if len(pool.kinds) < 2:
        return []
    groups = [frozenset(query.id for query in pool.queries if query.kind == kind) for kind in pool.kinds]
    return [trial for group in groups for trial in _trials(pool, group)]


def _trials(pool: Pool, held_out: frozenset[str]) -> Iterable[Trial]:
    rest = pool.only(query for query in pool.queries if query.id not in held_out)
    model, learned, best = fit(_examples(rest.queries), BUCKETS), outcomes(rest), rest.best
    for query in pool.queries:
        if query.id in held_out:
            yield Trial(query, judged(model, Example(query.words, query.kind)), learned, best)


def _examples(queries: Iterable[Query]) -> list[Example]:
    """Each as it is and once more in other words, so that a greeting does not make it another kind."""
    return [Example(seen, query.kind) for query in queries for seen in (query.words, query.other_words)]


def _calibration(seen: Sequence[Trial], unseen: Sequence[Trial]) -> Calibration:
    share = UNSEEN_WEIGHT * len(seen) / len(unseen) if unseen else 0.0
    return calibrated([(trial.verdict, 1.0) for trial in seen] + [(trial.verdict, share) for trial in unseen])


@dataclass(frozen=True, slots=True)
class Replay:
    """What an operating point would have given: in all on kinds seen, and for each kind that was left out."""

    point: Point
    price: float
    seen: Gain
    unseen: Sequence[Gain]


def _replays(trials: Sequence[Trial], seen: int, calibration: Calibration, unit: float) -> Iterable[Replay]:
    """Every operating point on the same trials, of which the first `seen` are of kinds seen in training."""
    sure = [calibration(trial.verdict.first, trial.verdict.second, trial.verdict.known) for trial in trials]
    safe = [gain(trial, Weights(1.0, 0.0, 0.0), known=False) for trial in trials]
    kinds = [trial.query.kind for trial in trials[seen:]]
    for price in PRICES:
        weights = Weights(1.0, price * unit, 0.0)
        clear = [gain(trial, weights, known=True) for trial in trials]
        for threshold in THRESHOLDS:
            got = [c if p >= threshold else s for p, c, s in zip(sure, clear, safe, strict=True)]
            yield Replay(Point(weights, threshold), price, total(got[:seen]), by_group(kinds, got[seen:]))


def gain(trial: Trial, weights: Weights, *, known: bool) -> Gain:
    """What the choice for one query gives, if its kind counts or does not."""
    names = tuple(trial.query.outcomes)
    kind = Kind(trial.verdict.kind, 1.0 if known else -1.0)
    chosen = rank(names, kind, weights, trial.outcomes, trial.query.tokens).order[0]
    return (*trial.query.outcomes[chosen], *trial.query.outcomes[trial.best])


def total(gains: Iterable[Gain]) -> Gain:
    """The sums."""
    a, b, c, d = (sum(column) for column in zip(*gains, strict=True))
    return a, b, c, d


def by_group(groups: Sequence[str], gains: Sequence[Gain]) -> list[Gain]:
    """The sums for each group, sorted by its name."""
    sums: dict[str, list[Gain]] = {}
    for group, one in zip(groups, gains, strict=True):
        sums.setdefault(group, []).append(one)
    return [total(sums[group]) for group in sorted(sums)]


def ratio(gains: Gain) -> float:
    """Quality relative to the best single model."""
    return gains[0] / gains[2] if gains[2] else 1.0


def saved(gains: Gain) -> float:
    """The share of the best single model's cost that is not spent."""
    return 1 - gains[1] / gains[3] if gains[3] else 0.0


def _value(aim: Aim, replay: Replay) -> float:
    if replay.price > aim.dearest:
        return -inf
    reached = ratio(replay.seen)
    unseen = [ratio(gains) for gains in replay.unseen] or [1.0]
    return (
        saved(replay.seen)
        + aim.worth * reached
        - SHORT * max(0.0, aim.ratio - reached)
        - SHORT_MEAN * max(0.0, aim.unseen_mean - fmean(unseen))
        - SHORT_LEAST * max(0.0, aim.unseen_least - min(unseen))
    )
