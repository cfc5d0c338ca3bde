"""A stand-in for AWS Lambda: the Runtime API that a function's process talks to, and a way to invoke it, streamed.

One environment, one event at a time, as Lambda does it. The protocol is that of
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; API Gateway in front of it is in `fake_gateway`.
"""

import asyncio
import contextlib
import os
import sys
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h11

from local.fake_http import Connection, lower

RUNTIME = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:us-east-1:012345678901:function:local"
TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
ACCEPTED = b'{"status":"OK"}'


@dataclass(frozen=True, slots=True)
class Begin:
    """The function began to answer."""

    content_type: str
    streamed: bool


@dataclass(frozen=True, slots=True)
class End:
    """The answer ended: whole, or with trailers that say why it was cut."""

    trailers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failed:
    """The function answered with an error, or not in time."""

    type: str
    body: bytes


type Piece = Begin | bytes | End | Failed


@dataclass(slots=True)
class Event:
    """One invocation under way."""

    payload: bytes
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    pieces: asyncio.Queue[Piece] = field(default_factory=asyncio.Queue[Piece])


class FakeLambda:
    """`timeout` is the function's, in seconds. `asked` counts how often the function asked for an event."""

    def __init__(self, timeout: float = 30) -> None:
        self.timeout = timeout
        self.address = ""
        self.asked = 0
        self.init_errors: list[bytes] = []
        self.failures: list[Failed] = []
        self.trailers: list[Mapping[str, str]] = []
        self._waiting: asyncio.Queue[Event] = asyncio.Queue()
        self._running: dict[str, Event] = {}

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """The Runtime API on a free port of the loopback; `address` tells which."""
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            self.address = f"{host}:{port}"
            yield
            server.close_clients()

    async def invoke(self, payload: bytes) -> AsyncIterator[Piece]:
        """What the function answers, piece by piece; the last is an `End` or a `Failed`."""
        event = Event(payload)
        await self._waiting.put(event)
        piece: Piece = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.timeout):
                while not isinstance(piece, End | Failed):
                    yield (piece := await event.pieces.get())
        if not isinstance(piece, End | Failed):
            yield Failed("Sandbox.Timedout", b'{"errorMessage":"Task timed out"}')

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        with contextlib.suppress(ConnectionError, h11.ProtocolError):
            async for request in connection.requests():
                await self._serve(connection, request)
        connection.close()

    async def _serve(self, connection: Connection, request: h11.Request) -> None:
        match request.target.decode().removeprefix(RUNTIME).strip("/").split("/"):
            case ["invocation", "next"]:
                await self._next(connection)
            case ["init", "error"]:
                self.init_errors.append(await connection.body())
                await connection.reply(202, ACCEPTED)
            case ["invocation", id_, "response"]:
                await self._response(connection, lower(request.headers), self._running.pop(id_))
            case ["invocation", id_, "error"]:
                await self._error(connection, lower(request.headers), self._running.pop(id_))
            case _:
                await connection.reply(404)

    async def _next(self, connection: Connection) -> None:
        await connection.body()
        self.asked += 1
        event = await self._waiting.get()
        self._running[event.id] = event
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": event.id,
            "lambda-runtime-deadline-ms": str(int((time.time() + self.timeout) * 1000)),
            "lambda-runtime-invoked-function-arn": ARN,
            "lambda-runtime-trace-id": TRACE,
        }
        await connection.reply(200, event.payload, headers.items())

    async def _response(self, connection: Connection, headers: Mapping[str, str], event: Event) -> None:
        streamed = headers.get("lambda-runtime-function-response-mode") == "streaming"
        event.pieces.put_nowait(Begin(headers.get("content-type", ""), streamed))
        while isinstance(part := await connection.event(), h11.Data):
            event.pieces.put_nowait(bytes(part.data))
        whole = isinstance(part, h11.EndOfMessage)
        trailers = lower(part.headers) if whole else {"lambda-runtime-function-error-type": "Runtime.Truncated"}
        self.trailers.append(trailers)
        event.pieces.put_nowait(End(trailers))
        await connection.reply(202, ACCEPTED)

    async def _error(self, connection: Connection, headers: Mapping[str, str], event: Event) -> None:
        failed = Failed(headers.get("lambda-runtime-function-error-type", ""), await connection.body())
        self.failures.append(failed)
        event.pieces.put_nowait(failed)
        await connection.reply(202, ACCEPTED)


@contextlib.asynccontextmanager
async def environment(
    fake: FakeLambda,
    handler: str,
    task_root: Path,
    settings: Mapping[str, str] | None = None,
    log: int | None = None,
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A process with our runtime, serving the app of `handler`, a module below `task_root`; `log` is where it logs."""
    env = {
        "AWS_LAMBDA_RUNTIME_API": fake.address,
        "AWS_LAMBDA_FUNCTION_NAME": "local",
        "_HANDLER": handler,
        "PYTHONPATH": str(task_root),
        **(settings or {}),
    }
    command = (sys.executable, "-m", "turnout.runtime")
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | env, stdout=log, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
