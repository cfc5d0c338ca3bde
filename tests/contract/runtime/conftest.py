"""The runtime in the test's own event loop, behind a stand-in for Lambda and for API Gateway, over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx
import pytest

from local.fake_gateway import FakeGateway
from local.fake_lambda import FakeLambda
from turnout.runtime.asgi import App
from turnout.runtime.lifespan import Lifespan
from turnout.runtime.loop import serve
from turnout.runtime.runtime_api import RuntimeApi


@dataclass(frozen=True)
class Deployment:
    """A function, and a client of the API in front of it."""

    function: FakeLambda
    client: httpx.AsyncClient


type Deploy = Callable[..., AbstractAsyncContextManager[Deployment]]


@contextlib.asynccontextmanager
async def fronted(function: FakeLambda) -> AsyncGenerator[Deployment]:
    """An API in front of a function."""
    gateway = FakeGateway(function)
    async with function.listening(), gateway.listening(), httpx.AsyncClient(timeout=20) as client:
        client.base_url = gateway.url
        yield Deployment(function, client)


@contextlib.asynccontextmanager
async def _deployed(app: App, limit: float = 30) -> AsyncGenerator[Deployment]:
    function = FakeLambda(limit)
    async with fronted(function) as deployment:
        # not started: these apps know no lifespan, test_process has one that does
        environment = asyncio.create_task(serve(Lifespan(app), RuntimeApi(function.address)))
        try:
            yield deployment
        finally:
            environment.cancel()
            await asyncio.wait({environment})


@pytest.fixture
def deployed() -> Deploy:
    """Serves an app until the end of a `with`: `async with deployed(app, limit=...) as deployment`."""
    return _deployed
