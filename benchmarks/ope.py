"""Off-policy evaluation against a known truth: bias, RMSE and coverage of its 95% intervals, and when it refuses.

    python -m benchmarks.ope [--runs 1000]

Each run draws decisions as the router does, with outcomes of known distributions, and counts them as the aggregator
does; estimates come from those sums alone. A request is easy or hard, which decides who is ranked first and how well
each model does, and nobody writes down which it was: so the plain mean of a model's answers (`naive`) is wrong.
"""

import math
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from random import Random
from statistics import fmean

from turnout.core.policies import Metric
from turnout.core.records import Attempt, Decision, Features, Record
from turnout.policy.draws import LETTERS, chosen
from turnout.policy.evaluate import Arms, Refused, Valued, difference, doubly_robust, draws, snips
from turnout.policy.rollup import Cell, Counts, plus
from turnout.routing.explore import SEED_BITS, draw

HARD = 0.4
"""The share of requests that are hard."""
LOW, HIGH = 0.93, 0.97
"""Between these the coverage of a 95% interval must be."""
FEATURES = Features("2026-11-24", 100)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a model gives to easy and to hard requests: chances, USD and ms at the median, and their spread (log)."""

    success: tuple[float, float]
    quality: tuple[float, float]
    usd: tuple[float, float]
    ms: tuple[float, float]
    spread: float = 0.5


MODELS: Mapping[str, Truth] = {
    "v/strong": Truth((0.97, 0.94), (0.92, 0.80), (0.010, 0.020), (2000, 4000)),
    "v/cheap": Truth((0.95, 0.85), (0.85, 0.45), (0.001, 0.002), (900, 1500)),
    "v/new": Truth((0.96, 0.90), (0.90, 0.65), (0.003, 0.007), (1200, 2500)),
    "v/other": Truth((0.93, 0.80), (0.80, 0.55), (0.002, 0.004), (3000, 3500)),
}
FIRST = {False: "v/cheap", True: "v/strong"}
"""Which model is ranked first, by whether the request is hard."""
JUDGED = (0.8, 0.5)
"""The share of good answers that are judged, of easy and of hard requests."""
OLD, NEW = "v/cheap", "v/new"


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many decisions, of keys that explore so much. `guess`: by what factor expectations are wrong before.

    `unable` are models that cannot take hard requests.
    """

    name: str
    decisions: int
    explore: tuple[float, ...]
    guess: float = 1.0
    unable: tuple[str, ...] = ()
    refuses: bool = False


SCENARIOS = (
    Scenario("much exploration", 1500, (0.3, 0.6)),
    Scenario("little exploration", 5000, (0.1, 0.2)),
    Scenario("wrong expectations", 1500, (0.3, 0.6), guess=1.3),
    Scenario("hardly any exploration", 2000, (0.004,), refuses=True),
    Scenario("cannot take the hard ones", 2000, (0.3,), unable=(NEW,), refuses=True),
)


def record(scenario: Scenario, random: Random) -> Record:
    """One request as the router decides it, with what came of it."""
    hard = random.random() < HARD
    able = [name for name in MODELS if not (hard and name in scenario.unable)]
    ranked = sorted(able, key=lambda name: name != FIRST[hard])
    drawn = draw(ranked, random.choice(scenario.explore), random.getrandbits(SEED_BITS))
    first = ranked[drawn.first]
    return outcome(first, hard, Decision(FEATURES, 0, drawn.propensity, targets=(first,)), random)


def outcome(first: str, hard: bool, decision: Decision, random: Random) -> Record:
    """What came of it that this model was first."""
    truth, vendor, model = MODELS[first], *first.split("/")
    well = random.random() < truth.success[hard]
    judged = Decimal(random.random() < truth.quality[hard]) if well and random.random() < JUDGED[hard] else None
    usd = Decimal(f"{random.lognormvariate(math.log(truth.usd[hard]), truth.spread):.9f}")
    attempt = Attempt(vendor, model, 1, 0, cost_usd=usd, judged=judged, outcome="ok" if well else "error")
    return Record(
        id="",
        at=0.0,
        key_id="k",
        requested="auto",
        stream=False,
        goal="balanced",
        task="t",
        decision=decision,
        attempts=[attempt],
        vendor=vendor,
        model=model,
        outcome=attempt.outcome,
        latency_ms=round(random.lognormvariate(math.log(truth.ms[hard]), truth.spread)),
    )


def arms(records: Iterator[Record]) -> Arms:
    """The draws, as the rollups have them."""
    totals: defaultdict[tuple[str, ...], dict[str, int | Decimal]] = defaultdict(dict)
    for one in records:
        for values, counts in chosen(one):
            total = totals[values]
            for name, number in counts.items():
                total[name] = plus(total.get(name, 0), number)
    cells: list[tuple[Cell, Counts]] = [(Cell("day", "2026-11-24", "choice", v), c) for v, c in totals.items()]
    return draws(cells)["balanced", "t"]


def true_value(model: str, metric: Metric) -> float:
    """Over all requests of which the metric is observed, if this model is first."""
    truth, shares = MODELS[model], (1 - HARD, HARD)
    mean = math.exp(truth.spread**2 / 2)
    good = [share * well for share, well in zip(shares, truth.success, strict=True)]
    graded = [share * judged for share, judged in zip(good, JUDGED, strict=True)]
    weighed: dict[Metric, tuple[Sequence[float], Sequence[float], float]] = {
        "success": (shares, truth.success, 1.0),
        "cost_usd": (shares, truth.usd, mean),
        "latency_ms": (good, truth.ms, mean),
        "quality": (graded, truth.quality, 1.0),
    }
    weights, values, factor = weighed[metric]
    return factor * sum(w * value for w, value in zip(weights, values, strict=True)) / sum(weights)


type Estimator = Callable[[Arms, Metric, float], Valued | Refused]

ESTIMATORS: Mapping[str, Estimator] = {
    "snips": lambda found, metric, _: snips(found, NEW, metric),
    "doubly_robust": lambda found, metric, guess: doubly_robust(found, NEW, metric, guess * true_value(NEW, metric)),
    "difference": lambda found, metric, guess: difference(
        found, (OLD, NEW), metric, (guess * true_value(OLD, metric), guess * true_value(NEW, metric))
    ),
}


def sought(estimator: str, metric: Metric) -> float:
    """What an estimator should find."""
    value = true_value(NEW, metric)
    return value - true_value(OLD, metric) if estimator == "difference" else value


@dataclass(slots=True)
class Found:
    """What the runs of one estimator gave."""

    errors: list[float] = field(default_factory=list[float])
    covered: list[bool] = field(default_factory=list[bool])
    naive: list[float] = field(default_factory=list[float])
    refused: int = 0


type Key = tuple[str, Metric]
type Run = dict[Key, tuple[float, bool, float] | None]


def run(scenario: Scenario, seed: int) -> Run:
    """Of each estimator the error, whether its interval covers, and the error of the plain mean; None: it refused."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    records = [record(scenario, random) for _ in range(scenario.decisions)]
    found = arms(iter(records))
    result: Run = {}
    for name, estimate in ESTIMATORS.items():
        for metric in LETTERS:
            valued, truth = estimate(found, metric, scenario.guess), sought(name, metric)
            result[name, metric] = _judged(valued, truth, naive(records, name, metric) - truth)
    return result


def _judged(valued: Valued | Refused, truth: float, plain: float) -> tuple[float, bool, float] | None:
    if isinstance(valued, Refused):
        return None
    return valued.interval.mid - truth, valued.interval.low <= truth <= valued.interval.high, plain


READ: Mapping[Metric, Callable[[Record], float | None]] = {
    "success": lambda one: float(one.outcome == "ok"),
    "cost_usd": lambda one: float(one.cost_usd),
    "latency_ms": lambda one: float(one.latency_ms) if one.outcome == "ok" else None,
    "quality": lambda one: None if (score := one.attempts[0].judged) is None else float(score),
}


def naive(records: Sequence[Record], estimator: str, metric: Metric) -> float:
    """The plain mean over those that the model was first for."""

    def mean(name: str) -> float:
        values = (READ[metric](one) for one in records if f"{one.vendor}/{one.model}" == name)
        return fmean([value for value in values if value is not None] or [math.nan])

    return mean(NEW) - mean(OLD) if estimator == "difference" else mean(NEW)


def measured(scenario: Scenario, runs: int, pool: ProcessPoolExecutor) -> Mapping[Key, Found]:
    """All runs of a scenario."""
    total: defaultdict[Key, Found] = defaultdict(Found)
    for result in pool.map(partial(run, scenario), range(runs), chunksize=20):
        for key, one in result.items():
            found = total[key]
            if one is None:
                found.refused += 1
                continue
            found.errors.append(one[0])
            found.covered.append(one[1])
            found.naive.append(one[2])
    return total


def show(scenario: Scenario, total: Mapping[Key, Found], runs: int) -> bool:
    """Print a table; whether all is as it must be."""
    print(f"\n{scenario.name}: {scenario.decisions} decisions, keys explore {scenario.explore}, {runs} runs\n")
    print(f"{'estimator':15}{'metric':12}{'truth':>10}{'bias':>11}{'RMSE':>10}", end="")
    print(f"{'coverage':>10}{'refused':>9}{'naive bias':>12}")
    well = True
    for (name, metric), found in total.items():
        truth, told = sought(name, metric), f"{found.refused / runs:>9.1%}"
        if not found.errors:
            print(f"{name:15}{metric:12}{truth:>10.4g}{'-':>11}{'-':>10}{'-':>10}{told}{'-':>12}")
        else:
            coverage, rmse = fmean(found.covered), math.sqrt(fmean(error**2 for error in found.errors))
            print(
                f"{name:15}{metric:12}{truth:>10.4g}{fmean(found.errors):>11.2g}{rmse:>10.2g}{coverage:>10.1%}{told}"
                f"{fmean(found.naive):>12.2g}"
            )
            well &= scenario.refuses or LOW <= coverage <= HIGH
        well &= not scenario.refuses or found.refused == runs
    return well


def main() -> None:
    """Print a table for each scenario. Exits with 1 when a coverage is out of bounds or something is not refused."""
    parser = ArgumentParser(description="What off-policy evaluation finds of a known truth.")
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    with ProcessPoolExecutor(2) as pool:
        well = [show(scenario, measured(scenario, runs, pool), runs) for scenario in SCENARIOS]
    print(f"\ncoverage within {LOW:.0%} to {HIGH:.0%} and every refusal as due: {'yes' if all(well) else 'no'}")
    raise SystemExit(not all(well))


if __name__ == "__main__":
    main()
