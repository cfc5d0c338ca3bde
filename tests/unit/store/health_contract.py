"""What shared health does over every DynamoDB there is here; subclasses bring the fixture."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.fakes import FakeClock
from turnout.core.ports import Standing
from turnout.policy.rollup import Cell, Entry
from turnout.routing.circuit import Circuits
from turnout.routing.shared import SharedCircuits
from turnout.store.health import REFRESH_SECONDS, DynamoHealth
from turnout.store.rollups import DynamoRollups

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "turnout-health"
WINDOW, COOLDOWN, FAILURES = 60.0, 15.0, 3
MODEL, VENDOR = "openai/gpt", "openai"


async def settled() -> None:
    """Everything that is done beside the requests is done."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.gather(*others)


def health_over(client: "DynamoDBClient", clock: FakeClock) -> DynamoHealth:
    return DynamoHealth(client, TABLE, clock, WINDOW, COOLDOWN)


def count(client: "DynamoDBClient", clock: FakeClock, **counts: int) -> None:
    """What the aggregator counts of MODEL in the current minute."""
    start = f"2027-01-15T08:{int(clock.now - 1_800_000_000) // 60:02d}"
    cell = Cell("minute", start, "health", (MODEL,))
    name = f"{clock.now} {counts}"
    assert DynamoRollups(client, "turnout-rollups", TABLE, clock).apply([Entry(name, {cell: counts})]) == {}


async def looked(health: DynamoHealth, clock: FakeClock, target: str = MODEL) -> Standing:
    """The standing after one refresh."""
    clock.now += REFRESH_SECONDS
    health.refresh()
    await settled()
    return health.standing(target)


class HealthContract:
    """Needs the fixture `dynamodb`."""

    async def test_a_standing_comes_from_memory_and_is_refreshed_beside(self, dynamodb: "DynamoDBClient") -> None:
        clock = FakeClock()
        health = health_over(dynamodb, clock)
        count(dynamodb, clock, aq=5, ak=2, bm=3, bv=1)
        health.refresh()
        assert health.standing(MODEL) == Standing()
        await settled()
        assert health.standing(MODEL) == Standing(ok=2, failed=3)
        assert health.standing(VENDOR) == Standing(ok=2, failed=1)
        count(dynamodb, clock, ak=1)
        health.refresh()
        await settled()
        assert health.standing(MODEL).ok == 2
        assert (await looked(health, clock)).ok == 3

    async def test_minutes_that_are_over_are_forgotten(self, dynamodb: "DynamoDBClient") -> None:
        clock = FakeClock()
        health = health_over(dynamodb, clock)
        count(dynamodb, clock, bm=9)
        assert (await looked(health, clock)).failed == 9
        clock.now += 2 * WINDOW
        assert (await looked(health, clock)).failed == 0

    async def test_one_of_two_wins_the_probe_and_the_other_learns_when(self, dynamodb: "DynamoDBClient") -> None:
        clock = FakeClock(1_800_000_000.123456)
        one, other = health_over(dynamodb, clock), health_over(dynamodb, clock)
        for health in (one, other):
            health.claim(MODEL)
            await settled()
        assert one.standing(MODEL) == Standing(probed=1_800_000_000.123, ours=True)
        assert other.standing(MODEL) == Standing(probed=1_800_000_000.123)
        clock.now += COOLDOWN
        other.claim(MODEL)
        await settled()
        assert other.standing(MODEL).ours
        assert not (await looked(one, clock)).ours

    async def test_a_recovery_is_seen_by_all_and_failures_from_before_count_no_more(
        self, dynamodb: "DynamoDBClient"
    ) -> None:
        clock = FakeClock()
        one, other = health_over(dynamodb, clock), health_over(dynamodb, clock)
        count(dynamodb, clock, bm=9)
        assert (await looked(other, clock)).failed == 9
        one.recovered(MODEL)
        await settled()
        assert one.standing(MODEL) == Standing(recovered=clock.now)
        told = clock.now
        assert await looked(other, clock) == Standing(recovered=told)
        clock.now += 60
        count(dynamodb, clock, bm=1)
        assert await looked(other, clock) == Standing(failed=1, recovered=told)

    async def test_with_fifty_instances_exactly_one_probes_in_each_cooldown(self, dynamodb: "DynamoDBClient") -> None:
        clock = FakeClock()
        count(dynamodb, clock, bm=9)
        instances = [shared_circuits(dynamodb, clock) for _ in range(50)]
        passed: list[float] = []

        def probe(circuits: SharedCircuits) -> None:
            passed.append(clock.now)
            circuits.failed(MODEL)

        await second(clock, instances, lambda _: None)  # who has not yet looked knows of no failure
        for _ in range(9):
            clock.now += 4.0
            await second(clock, instances, probe)
        assert len(passed) == 3  # in 45 seconds
        assert all(later - earlier >= COOLDOWN for earlier, later in pairwise(passed))

    async def test_a_probe_that_goes_well_closes_the_circuit_of_all_fifty(self, dynamodb: "DynamoDBClient") -> None:
        clock = FakeClock()
        count(dynamodb, clock, bm=9)
        instances = [shared_circuits(dynamodb, clock) for _ in range(50)]
        answered: list[int] = []
        while len(answered) < 51:  # the probe, and then everybody
            assert clock.now < 1_800_000_060.0
            before = len(answered)
            await second(clock, instances, lambda circuits: answered.append(circuits.succeeded(MODEL) or 1))
            assert len(answered) - before in {0, 1, 50, 51} or before > 50
            clock.now += 4.0


def shared_circuits(client: "DynamoDBClient", clock: FakeClock) -> SharedCircuits:
    local = Circuits(clock, FAILURES, WINDOW, COOLDOWN)
    return SharedCircuits(local, health_over(client, clock), clock)


async def second(clock: FakeClock, instances: list[SharedCircuits], answer: Callable[[SharedCircuits], None]) -> None:
    """One request of each instance, and what goes on beside it."""
    clock.now += 1.0
    for circuits in instances:
        if circuits.wait(MODEL) == 0.0:
            answer(circuits)
    await settled()
