"""What a canary must keep to, and what is summed up to tell whether it does."""

from turnout.core.frozen import frozen


@frozen
class Terms:
    """What a canary must keep to, compared with its control.

    `failed` and `diverted` are shares of requests that it may have more; `latency` and `cost` are factors; `quality` is
    by how much its answers may be worse, from 0 to 1: the optimizer itself gives away up to 0.03 for the lowest cost.
    `false_alarms` is the share of harmless canaries that are found to be worse, at most. Nothing is promoted before
    `least_seconds` and `least_requests` of the canary; after `most_seconds` it is decided.
    """

    failed: float = 0.005
    diverted: float = 0.02
    latency: float = 1.25
    cost: float = 1.25
    quality: float = 0.03
    false_alarms: float = 0.05
    least_seconds: float = 3_600.0
    most_seconds: float = 172_800.0
    least_requests: int = 200


@frozen
class Sums:
    """Of some observations: how many, their sum, and that of their squares."""

    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.count + other.count, self.total + other.total, self.squares + other.squares)

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(self.count - other.count, self.total - other.total, self.squares - other.squares)

    @property
    def mean(self) -> float:
        """Raises ZeroDivisionError without observations."""
        return self.total / self.count

    def less(self, shift: float) -> "Sums":
        """Of the same observations, each `shift` smaller."""
        squares = self.squares - 2 * shift * self.total + shift * shift * self.count
        return Sums(self.count, self.total - shift * self.count, squares)

    def over(self, factor: float) -> "Sums":
        """Of the same observations, each divided by `factor`."""
        return Sums(self.count, self.total / factor, self.squares / factor**2)


@frozen
class Evidence:
    """What all looks together say of one metric, every block with its `weight`.

    `canary` and `control` are weighted sums of the means, the canary's without what is tolerated, in `unit`s;
    `variance` is that of their difference.
    """

    weight: float = 0.0
    canary: float = 0.0
    control: float = 0.0
    variance: float = 0.0
    unit: float = 1.0

    @property
    def excess(self) -> float:
        """S: how much worse the canary is than it may be."""
        return self.canary - self.control
