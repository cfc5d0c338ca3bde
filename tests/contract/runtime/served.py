"""The module that a runtime process serves in `test_process`; how it behaves is set by the environment."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

if os.environ.get("BROKEN") == "import":
    raise RuntimeError("TURNOUT_RETENTION_DAYS: must be a number")

starts: list[int] = []


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, int]]:
    """Counts how often it ran, and says on standard output that it ended."""
    if os.environ.get("BROKEN") == "lifespan":
        raise RuntimeError("no table")
    starts.append(os.getpid())
    yield {"process": os.getpid()}
    print("lifespan ended", flush=True)  # noqa: T201  the test reads it


app = FastAPI(lifespan=lifespan)


@app.get("/starts")
async def started() -> list[int]:
    """The processes in which the lifespan ran."""
    return starts


@app.get("/cut")
async def cut() -> StreamingResponse:
    """A stream that breaks."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"half of"
        raise RuntimeError("x" * 100_000)

    return StreamingResponse(pieces())
