"""How classifiers are trained: one logistic regression a kind, over hashed words, in pure Python with a fixed seed.

The same for the classifier that is shipped and for one of a pool's own kinds. Confidence is calibrated on prompts
held out by fold, and on those of kinds that were left out altogether, for which every answer is wrong: so a prompt
of a kind never seen gets a low one.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from turnout.routing.classify_model import Calibration, LinearModel, bucket, packed, sigmoid

SEED = 20_261
EPOCHS = 4
RATE = 0.5
FOLDS = 4
STEPS = 200
SETTLED = 0.02
"""An error so small teaches nothing."""


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt as its words, and its kind."""

    words: Sequence[str]
    kind: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model said of a prompt that it had not seen: its two highest scores, and whether it was right."""

    kind: str
    first: float
    second: float
    right: bool


def fit(examples: Sequence[Example], buckets: int, calibration: Calibration | None = None) -> LinearModel:
    """A model of these examples; without a calibration the confidence is the highest kind's own probability."""
    kinds = sorted({example.kind for example in examples})
    hashed = [(_buckets(example.words, buckets), example.kind) for example in examples]
    columns = [_column([(at, kind == name) for at, kind in hashed], buckets) for name in kinds]
    return packed(kinds, columns, calibration or Calibration(1, 0, 0))


def _buckets(words: Sequence[str], buckets: int) -> list[int]:
    return [bucket(word, buckets) for word in words]


def _column(rows: Sequence[tuple[list[int], bool]], buckets: int) -> list[float]:
    """One kind against all others: stochastic gradient descent with a step for each weight (AdaGrad)."""
    weights, seen = [0.0] * buckets, [1e-2] * buckets
    order, dice = list(rows), random.Random(SEED)  # noqa: S311 - reproducible, not secret
    for _ in range(EPOCHS):
        dice.shuffle(order)
        for at, member in order:
            size = 1 / sqrt(len(at))
            error = sigmoid(size * sum(map(weights.__getitem__, at))) - member
            if abs(error) > SETTLED:
                _step(weights, seen, at, error * size)
    return weights


def _step(weights: list[float], seen: list[float], at: Iterable[int], gradient: float) -> None:
    square = gradient * gradient
    for index in at:
        seen[index] += square
        weights[index] -= RATE * gradient / sqrt(seen[index])


def folds(count: int, parts: int) -> list[list[int]]:
    """Indices 0 to count-1 in `parts` parts, by a fixed shuffle."""
    order = list(range(count))
    random.Random(SEED).shuffle(order)  # noqa: S311 - reproducible, not secret
    return [sorted(order[part::parts]) for part in range(parts)]


def judged(model: LinearModel, example: Example) -> Judged:
    """Ask a model that has not seen it."""
    scores = model.scores(example.words)
    first, second = sorted(scores, reverse=True)[:2] if len(scores) > 1 else (scores[0], scores[0])
    kind = model.kinds[scores.index(first)]
    return Judged(kind, first, second, kind == example.kind)


def calibrated(verdicts: Sequence[tuple[Judged, float]]) -> Calibration:
    """Platt's method on weighted verdicts: a logistic regression on the two highest scores, by gradient descent."""
    a, b, c = 1.0, -0.3, 0.0
    total = sum(weight for _, weight in verdicts)
    for _ in range(STEPS):
        ga = gb = gc = 0.0
        for verdict, weight in verdicts:
            error = weight * (sigmoid(a * verdict.first + b * verdict.second + c) - verdict.right)
            ga, gb, gc = ga + error * verdict.first, gb + error * verdict.second, gc + error
        a, b, c = a - ga / total, b - gb / total, c - gc / total
    return Calibration(a, b, c)
