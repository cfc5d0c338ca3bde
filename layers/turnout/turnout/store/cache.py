"""A small memory of what was read from a table, so that a warm request does not wait for it."""

from turnout.core.frozen import frozen
from turnout.core.ports import Clock


@frozen
class Seen[T]:
    """What was read, and how many seconds ago."""

    value: T
    age: float


class Cache[T]:
    """Values by name, however old: the caller judges their age. Beyond `limit` the oldest reading goes."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._readings: dict[str, tuple[T, float]] = {}

    def put(self, name: str, value: T) -> None:
        """Remember what was just read."""
        self._readings.pop(name, None)  # so that it moves to the end: a dict keeps the order of insertion
        self._readings[name] = value, self._clock.monotonic()
        if len(self._readings) > self._limit:
            del self._readings[next(iter(self._readings))]

    def get(self, name: str) -> Seen[T] | None:
        """The last reading of `name`, None when there is none."""
        if name not in self._readings:
            return None
        value, at = self._readings[name]
        return Seen(value, self._clock.monotonic() - at)
