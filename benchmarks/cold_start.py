"""What a cold start loads, against `import litellm`, in one run: `python -m benchmarks.cold_start`.

Each subject is a fresh interpreter of an environment of its own with nothing in it but what the subject needs. The
router has it on its path as on Lambda: a folder of the packages of layers/dependencies, which the layer's own script
has trimmed and compiled. The rounds alternate; medians are shown, with minimum and maximum. CPU time is the measure on
a machine that does other things besides.
"""

import functools
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
DEPENDENCIES = ROOT / "layers/dependencies"
LITELLM = "litellm==1.106.0"
ROUNDS = 7
LARGEST = 14
"""How many packages the second table shows."""

ENV = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}
KEYS = {"OPENAI_API_KEY": "none", "ANTHROPIC_API_KEY": "none", "GEMINI_API_KEY": "none"}

ROUTER = "from turnout.runtime.__main__ import main; from turnout.runtime.loop import load; load('app.handler')"
# The same; -X importtime shows what an import statement loads, and not what importlib does.
STATED = "import turnout.runtime.__main__, app"
TELEMETRY = "from turnout.telemetry import logs, metrics, traces"

CHILD = """
import time
wall, cpu = time.perf_counter(), time.process_time()
{statement}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
import resource, sys
try:
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
print(wall * 1000, cpu * 1000, peak, len(sys.modules), file=sys.__stdout__)
"""


@dataclass(frozen=True)
class Subject:
    """A statement that is run in a new interpreter, `python`, in the router's folder."""

    name: str
    python: Path
    statement: str
    env: Mapping[str, str] = field(default_factory=dict[str, str])

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """One fresh interpreter. Raises CalledProcessError."""
        command = [self.python, *options, "-c", CHILD.format(statement=self.statement)]
        return subprocess.run(  # noqa: S603 - our own statements
            command, cwd=ROOT / "functions/router", env={**ENV, **self.env}, capture_output=True, text=True, check=True
        )

    def measured(self) -> list[float]:
        """Milliseconds of wall time and of CPU time, peak of memory in MB, number of modules."""
        return [float(number) for number in self.run().stdout.split()]


class Secret(http.server.BaseHTTPRequestHandler):
    """Stands in for Secrets Manager: any secret holds the keys."""

    def do_POST(self) -> None:
        """Answer GetSecretValue."""
        body = json.dumps({"Name": "keys", "SecretString": json.dumps(KEYS)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def secrets_manager() -> Iterator[str]:
    """The URL of a Secrets Manager."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Secret) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def uv(*arguments: str) -> None:
    """Run the tool that makes environments."""
    own = ROOT / ".tools/bin/uv"
    tool = str(own) if own.exists() else shutil.which("uv")
    assert tool, "uv is missing: `make .tools` installs it"
    subprocess.run([tool, "--quiet", *arguments], check=True)  # noqa: S603 - our own arguments


def environment(folder: Path) -> Path:
    """The interpreter of a new environment in `folder`, with no packages."""
    # Not uv's own kind of environment, whose hook makes every import slower.
    base = getattr(sys, "_base_executable", sys.executable)
    subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True)  # noqa: S603 - our own arguments
    return folder / "bin/python"


def layer(python: Path, folder: Path) -> Path:
    """The packages that `python` finds on Lambda, in `folder`."""
    requirements = str(DEPENDENCIES / "requirements.txt")
    uv("pip", "install", "--python", str(python), "--target", str(folder), "--requirements", requirements)
    subprocess.run([python, DEPENDENCIES / "trim.py", folder], check=True)  # noqa: S603 - our own script
    return folder


def subjects(folder: Path, secrets_url: str) -> list[Subject]:
    """What is compared; LiteLLM comes last."""
    ours, theirs = environment(folder / "turnout"), environment(folder / "litellm")
    uv("pip", "install", "--compile-bytecode", "--python", str(theirs), LITELLM)
    path = {"PYTHONPATH": f"{layer(ours, folder / 'python')}{os.pathsep}{ROOT / 'layers/turnout'}"}
    names = {"TURNOUT_VENDOR_KEYS_SECRET": "keys", "TURNOUT_KEY_PEPPER_SECRET": "pepper"}
    secret = names | {"AWS_ENDPOINT_URL_SECRETS_MANAGER": secrets_url}
    return [
        Subject("router", ours, ROUTER, path | KEYS),
        Subject("router, keys from Secrets Manager", ours, ROUTER, path | secret),
        Subject("router and telemetry (loaded after the first answer)", ours, f"{ROUTER}\n{TELEMETRY}", path | KEYS),
        # Without the setting it asks the network for a price list while it is imported.
        Subject(f"import litellm ({LITELLM})", theirs, "import litellm", {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}),
    ]


def rounds(compared: list[Subject]) -> dict[str, list[list[float]]]:
    """For each subject its measurements, round by round; a first round, which only warms up, is left out."""
    for subject in compared:
        subject.run()
    measured: dict[str, list[list[float]]] = {subject.name: [] for subject in compared}
    for _ in range(ROUNDS):
        for subject in compared:
            measured[subject.name].append(subject.measured())
    return measured


def spread(values: list[float]) -> str:
    """Median, minimum and maximum."""
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


def table(measured: Mapping[str, list[list[float]]]) -> None:
    """Print all subjects, then LiteLLM's multiple of each of ours."""
    print("| loaded | wall, ms | CPU, ms | peak memory, MB | modules |\n|---|---|---|---|---|")
    for name, runs in measured.items():
        print(f"| {name} | {' | '.join(spread(list(column)) for column in zip(*runs, strict=True))} |")
    medians = {
        name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in measured.items()
    }
    *ours, (_, litellm) = medians.items()
    print("\nLiteLLM's multiple of it (goal: CPU 5, memory 3):\n\n| loaded | wall | CPU | memory |\n|---|---|---|---|")
    for name, own in ours:
        wall, cpu, memory, _ = (theirs / mine for theirs, mine in zip(litellm, own, strict=True))
        print(f"| {name} | {wall:.1f} | {cpu:.2f} | {memory:.2f} |")
    print()


def self_times(subject: Subject) -> dict[str, int]:
    """Microseconds that each module took by itself, the least of all rounds."""
    least: dict[str, int] = {}
    for _ in range(ROUNDS):
        for line in subject.run("-X", "importtime").stderr.splitlines():
            own, _, name = line.removeprefix("import time:").split("|") if line.count("|") == 2 else ("", "", "")
            if own.strip().isdecimal():
                module = name.strip()
                least[module] = min(int(own), least.get(module, sys.maxsize))
    return least


def largest(subject: Subject) -> None:
    """Print what the largest packages of the router take, by their modules' own times."""
    times, counts = Counter[str](), Counter[str]()
    for module, microseconds in self_times(subject).items():
        package = _package(module)
        times[package] += microseconds
        counts[package] += 1
    print(f"What the {subject.name} loads: {sum(times.values()) / 1000:,.0f} ms (least of {ROUNDS} rounds)\n")
    print("| package | its modules' own time, ms | modules |\n|---|---|---|")
    for package, microseconds in times.most_common(LARGEST):
        print(f"| {package} | {microseconds / 1000:,.1f} | {counts[package]} |")


@functools.cache
def _package(module: str) -> str:
    name = module.partition(".")[0]
    if name == "app":
        return "app.py itself: the clients, the catalog, the routes"
    return "standard library" if name in sys.stdlib_module_names or name.startswith("_sysconfigdata") else name


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder, secrets_manager() as url:
        compared = subjects(Path(folder), url)
        print(f"{os.cpu_count()} cores; median (minimum-maximum) of {ROUNDS} rounds\n")
        table(rounds(compared))
        largest(replace(compared[0], statement=STATED))


if __name__ == "__main__":
    main()
