"""`python -m benchmarks.peers [--quick]`, the first part of `make bench`: installs the peers, measures, tells.

Takes some ten minutes; `--quick` some three, with figures that tell little.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.peers import report
from benchmarks.peers.gateways import DIRECT, GATEWAYS, ROWLESS, directly, rowless, started
from benchmarks.peers.measure import ROUNDS, SHAPES, Rounds, added, plain, rounds
from benchmarks.peers.soak import Memory, soaked
from local.process import Child, python

SOAK_SECONDS = 240.0
OURS = "Turnout"

INTRODUCTION = """\
Every gateway is one process, asked by the same clients over kept connections, in front of the same vendor, which
answers at once. Medians (least-most) of {rounds} rounds that alternate. Latency is what a gateway adds to the vendor
directly in the same round.

- Turnout {ours}: the router as `make run` serves it. It checks the client's key, routes, prices, and writes a row for
  each request to a DynamoDB that takes it at once; the CPU time of that is in the figures, the database's own is not.
- LiteLLM {litellm}, as its proxy runs with a master key, without a database: it keeps no rows.
- Portkey {portkey}: no keys to check, and no rows.
{missing}"""


def measured(stack: ExitStack, folder: Path, seconds: float, soak_seconds: float) -> None:
    """Speed, then memory; both tables are written."""
    vendor = stack.enter_context(Child("the vendor", python("benchmarks.peers.vendor")))
    url = f"http://127.0.0.1:{int(vendor.first_line(120))}/v1"
    tell("installing and starting")
    starting = {DIRECT: directly, **GATEWAYS, ROWLESS: rowless}
    starts = {name: partial(start, url, folder) for name, start in starting.items()}
    running, missing = started(starts, stack)
    for name, why in missing.items():
        tell(f"{name} is missing: {why}")
    shapes = [replace(shape, seconds=seconds) for shape in SHAPES]
    speed = rounds(running, shapes, ROUNDS, tell)
    tell("memory")
    memory = asyncio.run(soaked([one for one in running if one.name in GATEWAYS], soak_seconds))
    written(speed, memory, missing)


def written(speed: Rounds, memory: Mapping[str, Memory], missing: Mapping[str, str]) -> None:
    """The tables."""
    about, figures = report.machine(), added(speed, DIRECT)
    others = [name for name in GATEWAYS if name != OURS]
    compared, without = (report.ratios(figures, name, others) for name in (OURS, ROWLESS))
    markdown = "\n".join([
        f"# Turnout beside its peers\n\n`make bench`: {report.told(about)}.\n",
        introduction(missing),
        "\n## Ratios\n\n" + report.ratio_table(compared, OURS, others, missing),
        "\n## Ratios when it keeps no rows, as the peers\n\n" + report.ratio_table(without, ROWLESS, others, missing),
        "\n## Memory\n\n" + report.memory_table(memory),
        "\n## All figures\n\n" + report.speed(figures),
    ])  # fmt: skip
    data = {
        "machine": about,
        "missing": missing,
        "ratios": compared,
        "rowless": without,
        "memory": memory,
        "rounds": plain(speed),
    }
    report.write("peers", markdown, data)


def introduction(missing: Mapping[str, str]) -> str:
    """What was compared with what."""
    told = "".join(f"- **{name} is missing**: {why}\n" for name, why in missing.items())
    return INTRODUCTION.format(rounds=ROUNDS, ours="0.1.0", litellm="1.106.0", portkey="1.15.2", missing=told)


def tell(line: str) -> None:
    """Progress."""
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description="Turnout beside its peers.")
    parser.add_argument("--quick", action="store_true", help="seconds in the place of minutes")
    quick = parser.parse_args().quick
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        measured(stack, folder, 0.3 if quick else 1.5, 10.0 if quick else SOAK_SECONDS)


if __name__ == "__main__":
    main()
