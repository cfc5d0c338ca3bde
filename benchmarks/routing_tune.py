"""A router learned from a pool: a classifier of its kinds, its outcome table, and an operating point for each policy.

The operating point is chosen on the training queries alone, by what it would have done for those that the classifier
and the table had not seen: held out by fold, and whole kinds left out. The choice itself is `turnout.routing.choice`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from benchmarks.routing_pool import Pool, Query, outcomes
from benchmarks.routing_train import FOLDS, Example, Judged, calibrated, fit, folds, judged
from turnout.routing.choice import Outcomes, Weights, rank
from turnout.routing.classify import Kind
from turnout.routing.classify_model import Calibration, LinearModel

BUCKETS = 2**13
PRICES = (0.0, *(0.01 * 1.16**step for step in range(48)))
"""What the cost of the best model counts for, in units of quality."""
THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
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


AIMS = {
    "max_quality": Aim(1.0, 50.0, 0.95, 0.90),
    "balanced": Aim(0.991, 2.0, 0.95, 0.90),
    "economy": Aim(0.971, 1.0),
}
SHORT, SHORT_UNSEEN = 40.0, 10.0
"""What each missing unit of ratio costs an operating point."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A query that the classifier and the table had not seen, and what the best single model did with it."""

    query: Query
    verdict: Judged
    outcomes: Outcomes
    best: str


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
    learned = outcomes(pool)
    unit = 1 / fmean(query.outcomes[pool.best][1] for query in pool.queries)
    figures = [
        (point, _figures(seen, point, calibration, pool.models), _by_kind(unseen, point, calibration, pool.models))
        for point in _points(unit)
    ]
    points = {name: max(figures, key=lambda row, aim=aim: _value(aim, *row[1:]))[0] for name, aim in AIMS.items()}
    return Router(pool.models, fit(_examples(pool.queries), BUCKETS, calibration), learned, points)


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
    return [Example(query.words, query.kind) for query in queries]


def _calibration(seen: Sequence[Trial], unseen: Sequence[Trial]) -> Calibration:
    share = UNSEEN_WEIGHT * len(seen) / len(unseen) if unseen else 0.0
    verdicts = [(trial.verdict, 1.0) for trial in seen] + [(trial.verdict, share) for trial in unseen]
    return calibrated(verdicts)


def _points(unit: float) -> list[Point]:
    return [Point(Weights(1.0, price * unit, 0.0), threshold) for price in PRICES for threshold in THRESHOLDS]
