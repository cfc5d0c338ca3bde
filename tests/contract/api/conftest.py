"""The endpoints behind a real HTTP server on this machine, and OpenAI's own client in front of it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import uvicorn
from openai import AsyncOpenAI

from tests.unit.api.world import KEY, World

type Serve = Callable[[World], AbstractAsyncContextManager[AsyncOpenAI]]


@pytest.fixture
def serve() -> Serve:
    """Serves a world for as long as the context lasts; the client does not retry on its own."""
    return _served


@asynccontextmanager
async def _served(world: World) -> AsyncGenerator[AsyncOpenAI]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(world.app, log_level="warning", lifespan="off"))
        running = asyncio.create_task(server.serve([listener]))
        port = listener.getsockname()[1]
        async with AsyncOpenAI(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v1", max_retries=0) as client:
            yield client
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await running
