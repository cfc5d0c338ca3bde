"""`make api`: the functions, built, in the containers of `sam local start-api`, over the laptop's AWS and vendors.

Answers are buffered here, also those that stream in the cloud: `sam local` relays no streams.
"""

import asyncio
import contextlib
import fcntl
import os
import platform
import re
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import boto3
import httpx
import yaml
from pydantic_core import to_json

from local import dotenv
from local.aws import EmbeddedAws, find_uvx
from local.tables import create_buckets, create_tables
from local.vendors import vendors
from turnout.clock import SystemClock
from turnout.core.ports import Key
from turnout.store.dynamo import client
from turnout.store.keyring import DynamoKeyring

SAM = "aws-sam-cli==1.170.0"
ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".aws-sam/build"
HOST = "host.docker.internal"
OPTIONS = ("--skip-pull-image", "--add-host", f"{HOST}:host-gateway")
"""Of any `sam local`: its image is on this machine, which goes by that name."""
SECRET = "turnout/vendor-keys"  # noqa: S105 - its name, not itself
PEPPER_SECRET = "turnout/key-pepper"  # noqa: S105 - likewise
PEPPER = "the-pepper-of-a-laptop-which-guards-nothing"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
"""This machine's processor, as Lambda calls it."""
STARTS_WITHIN = 120.0
STOPS_WITHIN = 60.0
SIOCGIFADDR = 0x8915


class NoApi(RuntimeError):
    """`sam local start-api` does not answer; its own output says why."""


def environment() -> dict[str, str]:
    """What sam runs in: no telemetry, and a python3.13 that has pip, which that of a virtual environment may not."""
    path = os.pathsep.join([f"{sys.base_prefix}/bin", os.environ["PATH"]])
    return os.environ | {"PATH": path, "SAM_CLI_TELEMETRY": "0"}


def in_sam(*command: str, **settings: str) -> str:
    """What a command prints in sam's own environment. Raises CalledProcessError."""
    whole = [find_uvx(), "--quiet", "--from", SAM, *command]
    env = environment() | settings
    return subprocess.run(whole, cwd=ROOT, env=env, check=True, text=True, stdout=subprocess.PIPE).stdout  # noqa: S603 - sam


def build(folder: Path) -> None:
    """`sam build` into `folder`, for this machine's processor. Raises CalledProcessError."""
    override = f"Architecture={ARCHITECTURE}"
    command = ["sam", "build", "--build-dir", str(folder), "--parameter-overrides", override]
    in_sam(*command, TURNOUT_ARCHITECTURE=ARCHITECTURE)


@contextlib.asynccontextmanager
async def api(folder: Path, aws: EmbeddedAws, vendor_settings: Mapping[str, str], port: int) -> AsyncGenerator[str]:
    """The API of what was built, on `port` of the loopback, for as long as the block lasts; yields its URL."""
    async with prepared(folder, aws, vendor_settings) as (template, env), started(template, env, port) as process:
        yield await answering(f"http://127.0.0.1:{port}", process)


@contextlib.asynccontextmanager
async def prepared(
    folder: Path, aws: EmbeddedAws, vendor_settings: Mapping[str, str]
) -> AsyncGenerator[tuple[Path, dict[str, str]]]:
    """What was built, led to this AWS and these vendors, which containers reach for as long as the block lasts.

    Yields the template, and the environment in which `sam local` runs it with OPTIONS.
    """
    keys = {name: value for name, value in vendor_settings.items() if name.endswith("_API_KEY")}
    shown = {name: value for name, value in vendor_settings.items() if name not in keys}
    secrets = {"TURNOUT_VENDOR_KEYS_SECRET": SECRET, "TURNOUT_KEY_PEPPER_SECRET": PEPPER_SECRET}
    variables = shown | stored(keys) | secrets | {"AWS_ENDPOINT_URL": aws.endpoint}
    ports = {int(found) for value in variables.values() for found in re.findall(r"127\.0\.0\.1:(\d+)", value)}
    template = folder / "template.local.yaml"
    template.write_text(yaml.safe_dump(localized(yaml.safe_load((folder / "template.yaml").read_text()), variables)))
    async with forwarded(ports):
        # sam would put a variable of its own environment in place of the template's
        yield template, {name: value for name, value in (environment() | aws.env).items() if name not in variables}


def stored(vendor_keys: Mapping[str, str]) -> dict[str, str]:
    """Tables, bucket, vendors' keys and pepper, all in the AWS that boto3 is led to; the settings that name them."""
    secrets = cast("Any", boto3).client("secretsmanager")
    secrets.create_secret(Name=SECRET, SecretString=to_json(vendor_keys).decode())
    secrets.create_secret(Name=PEPPER_SECRET, SecretString=PEPPER)
    s3 = boto3.client("s3")  # pyright: ignore[reportUnknownMemberType] - of other services
    return create_tables(client()) | create_buckets(s3)


def localized(template: dict[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """The template for this processor, with variables for every function.

    In them this machine goes by the name that containers know it by.
    """
    template["Parameters"]["Architecture"]["Default"] = ARCHITECTURE
    told = {name: value.replace("127.0.0.1", HOST) for name, value in variables.items()}
    functions = (r for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function")
    for function in functions:
        function["Properties"].setdefault("Environment", {}).setdefault("Variables", {}).update(told)
    return template


@contextlib.asynccontextmanager
async def started(template: Path, env: Mapping[str, str], port: int) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`sam local start-api`, which removes its containers when it is told once to end."""
    prefix = in_sam("python", "-c", "import sys; print(sys.prefix)").strip()
    command = [f"{prefix}/bin/sam", "local", "start-api", "--template", str(template), "--port", str(port), *OPTIONS]
    command += ["--warm-containers", "LAZY"]
    # A session of its own: Ctrl-C would reach it before our signal, and at a second one sam leaves containers behind.
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=dict(env), start_new_session=True)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), STOPS_WITHIN)


async def answering(url: str, process: asyncio.subprocess.Process) -> str:
    """`url`, when it answers. Raises NoApi."""
    async with asyncio.timeout(STARTS_WITHIN), httpx.AsyncClient(trust_env=False) as http:
        while process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                await http.get(url)
                return url
            await asyncio.sleep(0.2)
    raise NoApi("sam local start-api has ended; is Docker running? Its output is above.")


@contextlib.asynccontextmanager
async def forwarded(ports: Iterable[int]) -> AsyncGenerator[None]:
    """These ports of the loopback, for containers: on the address of Docker's bridge, not beyond this machine.

    Where there is no such bridge, Docker Desktop leads containers to the loopback by itself.
    """
    async with contextlib.AsyncExitStack() as stack:
        for port in ports if (address := bridge()) else ():
            await stack.enter_async_context(await asyncio.start_server(_forward(port), address, port))
        yield


def bridge() -> str | None:
    """The IPv4 address of Docker's bridge on this machine, None where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", b"docker0"))
        return socket.inet_ntoa(answer[20:24])
    return None


def _forward(port: int) -> Any:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pump(reader, here), _pump(there, writer))

    return connected


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main() -> None:
    """Serve until Ctrl-C; PORT chooses another port than 3000."""
    env = {**os.environ, **dotenv.read(ROOT / ".env")}
    port = int(env.get("PORT", "3000"))
    build(BUILD)
    with EmbeddedAws() as aws, vendors(env, None, pace=40.0) as chosen:
        os.environ.update(aws.env)
        real = {name: value for name, value in env.items() if name.endswith("_API_KEY") and value}
        async with api(BUILD, aws, real | dict(chosen.settings), port) as url:
            secret, _ = await DynamoKeyring(client(), "turnout-keys", SystemClock(), PEPPER).create(
                Key("", "sam local")
            )
            print(f'\nTry it:\n  curl {url}/v1/chat/completions -H "Authorization: Bearer {secret}" \\')
            print("""    -d '{"model": "auto", "messages": [{"role": "user", "content": "hello"}]}'\n""")
            await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
