"""Drift on real calls: what it finds between two runs of the same questions, and that it is silent on shuffled ones.

    python -m benchmarks.drift provider_log.csv.gz

A line for each call has run_date, model, category, idx, input_tokens, output_tokens, latency_s, correct and error. For
each model and category the first date is the window before, all later ones the window after; consecutive calls make an
hour. Cost is at flat prices, since the log has none. To shuffle is to draw anew which calls were before.
"""

import csv
import gzip
import random
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from turnout.core.events import Usage
from turnout.core.records import Attempt, Record
from turnout.policy.counting import entry, verdict
from turnout.policy.drift import FALSE_ALARMS, Finding, drifts
from turnout.policy.rollup import Cell, Counts, merged

CALLS_AN_HOUR = 2
PRICES = Decimal("0.000001"), Decimal("0.000004")
"""USD for a token of the prompt, and of the answer."""

type Group = tuple[str, str]
type Windows = tuple[Sequence[Counts], Sequence[Counts]]


def main() -> None:
    """Print what was found and how often shuffled logs find anything."""
    parser = ArgumentParser(description="What the test for drift finds in a log of calls.")
    parser.add_argument("log", type=Path, help="a CSV file, gzipped or not")
    parser.add_argument("--shuffles", type=int, default=200)
    args = parser.parse_args()
    groups = read(args.log)
    begun = time.perf_counter()
    findings = report(groups)
    seconds = time.perf_counter() - begun
    show(findings, seconds)
    dice = random.Random(1)  # noqa: S311 - reproducible, not secret
    alarms = [sum(one.drifted for one in report(shuffled(groups, dice))) for _ in range(args.shuffles)]
    erring = sum(map(bool, alarms))
    print(f"\nshuffled: {erring} of {args.shuffles} reports name a drift, {erring / args.shuffles:.1%}", end=" ")
    print(f"(stated: at most {FALSE_ALARMS:.0%}); {sum(alarms)} of {args.shuffles * len(findings)} tests")


def read(path: Path) -> dict[Group, Windows]:
    """What each call adds to the rollups, by model and category, before and after; only where there are both."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as file:
        dated: defaultdict[Group, defaultdict[str, list[Counts]]] = defaultdict(lambda: defaultdict(list))
        for line in csv.DictReader(file):
            dated[line["model"], line["category"]][line["run_date"]].append(counts(line))
    windows: dict[Group, Windows] = {}
    for group, by_date in dated.items():
        first, *later = sorted(by_date)
        if later:
            windows[group] = by_date[first], [call for date in later for call in by_date[date]]
    return windows


def counts(line: Mapping[str, str]) -> Counts:
    """One call as the aggregator counts it: an attempt, and a verdict of 0 or 1 on its answer."""
    record = a_row(line)
    increments = [entry(record).increments, verdict(record, "judge", Decimal(line["correct"] or 0), "m").increments]
    return merged(
        found
        for increment in increments
        for cell, found in increment.items()
        if (cell.dimension, cell.grain) == ("model", "day") and cell["model"]
    )


def a_row(line: Mapping[str, str]) -> Record:
    """A call as a row of the log."""
    tokens = [int(float(line[name] or 0)) for name in ("input_tokens", "output_tokens")]
    attempt = Attempt(
        vendor="v",
        model=line["model"],
        number=1,
        started_ms=0,
        outcome="error" if line["error"] == "1" else "ok",
        latency_ms=round(float(line["latency_s"] or 0) * 1000),
        usage=Usage(input=tokens[0], output=tokens[1]),
        cost_usd=sum((count * price for count, price in zip(tokens, PRICES, strict=True)), Decimal(0)),
    )
    return Record(
        line["idx"],
        0.0,
        "k",
        "m",
        stream=False,
        attempts=[attempt],
        vendor="v",
        model=line["model"],
        outcome=attempt.outcome,
    )


def report(groups: Mapping[Group, Windows]) -> list[Finding]:
    """The findings of all groups together."""
    return drifts(cells(groups, 0), cells(groups, 1))


def cells(groups: Mapping[Group, Windows], window: int) -> Iterator[tuple[Cell, Counts]]:
    """The calls of one window, so many an hour."""
    for (model, task), windows in groups.items():
        for number, call in enumerate(windows[window]):
            yield Cell("hour", f"{number // CALLS_AN_HOUR:06d}", "model", (model, task, "")), call


def shuffled(groups: Mapping[Group, Windows], dice: random.Random) -> dict[Group, Windows]:
    """The same calls, with another choice of those that were before."""
    found: dict[Group, Windows] = {}
    for group, (before, after) in groups.items():
        calls = dice.sample([*before, *after], len(before) + len(after))
        found[group] = calls[: len(before)], calls[len(before) :]
    return found


def show(findings: Sequence[Finding], seconds: float) -> None:
    """A table of what has drifted, the surest first."""
    drifted = sorted((one for one in findings if one.drifted), key=lambda one: one.p_value)
    models = len({one.model for one in drifted})
    print(f"{len(findings)} tests in {seconds:.2f} s, {len(drifted)} drifts of {models} models\n")
    print(f"{'model':38} {'task':12} {'metric':12} {'before':>10} {'after':>10} {'shift':>8} {'p':>8}")
    for one in drifted:
        print(
            f"{one.model:38} {one.task:12} {one.metric:12} {one.before:10.4g} {one.after:10.4g} "
            f"{one.shift:8.2g} {one.p_value:8.1e}"
        )


if __name__ == "__main__":
    main()
