"""An AWS on this machine: ministack, held in memory, on loopback, for as long as a `with` block lasts."""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx

from local.process import Child

VERSION = "1.5.33"
REGION = "us-east-1"

_TOOLS = Path(__file__).parent.parent / ".tools/bin"
_STARTS_WITHIN = 180.0  # seconds; the first time it is downloaded


class AwsNotStarted(RuntimeError):
    """ministack is not there; the message says why, fit for a terminal."""


class EmbeddedAws:
    """`with EmbeddedAws() as aws:` runs one; `aws.env` is what points any AWS SDK to it.

    `port` 0 takes a free one. `settings` are ministack's own variables, such as {"AUTH": "true"}; `packages` are those
    that it makes use of where they are there, such as SAM's translator. Raises AwsNotStarted.
    """

    def __init__(self, port: int = 0, settings: Mapping[str, str] | None = None, packages: Sequence[str] = ()) -> None:
        self.port = port
        self._settings = dict(settings or {})
        self._packages = [f"--with={package}" for package in packages]

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """Endpoint, region and the credentials that ministack knows."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def __enter__(self) -> Self:
        uvx = find_uvx()
        self.port = free_port(self.port)
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="turnout-aws-", ignore_cleanup_errors=True))
            command = [uvx, "--python", sys.executable, *self._packages, f"ministack=={VERSION}"]
            env = environment(os.environ, self.port, Path(folder)) | self._settings
            self._wait(stack.enter_context(Child("ministack", command, env, folder)))
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _wait(self, child: Child) -> None:
        until = time.monotonic() + _STARTS_WITHIN
        with httpx.Client(trust_env=False, timeout=2) as http:
            while not self._healthy(http):
                if not child.running:
                    raise AwsNotStarted(str(child.failed()))
                if time.monotonic() > until:
                    raise AwsNotStarted(f"ministack is not up after {_STARTS_WITHIN:.0f} s")
                time.sleep(0.05)

    def _healthy(self, http: httpx.Client) -> bool:
        try:
            return http.get(f"{self.endpoint}/_ministack/health").is_success
        except httpx.TransportError:
            return False


def find_uvx() -> str:
    """The program that runs ministack in an environment of its own. Raises AwsNotStarted when there is none."""
    path = os.pathsep.join([str(_TOOLS), os.environ.get("PATH", "")])
    if uvx := shutil.which("uvx", path=path):
        return uvx
    raise AwsNotStarted(
        "uvx is missing. Start with `make run`, which fetches it, or install uv: https://docs.astral.sh/uv/"
    )


def free_port(port: int) -> int:
    """`port` itself, any free one for 0. Raises AwsNotStarted when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise AwsNotStarted(f"Port {port} is in use. Stop what holds it, or choose another port.") from None
        return probe.getsockname()[1]


def environment(inherited: Mapping[str, str], port: int, folder: Path) -> dict[str, str]:
    """What ministack runs in: without our secrets, since it hands its environment on to the functions that it runs."""
    return {name: value for name, value in inherited.items() if not _private(name)} | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "TMPDIR": str(folder),
        "IOT_MTLS_ENABLED": "0",  # it would listen on 8883
        "SFTP_ENABLED": "0",
    }


def _private(name: str) -> bool:
    return name.startswith(("AWS_", "TURNOUT_")) or name.endswith("_API_KEY")
