"""A simulator as a process of its own: it tells where it is, obeys its control port, and leaves when told."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from pydantic_core import from_json

from local.simulators.personas import PERSONAS
from tests.contract.simulators.wire import DIALECTS, exchange

type Start = Callable[..., Coroutine[Any, Any, Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    started = list[Process]()

    async def start(*arguments: str) -> Process:
        command = (sys.executable, "-m", "local.simulators", *arguments)
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def place(process: Process) -> dict[str, str]:
    assert process.stdout is not None
    return from_json(await process.stdout.readline())


@pytest.mark.parametrize("dialect", PERSONAS)
async def test_it_serves_until_it_is_told_to_stop(start: Start, dialect: str) -> None:
    process = await start(dialect, "--tokens-per-second", "0")
    ready = await place(process)
    assert ready["dialect"] == dialect
    heard = await exchange(ready["control_url"], "PUT", "/faults", b'{"name": "refused", "seconds": 60}')
    assert heard.status == 200
    path = DIALECTS[dialect].path[False]
    assert (await exchange(ready["url"], "POST", path)).ended == "refused"
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    assert (await process.communicate())[1] == b""


async def test_a_used_port_ends_it_with_one_line(start: Start) -> None:
    taken = (await place(await start("openai_chat")))["url"].rpartition(":")[2]
    process = await start("gemini", "--port", taken)
    _, complaint = await process.communicate()
    assert process.returncode == 1
    assert complaint.decode() == f"port {taken} is in use: stop what listens there, or choose another port\n"
