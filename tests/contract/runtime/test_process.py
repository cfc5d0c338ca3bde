"""The runtime as a process, as Lambda starts it, with a FastAPI app."""

import asyncio
import os
import subprocess
from pathlib import Path

import httpx
import pytest
from pydantic_core import from_json

from local.fake_lambda import FakeLambda, environment
from tests.contract.runtime.conftest import fronted

HERE = Path(__file__).parent
WRAPPER = Path(__file__).parents[3] / "layers/turnout/turnout-stream"


async def test_the_lifespan_runs_once_for_many_requests_and_ends_with_the_environment() -> None:
    async with fronted(FakeLambda()) as d:
        async with environment(d.function, "served.handler", HERE, {"PYTHONUNBUFFERED": "1"}) as process:
            answers = [(await d.client.get("/starts")).json() for _ in range(3)]
        assert answers == [[process.pid]] * 3
        assert process.returncode == 0


async def test_a_long_error_after_the_first_byte_fits_a_trailer_and_the_environment_survives() -> None:
    async with fronted(FakeLambda()) as d, environment(d.function, "served.handler", HERE) as process:
        with pytest.raises(httpx.RemoteProtocolError):
            await d.client.get("/cut")
        assert sum(map(len, d.function.trailers[0].values())) < 4096
        assert (await d.client.get("/starts")).json() == [process.pid]


@pytest.mark.parametrize(
    ("broken", "message"), [("import", "TURNOUT_RETENTION_DAYS: must be a number"), ("lifespan", "no table")]
)
async def test_an_app_that_cannot_start_is_reported_with_its_reason(broken: str, message: str) -> None:
    function = FakeLambda()
    async with function.listening(), environment(function, "served.handler", HERE, {"BROKEN": broken}) as process:
        _, log = await process.communicate()
    assert process.returncode == 1
    [report] = function.init_errors
    assert message in from_json(report)["errorMessage"]
    assert all(from_json(line)["level"] for line in log.splitlines())


def test_the_wrapper_starts_our_loop_in_place_of_the_managed_runtime(tmp_path: Path) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text('#!/bin/sh\necho "$PYTHONPATH $PWD $*"\n')
    interpreter.chmod(0o755)
    shown = wrapped(tmp_path, str(interpreter), "/var/runtime/bootstrap.py")
    assert shown == f"{tmp_path}:/opt/python:/var/runtime {tmp_path} -m turnout.runtime"


def test_under_sam_local_the_wrapper_steps_aside(tmp_path: Path) -> None:
    assert wrapped(tmp_path, "echo", "the managed runtime", AWS_SAM_LOCAL="true") == "the managed runtime"


def wrapped(task_root: Path, *command: str, **env: str) -> str:
    """What the wrapper prints when it is given `command` as the managed runtime's."""
    settings = {"PATH": os.environ["PATH"], "LAMBDA_TASK_ROOT": str(task_root), **env}
    return subprocess.check_output([WRAPPER, *command], env=settings, text=True).strip()  # noqa: S603  our own script


async def test_a_runtime_api_that_is_gone_ends_the_process() -> None:
    function = FakeLambda()
    function.address = "127.0.0.1:1"
    async with environment(function, "served.handler", HERE) as process:
        await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
