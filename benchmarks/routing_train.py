"""How classifiers are trained: one logistic regression a kind, over hashed words, in pure Python with a fixed seed.

The same for the classifier that is shipped and for one of a pool's own kinds. Confidence is calibrated on prompts
held out by fold, on those of kinds that were left out altogether and on prompts in an unknown language; for these two
every answer is wrong. So a prompt of a kind never seen gets a low one.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt, sumprod

from turnout.routing.classify_model import Calibration, LinearModel, bucket, packed, sigmoid

SEED = 20_261
EPOCHS = 4
RATE = 0.5
FOLDS = 4
STEPS = 200
KNOWN_FROM = 3
"""Prompts that a word, or another of its bucket, must be in to be known."""
CIPHER = bytes.maketrans(b"abcdefghijklmnopqrstuvwxyz", b"jqzxuvkbowhyfgispcnrtmaled")
SETTLED = 0.02
"""An error so small teaches nothing."""


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt as its words, and its kind."""

    words: Sequence[bytes]
    kind: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model said of a prompt that it had not seen: what confidence is made of, and whether it was right."""

    kind: str
    first: float
    second: float
    known: float
    right: bool


def fit(examples: Sequence[Example], buckets: int, calibration: Calibration | None = None) -> LinearModel:
    """A model of these examples; without a calibration the confidence is the highest kind's own probability."""
    kinds = sorted({example.kind for example in examples})
    hashed = [(_buckets(example.words, buckets), example.kind) for example in examples]
    columns = [_column([(at, kind == name) for at, kind in hashed], buckets) for name in kinds]
    plain = (word for example in examples for word in example.words if word.isalnum())
    seen = Counter(bucket(word, buckets) for word in plain)
    known = [seen[index] >= KNOWN_FROM for index in range(buckets)]
    return packed(kinds, columns, known, calibration or Calibration(1, 0, 0, 0))


def _buckets(words: Sequence[bytes], buckets: int) -> list[int]:
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
    scores, known = model.scores(example.words)
    second, first = sorted(scores)[-2:]
    kind = model.kinds[scores.index(first)]
    return Judged(kind, first, second, known, kind == example.kind)


def foreign(words: Sequence[bytes]) -> list[bytes]:
    """The same in a language that nobody has learned: each letter is another one. Marks and sizes stay."""
    return [word if word.startswith(b"##") else word.translate(CIPHER) for word in words]


def calibrated(verdicts: Sequence[tuple[Judged, float]]) -> Calibration:
    """Platt's method on weighted verdicts: a logistic regression, by gradient descent."""
    at = [1.0, -0.3, 0.0, 0.0]
    total = sum(weight for _, weight in verdicts)
    rows = [((v.first, v.second, v.known, 1.0), float(v.right), weight / total) for v, weight in verdicts]
    for _ in range(STEPS):
        slope = [0.0] * len(at)
        for row, right, weight in rows:
            error = weight * (sigmoid(sumprod(at, row)) - right)
            slope = [old + error * x for old, x in zip(slope, row, strict=True)]
        at = [old - new for old, new in zip(at, slope, strict=True)]
    return Calibration(*at)
