"""A linear model over hashed words that scores all kinds at once, in pure Python and in microseconds.

Each bucket's weights are the 16-bit fields of one big integer, so that a prompt's scores are a plain sum of integers:
the interpreter adds all kinds in one step. Numpy would take 0.1 s of every cold start and 20 MB to save nothing.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp, sqrt
from pathlib import Path
from zlib import crc32

from pydantic_core import from_json, to_json

from turnout.routing.classify_words import MOST

ZERO = 128
"""What a weight of 0 is stored as."""
LARGEST_MEMORY = 50_000
"""Words whose buckets are remembered; then memory begins anew."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """From the two highest scores to the probability that the highest is right: Platt's method on held-out prompts."""

    first: float
    second: float
    base: float

    def __call__(self, first: float, second: float) -> float:
        """The probability, 0 to 1."""
        return sigmoid(self.first * first + self.second * second + self.base)


class _Rows(dict[str, int]):
    """Remembered words and their rows; a new word is hashed once."""

    def __init__(self, rows: Sequence[int]) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, word: str) -> int:
        if len(self) >= LARGEST_MEMORY:
            self.clear()
        row = self[word] = self._rows[bucket(word, len(self._rows))]
        return row


@dataclass(frozen=True)
class LinearModel:
    """`weights` has a byte for each (bucket, kind), ZERO for 0; `scale` turns sums of them into scores."""

    kinds: tuple[str, ...]
    weights: bytes = field(repr=False)
    scale: float
    calibration: Calibration

    @cached_property
    def _rows(self) -> _Rows:
        wide, width = bytearray(2 * len(self.weights)), 2 * len(self.kinds)
        wide[::2] = self.weights
        read = int.from_bytes
        return _Rows([read(wide[at : at + width], "little") for at in range(0, len(wide), width)])

    @cached_property
    def _fields(self) -> struct.Struct:
        return struct.Struct(f"<{len(self.kinds)}H")

    def scores(self, words: Sequence[str]) -> list[float]:
        """The log-odds of each kind against all others, in the order of `kinds`. `words` are at most MOST, not none."""
        total = sum(map(self._rows.__getitem__, words))
        count = len(words)
        zero, unit = ZERO * count, self.scale / sqrt(count)
        return [(value - zero) * unit for value in self._fields.unpack(total.to_bytes(self._fields.size, "little"))]

    def best(self, words: Sequence[str]) -> tuple[str, float]:
        """The likeliest kind and the probability that it is right."""
        scores = self.scores(words)
        first = max(scores)
        index = scores.index(first)
        scores[index] = float("-inf")
        return self.kinds[index], self.calibration(first, max(scores, default=first))

    def save(self, path: Path, **provenance: object) -> None:
        """Write a line of JSON (the numbers, and where they come from) and then the weights."""
        calibration = (self.calibration.first, self.calibration.second, self.calibration.base)
        head = {"kinds": self.kinds, "scale": self.scale, "calibration": calibration, **provenance}
        path.write_bytes(to_json(head) + b"\n" + self.weights)


def load(path: Path) -> LinearModel:
    """Read what `save` has written."""
    head, _, weights = path.read_bytes().partition(b"\n")
    told = from_json(head)
    return LinearModel(tuple(told["kinds"]), weights, told["scale"], Calibration(*told["calibration"]))


def bucket(word: str, buckets: int) -> int:
    """Where a word's weights are."""
    return crc32(word.encode("utf-8", "surrogatepass")) % buckets


def sigmoid(x: float) -> float:
    """The logistic function, safe at both ends."""
    return 1 / (1 + exp(-x)) if x > -700 else 0.0


def packed(kinds: Sequence[str], columns: Sequence[Sequence[float]], calibration: Calibration) -> LinearModel:
    """A model from weights by kind and bucket, rounded to 8 bits."""
    largest = max((abs(weight) for column in columns for weight in column), default=0.0) or 1.0
    unit = largest / (ZERO - 1)
    rounded = bytes(round(weight / unit) + ZERO for row in zip(*columns, strict=True) for weight in row)
    return LinearModel(tuple(kinds), rounded, unit, calibration)


assert MOST * (2 * ZERO - 1) < 2**16, "sums would overflow a field"  # noqa: S101 - holds two modules together
