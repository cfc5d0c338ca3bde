"""The rollups, read for somebody who waits: off the event loop, and with an error that may be shown."""

from collections.abc import Sequence

from turnout.policy.rollup import Cell, Counts, Dimension, Grain
from turnout.store.dynamo import ask
from turnout.store.rollups import DynamoRollups


class DynamoRollupReader:
    """Reads what `rollups` has counted."""

    def __init__(self, rollups: DynamoRollups) -> None:
        self._rollups = rollups

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        """All cells of the periods that have a part in [since, until), in order of time. Raises StoreUnavailable."""
        return await ask(lambda: list(self._rollups.read(dimension, grain, since, until)))
