"""How an app is served on this machine: uvicorn on a socket of the loopback."""

import asyncio
import gc
import socket
from collections.abc import Coroutine
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from turnout.runtime.garbage import settled

HOST = "127.0.0.1"


def listening(port: int) -> socket.socket:
    """A socket for `server`; port 0 takes a free one. Raises OSError where it is taken."""
    sock = socket.create_server((HOST, port), backlog=512)
    # asyncio does this only for sockets that it makes itself; without it a body waits 40 ms behind its head.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def server(app: ASGIApp) -> uvicorn.Server:
    """To be awaited as `server(app).serve([listening(port)])`."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, proxy_headers=False, timeout_graceful_shutdown=3
    )
    return uvicorn.Server(config)


def run(serving: Coroutine[Any, Any, None]) -> None:
    """What awaits a server, on the loop that servers run on; what is loaded by now is never garbage, as on Lambda."""
    gc.collect()
    settled()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)
