"""AWS SAM for these tests: the command in an environment of its own, and one build for the machine at hand."""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.aws import find_uvx

ROOT = Path(__file__).parents[2]
SAM = "aws-sam-cli==1.170.0"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
ENVIRONMENT = {
    **os.environ,
    # The real interpreter's folder: a virtual environment's python3.13 may have no pip, and a shim answers for another.
    "PATH": os.pathsep.join([f"{sys.base_prefix}/bin", os.environ["PATH"]]),
    "SAM_CLI_TELEMETRY": "0",
    "TURNOUT_ARCHITECTURE": ARCHITECTURE,
}


def in_sam(*command: str) -> str:
    """What a command prints in sam's own environment. Raises CalledProcessError."""
    whole = [find_uvx(), "--quiet", "--from", SAM, *command]
    return subprocess.run(whole, cwd=ROOT, env=ENVIRONMENT, check=True, text=True, stdout=subprocess.PIPE).stdout  # noqa: S603 - sam


@dataclass(frozen=True)
class Built:
    """What `sam build` made."""

    folder: Path

    @property
    def layers(self) -> list[Path]:
        """The folders that Lambda lays over each other as /opt."""
        return [self.folder / "DependenciesLayer", self.folder / "TurnoutLayer"]

    def search_path(self, function: str) -> list[str]:
        """What is on a function's path besides the standard library."""
        return [str(self.folder / f"{function}Function"), *(str(layer / "python") for layer in self.layers)]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """All functions and layers, for this machine's processor."""
    folder = tmp_path_factory.mktemp("sam") / "build"
    in_sam("sam", "build", "--build-dir", str(folder), "--parameter-overrides", f"Architecture={ARCHITECTURE}")
    return Built(folder)
