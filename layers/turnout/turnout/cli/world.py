"""What the commands are given: the stores of a deployment, and where to write."""

from dataclasses import dataclass
from typing import TextIO

from turnout import bootstrap
from turnout.catalog import Catalog
from turnout.clock import SystemClock
from turnout.config import Config
from turnout.core.ports import Clock
from turnout.store import dynamo
from turnout.store.amendments import DynamoAmendments
from turnout.store.recovery import DynamoRecovery
from turnout.store.requests import DynamoRequests
from turnout.store.rollups import DynamoRollups


@dataclass(frozen=True, slots=True)
class World:
    """`stdin` and `stdout` are the terminal's, or what they are piped to."""

    catalog: Catalog
    requests: DynamoRequests
    rollups: DynamoRollups
    amendments: DynamoAmendments
    recovery: DynamoRecovery
    clock: Clock
    retention_days: int
    stdin: TextIO
    stdout: TextIO

    def say(self, line: str) -> None:
        """One line for who reads along."""
        print(line, file=self.stdout)


def world(config: Config, stdin: TextIO, stdout: TextIO, clock: Clock | None = None) -> World:
    """The stores that the configuration names. Raises BadCatalog."""
    clock, client = clock or SystemClock(), dynamo.client()
    log, rollups, minutes = config.request_log_table, config.rollups_table, config.health_table
    return World(
        catalog=bootstrap.catalog(config),
        requests=DynamoRequests(client, log, clock),
        rollups=DynamoRollups(client, rollups, minutes, clock),
        amendments=DynamoAmendments(client, log, rollups, minutes, clock),
        recovery=DynamoRecovery(client, log, config.retention_days, clock),
        clock=clock,
        retention_days=config.retention_days,
        stdin=stdin,
        stdout=stdout,
    )
