"""A linear model over hashed words that scores all kinds at once, in pure Python and in microseconds.

Each bucket's weights are the 16-bit fields of one big integer, so that a prompt's scores are a plain sum of integers:
the interpreter adds all kinds in one step. Numpy would take 0.1 s of every cold start and 20 MB to save nothing.
"""

import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import exp, sqrt
from pathlib import Path
from zlib import crc32

from pydantic_core import from_json, to_json

from turnout.core.frozen import frozen
from turnout.routing.classify_words import MOST

ZERO, FULL = 128, 255
"""What a weight of 0 and the largest are stored as."""
LARGEST_MEMORY = 50_000
"""Words whose buckets are remembered; then memory begins anew."""


@frozen
class Calibration:
    """From scores to the probability that the highest is right: Platt's method on prompts held out of training.

    It looks at the two highest scores and at the share of the words that are known from training.
    """

    first: float
    second: float
    known: float
    base: float

    def __call__(self, first: float, second: float, known: float) -> float:
        """The probability, 0 to 1."""
        return sigmoid(self.first * first + self.second * second + self.known * known + self.base)


class _Rows(dict[bytes, int]):
    """Remembered words and their rows; a new word is hashed once, and its row read then."""

    def __init__(self, weights: bytes, width: int) -> None:
        super().__init__()
        self._weights, self._width, self._buckets = weights, width, len(weights) // width

    def __missing__(self, word: bytes) -> int:
        if len(self) >= LARGEST_MEMORY:
            self.clear()
        wide, at = bytearray(2 * self._width), bucket(word, self._buckets) * self._width
        wide[::2] = self._weights[at : at + self._width]
        row = self[word] = int.from_bytes(wide, "little")
        return row


@dataclass(frozen=True)
class LinearModel:
    """`weights` has a byte for each bucket and kind, ZERO for 0, and one more that is FULL in buckets of known words.

    `scale` turns sums of weights into scores.
    """

    kinds: tuple[str, ...]
    weights: bytes = field(repr=False)
    scale: float
    calibration: Calibration

    @cached_property
    def _fields(self) -> struct.Struct:
        return struct.Struct(f"<{len(self.kinds) + 1}H")

    @cached_property
    def _rows(self) -> _Rows:
        return _Rows(self.weights, len(self.kinds) + 1)

    def scores(self, words: Sequence[bytes]) -> tuple[list[float], float]:
        """The log-odds of each kind against all others, in the order of `kinds`, and the share of known words.

        `words` are at most MOST, not none.
        """
        total, count = sum(map(self._rows.__getitem__, words)), len(words)
        *sums, known = self._fields.unpack(total.to_bytes(self._fields.size, "little"))
        zero, unit = ZERO * count, self.scale / sqrt(count)
        return [(value - zero) * unit for value in sums], (known - zero) / ((FULL - ZERO) * count)

    def best(self, words: Sequence[bytes]) -> tuple[str, float]:
        """The likeliest kind and the probability that it is right."""
        scores, known = self.scores(words)
        second, first = sorted(scores)[-2:]
        return self.kinds[scores.index(first)], self.calibration(first, second, known)

    def save(self, path: Path, **provenance: object) -> None:
        """Write a line of JSON (the numbers, and where they come from) and then the weights."""
        head = {"kinds": self.kinds, "scale": self.scale, "calibration": asdict(self.calibration), **provenance}
        path.write_bytes(to_json(head) + b"\n" + self.weights)


def load(path: Path) -> LinearModel:
    """Read what `save` has written."""
    head, _, weights = path.read_bytes().partition(b"\n")
    told = from_json(head)
    return LinearModel(tuple(told["kinds"]), weights, told["scale"], Calibration(**told["calibration"]))


def bucket(word: bytes, buckets: int) -> int:
    """Where a word's weights are."""
    return crc32(word) % buckets


def sigmoid(x: float) -> float:
    """The logistic function, safe at both ends."""
    return 1 / (1 + exp(-x)) if x > -700 else 0.0


def packed(
    kinds: Sequence[str], columns: Sequence[Sequence[float]], known: Sequence[bool], calibration: Calibration
) -> LinearModel:
    """A model from weights by kind and bucket, rounded to 8 bits; one kind alone gets a second that nothing is."""
    if len(kinds) == 1:
        kinds, columns = [*kinds, ""], [*columns, [-abs(weight) for weight in columns[0]]]
    largest = max(abs(weight) for column in columns for weight in column)
    unit = largest / (FULL - ZERO) or 1.0  # weights may all be nothing, or too small to be divided
    rounded = bytes(
        byte
        for *row, told in zip(*columns, known, strict=True)
        for byte in (*(round(weight / unit) + ZERO for weight in row), FULL if told else ZERO)
    )
    return LinearModel(tuple(kinds), rounded, unit, calibration)


assert MOST * FULL < 2**16, "sums would overflow a field"  # noqa: S101 - holds two modules together
