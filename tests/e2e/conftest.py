"""One world for all tests of a worker that only break things which can be mended; each finds it whole."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.e2e.world import World, world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_world() -> AsyncGenerator[World]:
    """Its simulators ask for no pause when they say 429."""
    async with world() as everything:
        for simulator in everything.simulators.values():
            simulator.retry_after = 0
        yield everything


@pytest_asyncio.fixture(loop_scope="session")
async def a_world(shared_world: World) -> World:
    """The same, without the faults and the rows of the test before."""
    for simulator in shared_world.simulators.values():
        simulator.clear()
    shared_world.log.rows.clear()
    return shared_world
