"""The loop: reads each shard, gathers batches by size and window, delivers them and keeps the place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from local.stream_poller.delivery import Batch, Buried, Delivery, Handler, StreamRecord
from local.stream_poller.mapping import EventSource
from local.stream_poller.patterns import passes
from local.stream_poller.shards import Checkpoints, Shard, shards

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IDLE = 0.1
"""Seconds between two looks at a stream that has nothing new."""


@dataclass(slots=True)
class Reading:
    """A shard that is being read. `gathered` waits for its batch to fill since `since`, monotonic seconds."""

    shard: Shard
    delivery: Delivery
    gathered: list[StreamRecord] = field(default_factory=list[StreamRecord])
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the poller needs of the world: `bury` is told the shard's id, `wait` takes seconds."""

    dynamodb: "DynamoDBClient"
    streams: Any
    handler: Handler
    bury: Callable[[str, Buried], None]
    wait: Callable[[float], None]
    now: Callable[[], float]
    monotonic: Callable[[], float]


class StreamPoller:
    """Feeds one function from one stream, one batch after the other."""

    def __init__(self, source: EventSource, stream_arn: str, world: Surroundings) -> None:
        self._source, self._arn, self._world = source, stream_arn, world
        self._checkpoints = Checkpoints(world.dynamodb)
        self._readings: dict[str, Reading] = {}

    def run(self) -> None:
        """For ever."""
        while True:
            if not self.turn():
                self._world.wait(IDLE)

    def turn(self) -> int:
        """Look at each shard once, and deliver what is due. Gives how many new records there were."""
        self._discover()
        return sum(self._read(reading) for reading in list(self._readings.values()) if not reading.shard.ended)

    def _discover(self) -> None:
        """Begin shards whose parent, if it is still there, was read to its end."""
        known = dict(shards(self._world.streams, self._arn))
        for id_, parent in known.items():
            before = self._readings.get(parent)
            if id_ not in self._readings and (parent not in known or (before and before.shard.ended)):
                self._readings[id_] = self._begun(id_)

    def _begun(self, id_: str) -> Reading:
        world = self._world
        shard = Shard(world.streams, self._arn, id_, self._source.starting_position, self._checkpoints.get(id_))
        bury, done = partial(world.bury, id_), partial(self._settled, id_)
        return Reading(shard, Delivery(self._source, world.handler, bury, done, world.wait, world.now))

    def _read(self, reading: Reading) -> int:
        records = reading.shard.read()
        for record in records:
            if passes(self._source.patterns, record):
                self._gather(reading, record)
            elif not reading.gathered:
                self._settled(reading.shard.id, [record])
        if reading.gathered and (reading.shard.ended or self._waited(reading) >= self._source.window):
            self._deliver(reading)
        return len(records)

    def _gather(self, reading: Reading, record: StreamRecord) -> None:
        if not reading.gathered:
            reading.since = self._world.monotonic()
        reading.gathered.append(record)
        if len(reading.gathered) >= self._source.batch_size:
            self._deliver(reading)

    def _deliver(self, reading: Reading) -> None:
        batch, reading.gathered = reading.gathered, []
        reading.delivery.deliver(batch)

    def _waited(self, reading: Reading) -> float:
        return self._world.monotonic() - reading.since

    def _settled(self, shard: str, records: Batch) -> None:
        self._checkpoints.put(shard, records[-1]["dynamodb"]["SequenceNumber"])
