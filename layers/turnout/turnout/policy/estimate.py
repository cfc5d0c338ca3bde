"""An estimate and how sure it is: means and shares with their standard errors, and what they give together."""

import math
from collections.abc import Iterable

from turnout.core.frozen import frozen
from turnout.core.policies import Interval

Z = 1.96
"""Standard errors to either side within which the truth is with 95%."""
Z_ONE_SIDED = 1.645
"""The same where only one side matters."""


@frozen
class Estimate:
    """A value and its standard error, which is 0 where nothing was observed."""

    mean: float
    error: float = 0.0

    @property
    def low(self) -> float:
        """What it is at least, with 95%."""
        return self.mean - Z_ONE_SIDED * self.error

    @property
    def high(self) -> float:
        """What it is at most, with 95%."""
        return self.mean + Z_ONE_SIDED * self.error

    def within(self, least: float = -math.inf, most: float = math.inf) -> Interval:
        """The interval in which it is with 95%, as far as such values can be."""
        low, high = (min(max(self.mean + side * Z * self.error, least), most) for side in (-1, 1))
        return Interval(low, self.mean, high)

    def __sub__(self, other: "Estimate") -> "Estimate":
        """The difference of two that are independent."""
        return Estimate(self.mean - other.mean, math.hypot(self.error, other.error))


def mean_error(count: float, total: float, squares: float) -> float:
    """The standard error of a mean, from sums; 0 with fewer than two values."""
    if count < 2:
        return 0.0
    variance = max(0.0, squares / count - (total / count) ** 2)
    return math.sqrt(variance / (count - 1))


def share_error(count: float, total: float) -> float:
    """That of a mean of values from 0 to 1, by Wilson (1927): a share of 1 may be luck. 0 without values."""
    if not count:
        return 0.0
    total = min(max(total, 0.0), count)
    return math.sqrt(total * (count - total) / count + Z * Z / 4) / (count + Z * Z)


def wilson(hits: float, tries: float) -> Interval | None:
    """The share of hits, with Wilson's 95% interval; None without tries.

    For verdicts between 0 and 1, `hits` is their sum: they vary no more than hits and misses do, so it is wide enough.
    https://doi.org/10.1080/01621459.1927.10502953
    """
    if not tries:
        return None
    share, middle = hits / tries, (hits + Z * Z / 2) / (tries + Z * Z)
    half = Z * share_error(tries, hits)
    return Interval(min(share, max(0.0, middle - half)), share, max(share, min(1.0, middle + half)))


def together(errors: Iterable[float]) -> float:
    """The standard error of a sum of independent estimates."""
    return math.sqrt(math.fsum(error * error for error in errors))
