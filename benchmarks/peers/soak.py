"""Leaks: the memory of a gateway at its start, after 2,000 and after 20,000 requests, streamed and plain in turn."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peers.gateways import Running
from benchmarks.peers.load import Wrong, load
from benchmarks.peers.measure import Shape
from benchmarks.peers.usage import resident_mb

CLIENTS, SOME, ALL = 8, 2_000, 20_000
TURN = 250
"""Requests of one kind after each other."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes. `requests` is how many were made in the time that there was; `error` ended it early."""

    start: float
    some: float | None
    all: float
    requests: int
    error: str = ""


async def soak(running: Running, seconds: float) -> Memory:
    """Ask until all have been answered or the time is up."""
    assert running.pid is not None
    start, some, done, until = resident_mb(running.pid), None, 0, time.monotonic() + seconds
    shapes = [Shape(CLIENTS, 20, stream, seconds) for stream in (False, True)]
    error = ""
    while done < ALL and time.monotonic() < until and not error:
        shape = shapes[done // TURN % 2]
        try:
            request, left = shape.request(running), until - time.monotonic()
            seen = await load(running.url, request, shape.right, clients=CLIENTS, seconds=left, most=TURN)
            done += len(seen.timings)
        except (Wrong, OSError) as wrong:
            error = str(wrong)[:200]
        if some is None and done >= SOME:
            some = resident_mb(running.pid)
    return Memory(start, some, resident_mb(running.pid), done, error)


async def soaked(running: Sequence[Running], seconds: float) -> dict[str, Memory]:
    """All of them at once: how much memory a gateway keeps does not hang on its speed."""
    found = await asyncio.gather(*(soak(one, seconds) for one in running))
    return {one.name: memory for one, memory in zip(running, found, strict=True)}
