"""Worlds for all tests of a worker that only break what can be mended; each test finds them whole."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest_asyncio

from tests.e2e.world import HASTY, QUICK, World, world
from turnout.config import Config

SETTLED = 0.005
"""Seconds in which a connection that a simulator closed is seen to be closed by the gateway, in the same loop."""


@asynccontextmanager
async def _without_pauses(config: Config) -> AsyncGenerator[World]:
    """Its simulators ask for no pause when they say 429."""
    async with world(config) as everything:
        for simulator in everything.simulators.values():
            simulator.retry_after = 0
        yield everything


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_world() -> AsyncGenerator[World]:
    """A world."""
    async with _without_pauses(QUICK) as everything:
        yield everything


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_hasty_world() -> AsyncGenerator[World]:
    """One that waits for nobody."""
    async with _without_pauses(HASTY) as everything:
        yield everything


@pytest_asyncio.fixture(loop_scope="session")
async def a_world(shared_world: World) -> World:
    """A world without the faults and the rows of the test before."""
    return await mended(shared_world)


@pytest_asyncio.fixture(loop_scope="session")
async def a_hasty_world(shared_hasty_world: World) -> World:
    """The same, of the one that waits for nobody."""
    return await mended(shared_hasty_world)


async def mended(everything: World) -> World:
    """The world, as if nothing had been."""
    for simulator in everything.simulators.values():
        simulator.clear()
        simulator.requests.entries.clear()
    everything.log.rows.clear()
    await asyncio.sleep(SETTLED)
    return everything
