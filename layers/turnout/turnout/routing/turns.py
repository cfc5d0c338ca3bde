"""Whose turn it is, for each list of models that is asked in turn."""

from random import randrange

REMEMBERED = 1024
"""Lists; beyond that the one that was longest not asked is forgotten."""


class Turns:
    """Exact within one instance of the gateway; each begins somewhere else, or all would begin with the same model."""

    def __init__(self, start: int | None = None) -> None:
        self._start = randrange(1 << 16) if start is None else start  # noqa: S311 - nobody gains by guessing it
        self._turns: dict[tuple[str, ...], int] = {}

    def now(self, models: tuple[str, ...]) -> int:
        """The number of the turn; modulo the number of models it tells whose."""
        return self._turns.get(models, self._start)

    def over(self, models: tuple[str, ...]) -> None:
        """The next one is due."""
        self._turns[models] = self._turns.pop(models, self._start) + 1  # moved to the end: a dict keeps its order
        if len(self._turns) > REMEMBERED:
            del self._turns[next(iter(self._turns))]
