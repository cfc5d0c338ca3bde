"""The peers, each in an environment of its own: LiteLLM through uvx, Portkey through npm. Both at pinned versions."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / ".turnout/peers"
LITELLM = "1.106.0"
PORTKEY_PACKAGE = Path(__file__).parent / "portkey/package.json"
PORTKEY_SERVER = "node_modules/@portkey-ai/gateway/build/start-server.js"
PATIENCE = 300.0
"""Seconds that an installation may take."""


class Missing(RuntimeError):
    """A peer cannot be installed here; the message says why, and goes into the tables."""


def litellm() -> list[str]:
    """The command that starts LiteLLM's proxy. Raises Missing."""
    uvx = tool("uvx", ROOT / ".tools/bin/uvx")
    base = getattr(sys, "_base_executable", sys.executable)
    command = [uvx, "--quiet", "--python", base, "--from", f"litellm[proxy]=={LITELLM}", "litellm"]
    run([*command, "--version"], offline_litellm())
    return command


def offline_litellm() -> dict[str, str]:
    """Settings under which LiteLLM asks the network for nothing."""
    return {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_TELEMETRY": "False"}


def portkey() -> list[str]:
    """The command that starts Portkey's gateway. Raises Missing."""
    node, npm, folder = tool("node"), tool("npm"), FOLDER / "portkey"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PORTKEY_PACKAGE, folder)
    run([npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
    return [node, str(folder / PORTKEY_SERVER)]


def tool(name: str, own: Path | None = None) -> str:
    """The path of a program, ours or that of the machine. Raises Missing."""
    found = str(own) if own and own.exists() else shutil.which(name)
    if not found:
        raise Missing(f"there is no {name} on the PATH")
    return found


def run(command: Sequence[str], env: dict[str, str] | None = None) -> None:
    """Raises Missing with the last line that it said."""
    try:
        subprocess.run(  # noqa: S603 - our own commands
            command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=True, timeout=PATIENCE
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines() or [f"exit status {error.returncode}"]
        raise Missing(said[-1][:200]) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)[:200]) from None
