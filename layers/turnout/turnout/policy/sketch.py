"""Distributions that add up: counts in log-spaced buckets, from which percentiles are read.

This is DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
Guarantees", VLDB 2019, https://www.vldb.org/pvldb/vol12/p2195-masson.pdf) with whole numbers as values. Its library
keeps the buckets in objects of its own; ours are the attributes of a row, to which DynamoDB adds.
"""

import math
from collections.abc import Mapping
from dataclasses import field
from itertools import accumulate

from turnout.core.frozen import frozen

RELATIVE_ERROR = 0.025
"""How far a percentile may be from the true value, as a part of it."""

_GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GROWTH = math.log(_GROWTH)


def bucket(value: int) -> int:
    """The number of the bucket that counts `value`: 0 for 0, then one more for each 5% or so, 252 for 5 minutes in ms.

    Raises ValueError for a negative value.
    """
    if value < 0:
        raise ValueError(f"A distribution has no negative values like {value}")
    return math.ceil(math.log(value) / _LOG_GROWTH) + 1 if value else 0


def middle(number: int) -> float:
    """The value for which bucket `number` stands: within the relative error of all that it counts."""
    return 2 * math.exp(_LOG_GROWTH * (number - 1)) / (_GROWTH + 1) if number else 0.0


def logarithm(number: int) -> float:
    """The natural one of the values of bucket `number`, within the relative error; that of 1 for the values 0."""
    return math.log(max(1.0, middle(number)))


@frozen
class Sketch:
    """How often each bucket was hit. `+` merges, in any order and grouping."""

    buckets: Mapping[int, int] = field(default_factory=dict[int, int])

    def __add__(self, other: "Sketch") -> "Sketch":
        numbers = self.buckets.keys() | other.buckets.keys()
        return Sketch({number: self.buckets.get(number, 0) + other.buckets.get(number, 0) for number in numbers})

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(self.buckets.values())

    def quantile(self, share: float) -> float | None:
        """The value below which so large a share of the values lies (0.5 is the median); None when there are none."""
        numbers = sorted(number for number, times in self.buckets.items() if times)
        rank = math.floor(share * (self.count - 1))
        seen = accumulate(self.buckets[number] for number in numbers)
        return next((middle(number) for number, below in zip(numbers, seen, strict=True) if below > rank), None)
