"""What the aggregator has counted, read for somebody who waits: off the event loop, with an error fit to be shown."""

from collections.abc import Collection, Sequence

from turnout.core.frozen import frozen
from turnout.core.ports import Clock
from turnout.policy.account import Account
from turnout.policy.rollup import Cell, Counts, Dimension, Grain
from turnout.routing.circuit import Circuits
from turnout.routing.shared import opened
from turnout.store.accounts import DynamoAccounts
from turnout.store.dynamo import ask
from turnout.store.health import DynamoHealth
from turnout.store.rollups import DynamoRollups


class DynamoRollupReader:
    """Reads rollups."""

    def __init__(self, rollups: DynamoRollups) -> None:
        self._rollups = rollups

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        """All cells of the periods that have a part in [since, until), in order of time. Raises StoreUnavailable."""
        return await ask(lambda: list(self._rollups.read(dimension, grain, since, until)))


@frozen
class DynamoAccountReader:
    """What keys and tags have used."""

    accounts: DynamoAccounts

    async def read(self, account: str) -> Account:
        """An account as it stands. Raises StoreUnavailable."""
        return await ask(self.accounts.read, account)


class DynamoCircuitReader:
    """Reads which circuits are open for all; `limits` has the settings of the routers' own."""

    def __init__(self, health: DynamoHealth, limits: Circuits, clock: Clock) -> None:
        self._health, self._limits, self._clock = health, limits, clock

    async def opened(self) -> Collection[str]:
        """The models and vendors that are out. Raises StoreUnavailable."""
        return opened(await ask(self._health.read), self._limits, self._clock.time())
