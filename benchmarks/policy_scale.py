"""A month of rollups, optimized and reported: `python -m benchmarks.policy_scale`.

Day cells of nine models at eleven tasks under two policies, of all goals, with sketches as full as real ones, for more
and more requests. Each size is a process of its own; printed are its seconds, those of them on a CPU, which say what is
needed where a machine does other work, too, and its peak memory, the page and its charts included. What counts is the
number of cells, so all are flat in the number of requests.
"""

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import product
from multiprocessing import get_context
from random import Random

from turnout.catalog import load
from turnout.core.goals import WEIGHTS
from turnout.core.models import Model
from turnout.policy.history import Period
from turnout.policy.optimizer import propose
from turnout.policy.reporting import Seen, report
from turnout.policy.rollup import Cell, Counts, Dimension
from turnout.reports.page import page
from turnout.routing.choice_prior import prior, table

DAYS, MODELS, POLICIES, KEYS = 30, 9, ("1", "2"), 20
SIZES = (10_000, 1_000_000, 10_000_000)
SECONDS, MEGABYTES = 60.0, 512
FIRST = date(2026, 10, 25)
BUCKETS = range(130, 200)
"""Of latency: from half a second to a minute."""


def cells(dimension: Dimension, places: list[tuple[str, ...]], requests: int) -> Iterator[tuple[Cell, Counts]]:
    """The day cells of a dimension, which share the requests."""
    random, each = Random(1), requests / (len(places) * DAYS)  # noqa: S311 - reproducible, not secret
    for day, values in product(range(DAYS), places):
        start = (FIRST + timedelta(days=day)).isoformat()
        yield Cell("day", start, dimension, values), counts(max(1, round(each * random.uniform(0.5, 1.5))), random)


def counts(n: int, random: Random) -> dict[str, int]:
    """What so many requests add up to in a cell, in round figures."""
    failed, mean = n // 50, random.randint(800, 9000)
    nano = random.randint(200_000, 20_000_000)
    judged = n // 20
    sketch = {f"{letter}{number}": 1 + n // len(BUCKETS) for letter in "lf" for number in BUCKETS}
    return sketch | {
        "rq": n,
        "rk": n - failed,
        "re": failed,
        "aq": n,
        "ak": n - failed,
        "ae": failed,
        "bm": failed,
        "us": n * nano // 10**9 + 1,
        "u2": 2 * n * nano**2,
        "ti": 400 * n,
        "ta": 200 * n,
        "ls": n * mean,
        "lq": 2 * n * mean**2,
        "fs": n * mean // 4,
        "fq": n * mean**2 // 8,
        "jdn": judged,
        "jds": judged * 4 // 5,
        "jsn": n,
        "jss": n // 100,
    }


def draws(places: list[tuple[str, ...]], requests: int) -> Iterator[tuple[Cell, Counts]]:
    """The day cells of decisions drawn by chance, a twentieth of all."""
    for day, values in product(range(DAYS), places):
        n = max(1, requests // (20 * DAYS * len(places)))
        sums = {"n": n, "w": 9000 * n, "v": 9000**2 * n, "1": 8100 * n, "2": 9000 * 8100 * n, "3": 9000 * 8100 * n}
        start = (FIRST + timedelta(days=day)).isoformat()
        yield Cell("day", start, "choice", values), {x + name: number for x in "scmg" for name, number in sums.items()}


def measured(requests: int) -> tuple[int, float, float, float]:
    """Cells, seconds, seconds of CPU and peak MB of a month of so many requests."""
    models = load({}, {}, None, "us-east-1").auto()[:MODELS]
    tasks, last = list(table().tasks), FIRST + timedelta(days=DAYS - 1)
    begun = time.perf_counter()
    seen, period = read(models, tasks, requests)
    proposal = propose(Period(FIRST.isoformat(), last.isoformat(), *period), models, prior(models), now=0.0)
    page(report("r", datetime.now(UTC), proposal, "", seen))
    seconds = time.perf_counter() - begun
    number = sum(map(len, (seen.models, seen.routes, seen.keys, period[1])))
    return number, seconds, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read(
    models: tuple[Model, ...], tasks: list[str], requests: int
) -> tuple[Seen, tuple[list[tuple[Cell, Counts]], ...]]:
    """All that is read for a report, and of it what is read for a proposal."""
    names = [model.id for model in models]
    by_model = list(cells("model", list(product(names, tasks, POLICIES)), requests))
    routes = list(cells("route", list(product(WEIGHTS, tasks, POLICIES)), requests))
    keys = list(cells("key", [(f"key-{number}",) for number in range(KEYS)], requests))
    drawn = list(draws(list(product(WEIGHTS, tasks, POLICIES, names)), requests))
    return Seen(by_model, routes, keys), (by_model, drawn)


def main() -> None:
    """Print a line for each size. Exits with 1 when a month of ten million requests takes too much."""
    print(f"{'requests':>12}{'cells':>9}{'seconds':>9}{'of CPU':>9}{'peak MB':>9}")
    well = True
    for requests in SIZES:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            number, seconds, cpu, megabytes = process.submit(measured, requests).result()
        print(f"{requests:>12,}{number:>9,}{seconds:>9.1f}{cpu:>9.1f}{megabytes:>9.0f}")
        well &= seconds <= SECONDS and megabytes <= MEGABYTES
    print(f"\nwithin {SECONDS:.0f} s and {MEGABYTES} MB: {'yes' if well else 'no'}")
    raise SystemExit(not well)


if __name__ == "__main__":
    main()
