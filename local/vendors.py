"""Which vendors answer on this machine: the real ones whose keys are set, or else a simulator for each dialect."""

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.process import Child, python
from turnout.catalog import vendor_files
from turnout.catalog.schema import VendorFile

PATHS = {"openai_chat": "/v1", "anthropic_messages": "/v1", "gemini": "/v1beta", "bedrock_converse": ""}
"""Where each dialect's API begins at its vendor."""

SIMULATED_KEY = "simulated-vendor-key"
SIMULATED_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Simulated:
    """One simulator: a process of its own, so that it can be killed."""

    dialect: str
    url: str
    control: str
    pid: int


@dataclass(frozen=True, slots=True)
class Vendors:
    """`settings` are what Turnout's configuration needs; `simulators` is empty where real vendors answer."""

    settings: Mapping[str, str]
    simulators: tuple[Simulated, ...]
    real: tuple[str, ...]


@contextmanager
def vendors(env: Mapping[str, str], extra: Path | None, *, pace: float) -> Generator[Vendors]:
    """Simulators for as long as the block lasts, unless `env` has a key of one of the vendors.

    `pace` is in tokens per second. A vendor that needs no key is real in any case.
    """
    files = vendor_files(extra)
    if keyed := [file.name for file in files if any(env.get(name) for name in file.key_env)]:
        yield Vendors({}, (), (*keyed, *_keyless(files)))
        return
    with ExitStack() as stack:
        simulated = {dialect: _simulator(stack, dialect, pace) for dialect in PATHS}
        yield Vendors(_settings(files, simulated), tuple(simulated.values()), _keyless(files))


def _keyless(files: Iterable[VendorFile]) -> tuple[str, ...]:
    return tuple(file.name for file in files if not file.needs_key)


def _simulator(stack: ExitStack, dialect: str, pace: float) -> Simulated:
    command = [*python("local.simulators"), dialect, "--port", "0", "--control-port", "0"]
    child = stack.enter_context(Child(f"the {dialect} simulator", [*command, "--tokens-per-second", str(pace)]))
    ports = json.loads(child.first_line())
    return Simulated(dialect, ports["url"], ports["control_url"], child.pid)


def _settings(files: Iterable[VendorFile], simulated: Mapping[str, Simulated]) -> dict[str, str]:
    needing = [file for file in files if file.needs_key and file.dialect in simulated]
    urls = {file.name: simulated[file.dialect].url + PATHS[file.dialect] for file in needing}
    keys = {file.key_env[0]: SIMULATED_KEY for file in needing if file.key_env}
    return {"TURNOUT_BASE_URLS": json.dumps(urls), "TURNOUT_BEDROCK_REGION": SIMULATED_REGION, **keys}
