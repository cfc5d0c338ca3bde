"""One side goes away in the middle: a vendor that is killed, a client that hangs up."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest

from local.simulators import Simulator
from local.simulators.steps import Pace
from tests.e2e.test_fault_matrix import TARGETS
from tests.e2e.world import ANSWER, PATIENCE, Seen, World, quick, world
from turnout.config import Breaker
from turnout.core.records import Record

pytestmark = pytest.mark.timeout(30)

SLOW = Pace(first_token_ms=100, tokens_per_second=20)
"""Half a second for an answer: time enough to go away."""


@pytest.fixture(params=TARGETS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Of the target that is asked first."""
    return request.param


@pytest.fixture
async def slow_world() -> AsyncGenerator[World]:
    """A single failure would open a circuit here."""
    async with world(quick(breaker=Breaker(failures=1, cooldown=60)), pace=SLOW) as everything:
        yield everything


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, but not for ever."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


def tried(row: Record) -> list[tuple[str, str, str]]:
    return [(f"{attempt.vendor}/{attempt.model}", attempt.outcome, attempt.error) for attempt in row.attempts]


def answering(simulator: Simulator) -> bool:
    return any(entry.ended == "answering" for entry in simulator.requests)


async def test_a_vendor_killed_during_a_plain_call_is_replaced(slow_world: World, dialect: str) -> None:
    first, second = TARGETS[dialect]
    asking = asyncio.create_task(slow_world.ask(first, second, stream=False))
    await until(lambda: answering(slow_world.simulators[dialect]))
    await slow_world.simulators[dialect].stop()
    seen = await asking
    row = await slow_world.row(seen.request_id)
    assert (seen.text, seen.finish) == (ANSWER, "stop")
    assert (row.outcome, row.model) == ("ok", second.partition("/")[2])
    killed, *again, well = tried(row)
    assert (killed, well) == ((first, "error", "vendor_unreachable"), (second, "ok", ""))
    assert [outcome for _, outcome, _ in again] == ["skipped"], "its circuit has opened"


async def test_a_vendor_killed_during_a_stream_is_replaced_and_the_answer_goes_on(
    slow_world: World, dialect: str
) -> None:
    first, second = TARGETS[dialect]
    seen = Seen()
    stream = await slow_world.open(first, second)
    async for chunk in stream:
        seen.take(chunk)
        if seen.text and not seen.resumed_on and answering(slow_world.simulators[dialect]):
            await slow_world.simulators[dialect].stop()
    row = await slow_world.row(stream.response.headers["x-turnout-request-id"])
    assert (seen.text, seen.finish, seen.resumed_on) == (ANSWER, "stop", (second,))
    assert (row.outcome, row.partial) == ("ok", False)
    assert tried(row) == [(first, "error", "vendor_stream_cut"), (second, "ok", "")]
    assert all(attempt.cost_usd > 0 for attempt in row.attempts)


async def test_a_client_that_hangs_up_ends_the_stream_upstream(slow_world: World, dialect: str) -> None:
    first, second = TARGETS[dialect]
    stream = await slow_world.open(first, second)
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    await stream.close()
    row = await slow_world.row(stream.response.headers["x-turnout-request-id"])
    assert (row.outcome, row.code, row.partial) == ("aborted", "client_closed_request", True)
    await is_over_for_the_vendor(slow_world, dialect, row)


async def test_a_client_that_hangs_up_ends_the_plain_call_upstream(slow_world: World, dialect: str) -> None:
    first, second = TARGETS[dialect]
    asking = asyncio.create_task(slow_world.ask(first, second, stream=False))
    await until(lambda: answering(slow_world.simulators[dialect]))
    asking.cancel()
    await until(lambda: bool(slow_world.log.rows))
    row = slow_world.log.rows[0]
    assert (row.outcome, row.code, row.partial) == ("aborted", "client_closed_request", False)
    await is_over_for_the_vendor(slow_world, dialect, row)


async def is_over_for_the_vendor(everything: World, dialect: str, row: Record) -> None:
    """The call was cancelled, nobody else was asked, it is priced, and it is nobody's failure."""
    first, second = TARGETS[dialect]
    (sent,) = everything.simulators[dialect].requests
    await until(lambda: sent.ended == "client_gone")
    assert tried(row) == [(first, "aborted", "")]
    assert (row.cost_usd > 0, row.attempts[0].usage.source) == (True, "estimated")
    seen = await everything.ask(first, second, stream=False)
    assert tried(await everything.row(seen.request_id)) == [(first, "ok", "")], "no circuit has opened"
