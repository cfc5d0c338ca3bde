"""The streaming runtime under AWS's own runtime interface emulator, which comes with aws-sam-cli; no Docker.

It is Lambda's supervisor in small: it refuses what Lambda refuses. It answers its caller in one piece; that pieces
arrive one by one is shown in `tests/contract/runtime`.
"""

import contextlib
import platform
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from pydantic_core import from_json, to_json

from local.aws import EmbeddedAws, free_port
from local.process import Child
from local.sam_api import in_sam
from local.simulators import Simulator
from local.tables import create_tables
from tests.functions.conftest import event, put_keys
from tests.sam.conftest import ROOT, Built
from turnout.runtime.answer import SEPARATOR

pytestmark = pytest.mark.slow
WRAPPER = ROOT / "layers/turnout/turnout-stream"
INVOKE = "/2015-03-31/functions/function/invocations"


@pytest.fixture(scope="module")
def emulator() -> str:
    """The program."""
    package = in_sam("python", "-c", "import samcli; print(samcli.__path__[0])").strip()
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{package}/local/rapid/aws-lambda-rie-{machine}"


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, str]]:
    """The settings that lead a function to an AWS on this machine, with the tables and the events' key in it."""
    with EmbeddedAws() as aws:
        dynamodb = boto3.client("dynamodb", endpoint_url=aws.env["AWS_ENDPOINT_URL"])  # pyright: ignore[reportUnknownMemberType]
        tables = create_tables(dynamodb)
        put_keys(dynamodb, tables["TURNOUT_KEYS_TABLE"])
        yield aws.env | tables


class Emulated:
    """A function in the emulator."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, event: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The prelude and the body of the answer."""
        response = await self._client.post(INVOKE, json=event)
        head, found, body = response.content.partition(SEPARATOR)
        assert found, response.text
        return from_json(head), body


@contextlib.asynccontextmanager
async def emulated(
    emulator: str, handler: str, task_root: Path, settings: Mapping[str, str]
) -> AsyncGenerator[Emulated]:
    """Our wrapper and runtime in an emulator of their own."""
    front, runtime = free_port(0), free_port(0)
    addresses = [
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{front}",
        "--runtime-api-address",
        f"127.0.0.1:{runtime}",
    ]
    env = {"PATH": "/usr/bin:/bin", "LAMBDA_TASK_ROOT": str(task_root), "_HANDLER": handler, **settings}
    with Child("the emulator", [emulator, *addresses, str(WRAPPER), sys.executable], env) as child:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{front}", timeout=60) as client:
            await listening(client, child)
            yield Emulated(client)


async def listening(client: httpx.AsyncClient, child: Child) -> None:
    """Returns when the emulator listens."""
    while child.running:
        with contextlib.suppress(httpx.ConnectError):
            await client.get("/")
            return
        time.sleep(0.05)  # noqa: ASYNC251 - nothing else runs
    raise AssertionError(child.failed())


@pytest.fixture
async def router(emulator: str, account: dict[str, str], built: Built) -> AsyncIterator[Emulated]:
    """The built router, with OpenAI simulated and every other vendor without a key."""
    async with Simulator("openai_chat") as vendor:
        settings = account | {
            "OPENAI_API_KEY": "sk-of-the-vendor",
            "TURNOUT_BASE_URLS": to_json({"openai": vendor.base_url}).decode(),
            "PYTHONPATH": ":".join(built.search_path("Router")),
        }
        async with emulated(emulator, "app.handler", built.folder / "RouterFunction", settings) as function:
            yield function


def asked(name: str, fault: str = "") -> dict[str, Any]:
    """An event of the repository, with a fault of the vendor's in its prompt."""
    whole = event(name)
    body = from_json(whole["body"])
    body["messages"][0]["content"] += f" [[fault:{fault}]]" if fault else ""
    return whole | {"body": to_json(body).decode()}


async def test_the_built_router_answers_plain_and_streamed(router: Emulated) -> None:
    head, body = await router(asked("router.chat"))
    assert head["statusCode"] == 200
    assert from_json(body)["choices"][0]["message"]["content"]
    head, body = await router(asked("router.stream"))
    assert head["headers"]["content-type"].startswith("text/event-stream")
    assert body.endswith(b"data: [DONE]\n\n")


async def test_an_error_before_the_first_byte_has_a_status_and_the_next_request_is_served(router: Emulated) -> None:
    for name in ("router.chat", "router.stream"):
        head, body = await router(asked(name, "unauthorized"))
        assert head["statusCode"] >= 500
        assert from_json(body)["error"]["message"]
    assert (await router(asked("router.chat")))[0]["statusCode"] == 200


async def test_an_error_after_the_first_byte_is_told_in_the_stream_and_the_next_is_served(router: Emulated) -> None:
    head, body = await router(asked("router.stream", "error_after_first_token"))
    assert head["statusCode"] == 200
    assert b'"error"' in body
    assert b"[DONE]" not in body
    assert (await router(asked("router.chat")))[0]["statusCode"] == 200


async def test_a_long_error_in_the_trailers_does_not_reset_the_environment(emulator: str) -> None:
    served = ROOT / "tests/contract/runtime"
    settings = {"PYTHONPATH": f"{served}:{ROOT / 'layers/turnout'}"}
    async with emulated(emulator, "served.handler", served, settings) as function:
        first = from_json((await function(rest("/starts")))[1])
        head, body = await function(rest("/cut"))
        assert (head["statusCode"], body.startswith(b"half of")) == (200, True)
        assert from_json((await function(rest("/starts")))[1]) == first


def rest(path: str) -> dict[str, Any]:
    """A request for another path."""
    return event("router.healthz") | {"path": path}
