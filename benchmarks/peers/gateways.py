"""The gateways that are compared, behind one interface: how each is started, and how a chat is sent to it."""

import json
import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from benchmarks.peers import install
from local.aws import REGION, free_port
from local.process import Child, ChildFailed, python

VENDOR_KEY = "sk-of-the-vendor"
MASTER_KEY = "sk-of-the-bench"
MODEL = "gpt-5.4-mini"
STARTS_WITHIN = 180.0
"""Seconds; LiteLLM takes some ten."""


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that answers at `url` + `path`; `pid` is None for the vendor itself, which is nobody's overhead."""

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    pid: int | None = None
    path: str = "/v1/chat/completions"


type Start = Callable[[str, Path], AbstractContextManager[Running]]
"""Starts a gateway in front of the vendor at a URL (which ends in /v1), with a folder for its files."""


def bearer(key: str) -> dict[str, str]:
    """The header in which OpenAI's SDK sends a key."""
    return {"authorization": f"Bearer {key}"}


@contextmanager
def directly(vendor: str, _folder: Path) -> Generator[Running]:
    """No gateway: what the others are compared with."""
    yield Running("vendor directly", vendor.removesuffix("/v1"), bearer(VENDOR_KEY))


@contextmanager
def turnout(vendor: str, _folder: Path, **more: str) -> Generator[Running]:
    """The router under uvicorn, with its rows going to a DynamoDB that takes them at once."""
    env = {"TURNOUT_BASE_URLS": json.dumps({"openai": vendor}), "OPENAI_API_KEY": VENDOR_KEY, **more}
    with routed(env) as running:
        yield running


@contextmanager
def rowless(vendor: str, _folder: Path) -> Generator[Running]:
    """The same, keeping no rows: what the peers do."""
    with turnout(vendor, _folder, TURNOUT_BENCH_ROWS="no") as running:
        yield replace(running, name=ROWLESS)


@contextmanager
def routed(env: Mapping[str, str]) -> Generator[Running]:
    """The router with these settings."""
    with ExitStack() as stack:
        store = stored(stack)
        child = Child("the router", python("benchmarks.peers.router"), {**os.environ, **store, **env})
        ready = json.loads(stack.enter_context(child).first_line(STARTS_WITHIN))
        yield Running("Turnout", ready["url"], bearer(ready["key"]), child.pid)


def stored(stack: ExitStack) -> dict[str, str]:
    """The settings of a DynamoDB that takes all rows at once, as Lambda would have them."""
    dynamo = stack.enter_context(Child("DynamoDB", python("benchmarks.peers.dynamo")))
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(dynamo.first_line(STARTS_WITHIN))}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


@contextmanager
def litellm(vendor: str, folder: Path) -> Generator[Running]:
    """LiteLLM's proxy with its master key, and no database: it keeps no rows."""
    models = [{"model_name": MODEL, "litellm_params": openai_model(vendor)}]
    with litellm_with({"model_list": models}, folder) as running:
        yield running


def openai_model(vendor: str) -> dict[str, object]:
    """A model as LiteLLM's configuration has it."""
    return {"model": f"openai/{MODEL}", "api_base": vendor, "api_key": VENDOR_KEY}


@contextmanager
def litellm_with(config: Mapping[str, object], folder: Path) -> Generator[Running]:
    """The proxy with these settings. Raises Missing."""
    command, port = install.litellm(), free_port(0)
    file = folder / f"litellm-{port}.yaml"
    file.write_text(json.dumps({**config, "general_settings": {"master_key": MASTER_KEY}}))  # JSON is YAML
    command += ["--config", str(file), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    with Child("LiteLLM", command, {**os.environ, **install.offline_litellm()}) as child:
        running = Running("LiteLLM", f"http://127.0.0.1:{port}", bearer(MASTER_KEY), child.pid)
        up(child, f"{running.url}/health/liveliness")
        yield running


@contextmanager
def portkey(vendor: str, _folder: Path) -> Generator[Running]:
    """Portkey's gateway, which is told its vendor in each request: it keeps no rows, and checks no keys."""
    with portkey_with({"x-portkey-provider": "openai", "x-portkey-custom-host": vendor}) as running:
        yield running


@contextmanager
def portkey_with(headers: Mapping[str, str]) -> Generator[Running]:
    """The gateway, asked with these headers. Raises Missing."""
    command, port = install.portkey(), free_port(0)
    env = {**os.environ, "NODE_ENV": "production"}
    with Child("Portkey", [*command, f"--port={port}", "--headless"], env) as child:
        url = f"http://127.0.0.1:{port}"
        up(child, url)
        yield Running("Portkey", url, {**bearer(VENDOR_KEY), **headers}, child.pid)


GATEWAYS: Mapping[str, Start] = {"Turnout": turnout, "LiteLLM": litellm, "Portkey": portkey}
DIRECT = "vendor directly"
ROWLESS = "Turnout, no rows"


def up(child: Child, url: str) -> None:
    """Wait until a gateway answers. Raises Missing."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=5).status_code < 500:
                return
        except httpx.HTTPError:
            pass
        if not child.running:
            raise install.Missing(str(child.failed()).replace("\n", " ")[:200])
        time.sleep(0.1)
    raise install.Missing(f"it did not answer within {STARTS_WITHIN:.0f} s")


def started(
    starts: Mapping[str, Callable[[], AbstractContextManager[Running]]], stack: ExitStack
) -> tuple[list[Running], dict[str, str]]:
    """Those that could be started, for as long as the stack lasts, and why the others could not."""
    running: list[Running] = []
    missing: dict[str, str] = {}
    for name, start in starts.items():
        try:
            running.append(stack.enter_context(start()))
        except (install.Missing, ChildFailed) as error:
            missing[name] = str(error)
    return running, missing


def chat(running: Running, content: bytes) -> bytes:
    """One request, ready to be sent."""
    host = running.url.removeprefix("http://")
    lines = {"host": host, "content-type": "application/json", "content-length": str(len(content)), **running.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {running.path} HTTP/1.1\r\n{head}\r\n".encode() + content
