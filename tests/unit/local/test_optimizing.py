"""The optimizer's schedule on the laptop: a run when it is due and there is something to see."""

from dataclasses import replace

from local.optimizing import Schedule
from tests.fakes import FakeClock
from tests.unit.optimizing.test_run import HISTORY, FakeRollups


class Started:
    """Runs that were begun, by id."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    async def start(self, run: str) -> None:
        self.runs.append(run)


async def test_a_run_is_begun_when_requests_have_come_since_the_last() -> None:
    clock, started, rollups = FakeClock(HISTORY[0].at), Started(), FakeRollups([])
    schedule = Schedule(started, rollups, clock)
    await schedule.due()
    assert started.runs == []
    for number, runs in ((1, 1), (1, 1), (2, 2)):
        clock.now += 900
        rollups.rows = [replace(row, at=clock.now - 1) for row in HISTORY[:number]]
        await schedule.due()
        assert len(started.runs) == runs
    assert len(set(started.runs)) == 2
