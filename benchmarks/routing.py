"""Auto, measured on real outcomes: `python -m benchmarks.routing POOL...`, and decisions for queries without any.

    python -m benchmarks.routing [--left-out] POOL...
    python -m benchmarks.routing decide --train POOL --queries FILE [--out FILE]
    python -m benchmarks.routing speed POOL...

A POOL is in the format of `benchmarks.routing_pool`. `decide` reads {"id", "query", "n_tools"}, one a line, and writes
{"id", "model", "policy"} for each policy. What is learned from a pool is data: the classification and the choice are
the functions of `turnout.routing` that decide in production.
"""

import argparse
import sys
from pathlib import Path
from typing import TextIO

from pydantic_core import to_json

from benchmarks import routing_knn, routing_speed
from benchmarks.routing_measure import report, report_left_out
from benchmarks.routing_pool import load, read
from benchmarks.routing_tune import AIMS, learn


def decide(train: Path, queries: Path, out: TextIO) -> None:
    """Write a line for each query and policy."""
    router = learn(load(train))
    for query in read(queries):
        for policy in AIMS:
            line = {"id": query.id, "model": router.decide(query, policy), "policy": policy}
            out.write(to_json(line).decode() + "\n")


def measure(pools: list[Path], *, left_out: bool) -> None:
    """Print the tables; `left_out` adds those for kinds that were not trained on."""
    rivals = {"MiniLM kNN": routing_knn.learn} if routing_knn.installed() else {}
    if not rivals:
        print("MiniLM kNN is left out: sentence-transformers is not installed.")
    for pool in (load(path) for path in pools):
        report(pool, rivals)
        if left_out:
            report_left_out(pool)


def _deciding(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.routing decide")
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--out", type=argparse.FileType("w"), default=sys.stdout)
    told = parser.parse_args(arguments)
    decide(told.train, told.queries, told.out)


def _measuring(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.routing")
    parser.add_argument("pools", type=Path, nargs="+", metavar="POOL")
    parser.add_argument("--left-out", action="store_true")
    told = parser.parse_args(arguments)
    measure(told.pools, left_out=told.left_out)


def _speed(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.routing speed")
    parser.add_argument("pools", type=Path, nargs="+", metavar="POOL")
    routing_speed.report(parser.parse_args(arguments).pools)


COMMANDS = {"decide": _deciding, "speed": _speed}


def main(arguments: list[str]) -> None:
    """Run the command that the first argument names; without one, measure."""
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command:
        command(arguments[1:])
    else:
        _measuring(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
