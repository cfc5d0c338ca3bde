"""The guard over fakes: it moves the pointer by what the rollups say, once, and says why."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fakes import FakeClock, FakePolicies, FakeRollups, FakeWatches, a_policy
from turnout.core.errors import Conflict
from turnout.core.policies import Pointer
from turnout.policy.canary_terms import Terms
from turnout.policy.canary_watch import Watch
from turnout.policy.counting import start
from turnout.policy.guard import Guard, Look
from turnout.policy.rollup import Cell, Counts, merged
from turnout.policy.sketch import bucket
from turnout.policy.verdicts import squared

PRIORS = "priors-1"
MINUTES = 300.0
WELL: Counts = {"rq": 100, "rk": 100, f"l{bucket(900)}": 100, "us": Decimal("0.1"), "u2": 100 * 10**12}
BADLY: Counts = {**WELL, "rk": 50, "re": 50}


class World:
    """A guard, and the traffic that it sees."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.policies, self.watches = FakePolicies(self.clock), FakeWatches()
        self.rollups = FakeRollups()
        terms = Terms(least_seconds=1_800)
        self.guard = Guard(self.policies, self.watches, self.rollups, PRIORS, terms, self.clock)

    async def canary(self, active: str = "") -> None:
        for version in ("p-1", "p-2"):
            await self.policies.add(a_policy(version), "")
        if active:
            await self.policies.activate(active, "")
        await self.policies.canary("p-2", 0.5, "")

    def traffic(self, **versions: Counts) -> None:
        """What is counted of each version; - is written _."""
        for version, counts in versions.items():
            cell = Cell("hour", start("hour", self.clock.now), "route", ("cost", "code", version.replace("_", "-")))
            self.rollups.add(cell, **counts)

    async def looks(self, times: int, control: str = "p_1", **versions: Counts) -> Look:
        """So many looks, the same traffic before each; ends with the one that moves something."""
        look = Look("", "")
        for _ in range(times):
            self.clock.now += MINUTES
            self.traffic(**{control: WELL}, **versions)
            look = await self.guard.look()
            if look.verdict != "watch":
                break
        return look


@pytest.fixture
def world() -> World:
    return World()


async def test_without_a_canary_nothing_is_read_but_the_pointer(world: World) -> None:
    del world.guard  # so that no later line can use the whole one
    idle = Guard(world.policies, None, None, PRIORS, Terms(), world.clock)  # pyright: ignore[reportArgumentType] - unused
    assert (await idle.look()).verdict == "idle"


async def test_a_canary_that_fails_is_rolled_back_with_the_reason_in_its_history(world: World) -> None:
    await world.canary("p-1")
    look = await world.looks(3, p_2=BADLY)
    assert (look.verdict, look.version) == ("roll_back", "p-2")
    assert "Worse than the control in failed requests" in look.why
    assert (world.policies.at.active, world.policies.at.canary) == ("p-1", "")
    listed = world.policies.listings["p-2"]
    assert listed.state == "rolled_back"
    assert listed.history[-1].why == f"The guard: {look.why}"
    assert "failed requests 50.00% against 0.00%" in look.why
    assert (await world.guard.look()).verdict == "idle"


async def test_a_canary_that_does_as_well_is_promoted(world: World) -> None:
    await world.canary("p-1")
    look = await world.looks(200, p_2=WELL)
    assert look.verdict == "promote"
    assert world.policies.at == Pointer("p-2", world.clock.now, before=("", "p-1"), revision=3)


def verdicts(*scores: str, times: int = 1) -> Counts:
    """What so many verdicts of each score add to a route, whenever they come."""
    return merged([squared(Decimal(score)) for score in scores] * times)


async def test_a_canary_whose_answers_clients_find_worse_is_rolled_back_though_all_else_is_well(world: World) -> None:
    await world.canary("p-1")
    look = await world.looks(1, p_2=WELL)
    for _ in range(12):
        world.traffic(p_1=verdicts("1", "0.9", times=25), p_2=verdicts("0.2", "0.9", times=25))
        look = await world.looks(1, p_2=WELL)
        if look.verdict != "watch":
            break
    assert look.verdict == "roll_back"
    assert look.why.startswith("Worse than the control in quality of answers, after ")
    assert "quality of answers 0.550 against 0.950" in look.why


async def test_a_verdict_counts_when_it_comes_if_the_hour_of_its_request_is_still_looked_at(world: World) -> None:
    await world.canary("p-1")
    await world.looks(3, p_2=WELL)
    assert "quality" not in world.watches.kept["p-2"].evidence
    world.traffic(p_1=verdicts("0.7", times=3), p_2=verdicts("0.7", times=1))
    await world.looks(2, p_2=WELL)
    quality = world.watches.kept["p-2"].evidence["quality"]
    assert quality.weight == pytest.approx(3 * 1 / (3 + 1))
    assert quality.excess == pytest.approx(-0.03 * quality.weight)


async def test_the_first_canary_is_compared_with_the_priors(world: World) -> None:
    await world.canary()
    assert (await world.looks(3, "priors_1", p_2=BADLY)).verdict == "roll_back"
    assert world.policies.at.active == ""


async def test_what_was_counted_before_the_canary_does_not_count(world: World) -> None:
    world.traffic(p_1=BADLY)
    await world.canary("p-1")
    look = await world.looks(3, p_2=BADLY)
    assert "50.00% against 0.00%" in look.why


async def test_nothing_counts_twice_and_a_change_of_the_hour_loses_nothing(world: World) -> None:
    await world.canary("p-1")
    await world.looks(26, p_2={**WELL, f"l{bucket(900)}": 0})
    watch = world.watches.kept["p-2"]
    assert (watch.look, watch.requests) == (26, 25 * 100)
    assert watch.evidence["failed"].weight == pytest.approx(25 * 50)


async def test_rows_that_come_late_count_for_the_hour_that_they_are_of(world: World) -> None:
    await world.canary("p-1")
    world.clock.now += 3_599 - world.clock.now % 3_600
    await world.guard.look()
    world.traffic(p_1=WELL, p_2=WELL)
    world.clock.now += 2
    await world.guard.look()
    assert world.watches.kept["p-2"].requests == 100


async def test_a_cell_that_was_counted_anew_and_has_shrunk_is_left_out_once(world: World) -> None:
    await world.canary("p-1")
    await world.looks(3, p_2=WELL)
    for cell in world.rollups.counts:
        world.rollups.counts[cell] = dict.fromkeys(world.rollups.counts[cell], 1)
    await world.guard.look()
    assert world.watches.kept["p-2"].requests == 200
    await world.looks(1, p_2=WELL)
    assert world.watches.kept["p-2"].requests == 300


async def test_a_version_that_is_a_canary_again_begins_anew(world: World) -> None:
    await world.canary("p-1")
    await world.looks(3, p_2=BADLY)
    world.clock.now += MINUTES
    await world.policies.canary("p-2", 0.5, "mended")
    assert (await world.looks(2, p_2=WELL)).verdict == "watch"
    watch = world.watches.kept["p-2"]
    assert (watch.look, watch.requests, watch.since) == (2, 100, world.clock.now - 2 * MINUTES)


async def test_who_moves_the_pointer_meanwhile_is_right(world: World) -> None:
    await world.canary("p-1")
    await world.looks(1, p_2=BADLY)

    class Hasty(FakePolicies):
        async def rollback(self, why: str, revision: int | None = None) -> Pointer:
            raise Conflict("Somebody else has moved the policy meanwhile.")

    hasty = Hasty(world.clock)
    hasty.__dict__ |= world.policies.__dict__
    world.guard = replace(world.guard, policies=hasty)
    look = await world.looks(1, p_2=BADLY)
    assert (look.verdict, look.why) == ("watch", "Left to another: Somebody else has moved the policy meanwhile.")


async def test_of_two_guards_at_once_one_keeps_what_it_found_and_the_other_moves_nothing(world: World) -> None:
    await world.canary("p-1")
    await world.looks(1, p_2=BADLY)

    class Quicker(FakeWatches):
        async def keep(self, watch: Watch) -> None:
            self.kept[watch.version] = watch
            await super().keep(watch)

    quicker = Quicker()
    quicker.kept |= world.watches.kept
    world.guard = replace(world.guard, watches=quicker)
    assert (await world.looks(1, p_2=BADLY)).why.startswith("Left to another")
    assert world.policies.at.canary == "p-2"


async def test_what_a_crash_left_undone_is_done_at_the_next_look(world: World) -> None:
    await world.canary("p-1")
    moves: Mapping[str, object] = world.policies.__dict__ | {}
    await world.looks(3, p_2=BADLY)
    watch = world.watches.kept["p-2"]
    world.policies.__dict__ |= moves  # as if the pointer had not moved
    world.policies.at = replace(world.policies.at, canary="p-2", canary_since=watch.since, revision=9)
    world.clock.now += MINUTES
    assert (await world.guard.look()).verdict == "roll_back"
