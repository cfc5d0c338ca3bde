"""Counting at scale: is it exact, how fast, what does it cost, and how late is it? `python -m benchmarks.aggregator`.

1. The real handler over a DynamoDB in memory, by batch size: rows per second of its own work, and AWS's price for a
   million requests from the write units that the fake counts.
2. How long after a row was written its rollup has it, on this machine with the settings of the template.
3. 100,000 rows with 1% duplicates, in shards that are cut and reordered at random, with 50 crashes: each sum against
   the same sum made directly over the rows.
"""

import logging
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from decimal import Decimal
from io import StringIO
from random import Random
from typing import Any, cast

from local.aws import EmbeddedAws
from local.fake_dynamo import FakeDynamo
from local.kept import KeptChild
from local.process import python
from local.stream_poller.__main__ import in_process
from local.stream_poller.setting import poller_env
from local.synthetic import START, rows
from local.tables import create_tables
from turnout.clock import SystemClock
from turnout.core.records import Record
from turnout.policy.counting import entry
from turnout.policy.rollup import TOKENS, Dimension, Entry, Rollup, merged
from turnout.store.dynamo import client, to_wire
from turnout.store.log import to_item
from turnout.store.rollups import DynamoRollups

ROWS, DUPLICATES, CRASHES, LARGEST_BATCH = 100_000, 1_000, 50, 100
TIMED_ROWS, BATCH_SIZES = 6_000, (1, 10, 25, 50, 100, 250, 1000)
SAMPLES = 8
WEEK = 7 * 86_400
TABLES = ("rollups", "health")

# us-east-1, on demand, arm64: https://aws.amazon.com/dynamodb/pricing/on-demand/ and https://aws.amazon.com/lambda/pricing/
WRITE_UNIT, INVOCATION, GB_SECOND = Decimal("0.625e-6"), Decimal("0.2e-6"), Decimal("0.0000133334")
MEMORY_GB = Decimal("0.5")
TRANSACTION_SECONDS = Decimal("0.02")
"""Assumed for each call of DynamoDB from a function, since the fake answers at once."""


class Crash(BaseException):
    """The process is gone."""


class Crashing(FakeDynamo):
    """Dies before or after some of its calls; the calls to die at come nearer as `left` grows fewer."""

    def __init__(self, random: Random, crashes: int, expected_calls: int) -> None:
        super().__init__()
        self._random = random
        self._at = set(random.sample(range(1, expected_calls), crashes))
        self.crashed = self._tried = 0

    def transact_write_items(self, **arguments: Any) -> dict[str, Any]:
        self._tried += 1
        crash, late = self._tried in self._at, self._random.random() < 0.5
        self.crashed += crash
        if crash and not late:
            raise Crash
        answer = super().transact_write_items(**arguments)
        if crash:
            raise Crash
        return answer


class Timed(FakeDynamo):
    """Knows how long its callers waited for it."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def transact_write_items(self, **arguments: Any) -> dict[str, Any]:
        begun = time.perf_counter()
        try:
            return super().transact_write_items(**arguments)
        finally:
            self.seconds += time.perf_counter() - begun


def deliveries(records: Sequence[Record], random: Random) -> Iterator[list[Record]]:
    """All rows and some twice, by four shards, each in batches of random size, the shards taking turns at random."""
    again = random.sample(records, DUPLICATES)
    sent = sorted([*records, *again], key=lambda record: record.at + random.uniform(0, 30))
    shards = [sent[number::4] for number in range(4)]
    while shards:
        shard = random.choice(shards)
        size = random.randint(1, LARGEST_BATCH)
        yield shard[:size]
        del shard[:size]
        shards = [shard for shard in shards if shard]


def rollups_over(dynamo: object) -> DynamoRollups:
    return DynamoRollups(cast("Any", dynamo), *TABLES, SystemClock())


def exactness() -> None:
    """Prints each sum of the rows, of the rollups, and how they differ. Raises AssertionError if they do."""
    random = Random(20261124)  # noqa: S311 - reproducible, not secret
    records = list(rows(ROWS, seed=1, per_second=2.0))
    dynamo = Crashing(random, CRASHES, expected_calls=ROWS // LARGEST_BATCH)
    rollups = rollups_over(dynamo)
    begun, delivered = time.perf_counter(), 0
    for batch in deliveries(records, random):
        delivered += len(batch)
        while not survived(rollups, [entry(record) for record in batch]):
            pass
    took = time.perf_counter() - begun
    print(f"{delivered:,} rows delivered, {dynamo.calls:,} transactions, {dynamo.crashed} crashes, {took:.0f} s\n")
    for dimension in ("model", "route", "key"):
        compare(dimension, records, rollups)


def survived(rollups: DynamoRollups, entries: Sequence[Entry]) -> bool:
    """Whether the process lived to the end of the batch."""
    try:
        assert rollups.apply(entries) == {}
    except Crash:
        return False
    return True


def compare(dimension: Dimension, records: Sequence[Record], rollups: DynamoRollups) -> None:
    """One table."""
    whole = {grain: total(rollups, dimension, grain) for grain in ("hour", "day")}
    print(f"{dimension:8}{'log':>24}{'hours':>24}{'days':>24}{'difference':>12}")
    for name, (direct, read) in COLUMNS.items():
        log, by_hour, by_day = direct(records), read(whole["hour"]), read(whole["day"])
        difference = max(abs(log - by_hour), abs(log - by_day))
        print(f"  {name:14}{log:>16}{by_hour:>24}{by_day:>24}{difference:>12}")
        assert difference == 0, f"{dimension}: {name} differs"
    print()


def total(rollups: DynamoRollups, dimension: Dimension, grain: Any) -> Rollup:
    return Rollup(merged(counts for _, counts in rollups.read(dimension, grain, START, START + WEEK)))


type Number = int | Decimal
type Direct = Callable[[Sequence[Record]], Number]
type Read = Callable[[Rollup], Number]


def _tokens(bucket: str) -> Direct:
    return lambda records: sum(getattr(one.usage, bucket) for record in records for one in record.attempts)


def _requests(outcome: str) -> Direct:
    return lambda records: sum(record.outcome == outcome for record in records)


def _attempts(outcome: str) -> Direct:
    return lambda records: sum(one.outcome == outcome for record in records for one in record.attempts)


def _whole(name: str) -> Read:
    return lambda rollup: rollup.whole(name)


COLUMNS: dict[str, tuple[Direct, Read]] = {
    "requests": (len, _whole("rq")),
    "answered": (_requests("ok"), _whole("rk")),
    "errors": (_requests("error"), _whole("re")),
    "aborted": (_requests("aborted"), _whole("ra")),
    "attempts": (lambda records: sum(len(record.attempts) for record in records), _whole("aq")),
    "attempts ok": (_attempts("ok"), _whole("ak")),
    "failed": (_attempts("error"), _whole("ae")),
    "cost, USD": (lambda records: sum((record.cost_usd for record in records), Decimal(0)), lambda one: one.cost_usd),
    **{bucket: (_tokens(bucket), _whole(name)) for name, bucket in TOKENS.items()},
    "cut": (
        lambda records: sum(one.signals.get("cut", False) for record in records for one in record.attempts),
        lambda rollup: rollup.verdicts("cut").sum,
    ),
}


@dataclass(frozen=True)
class Speed:
    """What one batch size came to."""

    batch: int
    seconds: float
    invocations: int
    transactions: int
    units: int

    def show(self) -> None:
        busy = Decimal(self.seconds) + self.transactions * TRANSACTION_SECONDS
        million = Decimal(1_000_000) / TIMED_ROWS
        database = self.units * WRITE_UNIT * million
        compute = (self.invocations * INVOCATION + busy * MEMORY_GB * GB_SECOND) * million
        per_request = self.units / TIMED_ROWS
        print(
            f"{self.batch:>6}{TIMED_ROWS / self.seconds:>12,.0f}{self.transactions:>14}{per_request:>15.1f}"
            f"{database:>14.2f}{compute:>10.2f}{database + compute:>10.2f}"
        )


def speed() -> None:
    """Prints rows per second and USD per million requests, by batch size."""
    events = [stream_record(record) for record in rows(TIMED_ROWS, seed=2)]
    print(
        f"{'batch':>6}{'rows/s':>12}{'transactions':>14}{'units/request':>15}{'DynamoDB, $':>14}{'Lambda, $':>10}",
        end="",
    )
    print(f"{'per million':>12}")
    for size in BATCH_SIZES:
        timed(events, size).show()
    print()


def timed(events: Sequence[dict[str, Any]], size: int) -> Speed:
    """The handler over all events, in batches."""
    dynamo = Timed()
    with handler_over(dynamo) as handle:
        begun = time.perf_counter()
        for at in range(0, len(events), size):
            assert handle({"Records": events[at : at + size]}) == {"batchItemFailures": []}
        took = time.perf_counter() - begun - dynamo.seconds
    return Speed(size, took, -(-len(events) // size), dynamo.calls, dynamo.written_units)


@contextmanager
def handler_over(dynamo: FakeDynamo) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """The aggregator's handler with its client replaced, its metrics unprinted."""
    real = client

    def fake() -> Any:
        return dynamo

    import turnout.store.dynamo as store  # noqa: PLC0415 - the module itself, to replace what it makes

    store.client = fake
    try:
        with redirect_stdout(StringIO()):
            yield in_process("AggregatorFunction")
    finally:
        store.client = real


def stream_record(record: Record) -> dict[str, Any]:
    """A row as the stream brings it."""
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": record.id,
            "NewImage": to_wire(to_item(record, 90)),
            "Keys": {"id": {"S": record.id}},
        },
    }


def lateness() -> None:
    """Prints after how many seconds a row shows."""
    with EmbeddedAws() as aws:
        os.environ.update(aws.env)
        stores = create_tables(client())
        with KeptChild("the poller", python("local.stream_poller"), poller_env(stores)):
            waits = [seen_after(number, stores) for number in range(SAMPLES)]
    print(
        f"a row shows in its rollup after {statistics.median(waits):.1f} s, at most {max(waits):.1f} s ({SAMPLES} rows)"
    )


def seen_after(number: int, stores: dict[str, str]) -> float:
    """Write one row of a key of its own, and wait for it."""
    [record] = rows(1, seed=number)
    record = replace(record, id=f"late-{number}", key_id=f"late-{number}")
    database = client()
    names = stores["TURNOUT_ROLLUPS_TABLE"], stores["TURNOUT_HEALTH_TABLE"]
    rollups = DynamoRollups(database, *names, SystemClock())
    database.put_item(TableName=stores["TURNOUT_REQUEST_LOG_TABLE"], Item=to_wire(to_item(record, 90)))
    begun = time.perf_counter()
    while not any(cell["key"] == record.key_id for cell, _ in rollups.read("key", "day", START, START + 1)):
        time.sleep(0.02)
    return time.perf_counter() - begun


def main(parts: Iterable[Callable[[], None]] = (speed, lateness, exactness)) -> None:
    """Everything, the quick parts first."""
    logging.disable(logging.WARNING)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ.setdefault(name, "test")
    os.environ |= {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Turnout",
    }
    for part in parts:
        part()


if __name__ == "__main__":
    main()
