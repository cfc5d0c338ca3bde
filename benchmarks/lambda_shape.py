"""`python -m benchmarks.lambda_shape`: the router as Lambda runs it, under a stand-in for the Runtime API.

Its packages are those of the layers, built and trimmed as they are deployed. The vendor and DynamoDB answer at once, so
what is timed is the router and its runtime; API Gateway and Lambda's own service are not in it.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import h11
from pydantic_core import to_json

from benchmarks.cold_start import layer
from benchmarks.peers import report
from benchmarks.peers.gateways import VENDOR_KEY, bearer, stored
from benchmarks.peers.measure import Shape, quantile
from benchmarks.peers.usage import cpu_seconds, resident_mb
from local.fake_gateway import rest_event
from local.fake_lambda import End, FakeLambda, environment
from local.process import Child, python
from turnout import bootstrap_console
from turnout.config import Config
from turnout.core.ports import Key

ROOT = Path(__file__).parent.parent
INVOCATIONS = 200
WARM = 20


@dataclass(frozen=True, slots=True)
class Started:
    """Seconds until the first event was asked for, those of CPU time, and megabytes then."""

    seconds: float
    cpu: float
    mb: float


@dataclass(frozen=True, slots=True)
class Invoked:
    """Milliseconds from the event to the first byte, to the last, and to the next event; and of CPU time."""

    first_p50: float
    last_p50: float
    last_p95: float
    last_p99: float
    billed_p50: float
    cpu: float


@asynccontextmanager
async def started(env: Mapping[str, str]) -> AsyncGenerator[tuple[FakeLambda, int, Started]]:
    """The router, ready; and what that took."""
    function = FakeLambda()
    async with function.listening():
        begun = time.perf_counter()
        handler, root, nowhere = "app.handler", ROOT / "functions/router", asyncio.subprocess.DEVNULL
        async with environment(function, handler, root, env, nowhere) as process:
            await another(function, 0)
            pid = process.pid
            yield function, pid, Started(time.perf_counter() - begun, cpu_seconds(pid), resident_mb(pid))


async def invoked(function: FakeLambda, pid: int, key: str, shape: Shape) -> Invoked:
    """Many invocations, one after the other."""
    payload = event(key, shape)
    for _ in range(WARM):
        await once(function, payload)
    cpu = cpu_seconds(pid)
    times = [await once(function, payload) for _ in range(INVOCATIONS)]
    first, last, billed = (sorted(1000 * seconds for seconds in column) for column in zip(*times, strict=True))
    return Invoked(
        quantile(first, 0.5), quantile(last, 0.5), quantile(last, 0.95), quantile(last, 0.99),
        quantile(billed, 0.5), (cpu_seconds(pid) - cpu) / INVOCATIONS * 1000,
    )  # fmt: skip


async def once(function: FakeLambda, payload: bytes) -> tuple[float, float, float]:
    """Seconds to the first byte, to the end, and until the function asked for another event."""
    asked, begun, first, body, ended = function.asked, time.perf_counter(), 0.0, b"", False
    async for piece in function.invoke(payload):
        if isinstance(piece, bytes):
            first = first or time.perf_counter() - begun
            body += piece
        ended = isinstance(piece, End) and not piece.trailers
    last = time.perf_counter() - begun
    assert ended, body[:500]
    assert b"tok19" in body, body[:500]
    await another(function, asked)
    return first, last, time.perf_counter() - begun


async def another(function: FakeLambda, asked: int) -> None:
    """Wait until the function asks for another event."""
    while function.asked == asked:  # noqa: ASYNC110 - the stand-in has no event to wait for
        await asyncio.sleep(0)


def event(key: str, shape: Shape) -> bytes:
    """What API Gateway sends for a chat."""
    headers = {"host": "api", "content-type": "application/json", **bearer(key)}
    request = h11.Request(method="POST", target="/v1/chat/completions", headers=list(headers.items()))
    return to_json(rest_event(request, shape.body()))


SHAPES = (Shape(1, 20, False, 0), Shape(1, 20, True, 0), Shape(1, 400, True, 0))


async def measured(env: Mapping[str, str]) -> tuple[Started, dict[str, Invoked], float]:
    """The start, each shape, and the memory at the end."""
    os.environ.update(env)
    secret, _ = await bootstrap_console.console(Config.from_env(os.environ)).keyring.create(Key("", "bench"))
    async with started(env) as (function, pid, init):
        found = {shape.name: await invoked(function, pid, secret, shape) for shape in SHAPES}
        return init, found, resident_mb(pid)


def written(init: Started, found: Mapping[str, Invoked], mb: float) -> None:
    """The tables."""
    few, many = found[SHAPES[1].name], found[SHAPES[2].name]
    tokens = SHAPES[2].tokens - SHAPES[1].tokens
    token = {"wall": (many.last_p50 - few.last_p50) / tokens, "cpu": (many.cpu - few.cpu) / tokens}
    head = ["invocation", "first byte p50, ms", "whole p50", "p95", "p99", "until the next event p50", "CPU, ms"]
    rows = [[name, *(report.number(value) for value in asdict(one).values())] for name, one in found.items()]
    about = report.machine()
    markdown = f"""# The router on Lambda's runtime

`python -m benchmarks.lambda_shape`: {report.told(about)}. The vendor and DynamoDB answer at once.

Init: {init.seconds * 1000:.0f} ms, {init.cpu * 1000:.0f} ms of CPU time, {init.mb:.0f} MB; \
{mb:.0f} MB after {len(SHAPES) * (INVOCATIONS + WARM):,} invocations.

{report.table(head, rows)}
A token of a stream takes {token["wall"] * 1000:.0f} µs, {token["cpu"] * 1000:.0f} µs of CPU time.
"""
    data = {"machine": about, "init": init, "invocations": found, "token_ms": token, "mb_at_the_end": mb}
    report.write("lambda", markdown, data)


def main() -> None:
    """Build, measure and write."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        vendor = stack.enter_context(Child("the vendor", python("benchmarks.peers.vendor")))
        url = f"http://127.0.0.1:{int(vendor.first_line())}/v1"
        path = layer(Path(sys.executable), folder / "python"), ROOT / "layers/turnout", ROOT / "functions/router"
        env = {
            **stored(stack),
            "TURNOUT_BASE_URLS": to_json({"openai": url}).decode(),
            "OPENAI_API_KEY": VENDOR_KEY,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
        }
        written(*asyncio.run(measured(env)))


if __name__ == "__main__":
    main()
