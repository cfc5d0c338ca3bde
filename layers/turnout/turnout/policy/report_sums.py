"""The sums in a report: the period as a whole, each model, and where money went; all from rollups by the day."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from turnout.policy.estimate import wilson
from turnout.policy.report import Day, ModelReport, Spending, Spent, Totals
from turnout.policy.rollup import SERIES, Cell, Counts, Rollup, Verdicts, grouped, merged
from turnout.policy.verdicts import QUALITY

type Cells = Sequence[tuple[Cell, Counts]]


def totals(routes: Cells, first_day: str, last_day: str) -> Totals:
    """The period as a whole, from the cells of `route`."""
    whole = Rollup(merged(counts for _, counts in routes))
    seen = {cell.start for cell, _ in routes}
    return Totals(
        requests=whole.requests,
        errors=whole.errors,
        aborted=whole.whole("ra"),
        success=wilson(whole.whole("rk"), whole.whole("rk") + whole.errors),
        cost_usd=whole.cost_usd,
        missing=tuple(day for day in days(first_day, last_day) if day not in seen),
    )


def days(first_day: str, last_day: str) -> list[str]:
    """All days of a period, both ends included."""
    first, last = date.fromisoformat(first_day), date.fromisoformat(last_day)
    return [(first + timedelta(number)).isoformat() for number in range((last - first).days + 1)]


def models(cells: Cells) -> tuple[ModelReport, ...]:
    """Each model over the period, the busiest first, from the cells of `model`."""
    by_day: defaultdict[str, dict[str, Rollup]] = defaultdict(dict)
    for (name, day), rollup in sorted(grouped(cells, lambda cell: (cell["model"], cell.start)).items(), key=_key):
        by_day[name][day] = rollup
    found = [_model(name, rollups) for name, rollups in by_day.items() if name]
    return tuple(sorted(found, key=lambda one: (-one.attempts, one.model)))


def _key[K](entry: tuple[K, Rollup]) -> K:
    return entry[0]


def _model(name: str, rollups: Mapping[str, Rollup]) -> ModelReport:
    whole = Rollup(merged(rollup.counts for rollup in rollups.values()))
    verdicts = judged(whole)
    return ModelReport(
        model=name,
        requests=whole.requests,
        attempts=whole.whole("aq"),
        failed=whole.whole("ae"),
        success=wilson(whole.whole("ak"), whole.whole("ak") + whole.whole("ae")),
        latency_p50_ms=whole.latency.quantile(0.5),
        latency_p95_ms=whole.latency.quantile(0.95),
        first_token_p50_ms=whole.first_token.quantile(0.5),
        first_token_p95_ms=whole.first_token.quantile(0.95),
        cost_usd=whole.cost_usd,
        cost_per_request_usd=_per_request(whole),
        quality=wilson(float(verdicts.sum), verdicts.count),
        judged=verdicts.count,
        flaws=_flaws(whole),
        days=tuple(_day(day, rollup) for day, rollup in rollups.items()),
    )


def _day(day: str, rollup: Rollup) -> Day:
    success = wilson(rollup.whole("ak"), rollup.whole("ak") + rollup.whole("ae"))
    return Day(
        day=day,
        requests=rollup.requests,
        success=success.mid if success else None,
        latency_p50_ms=rollup.latency.quantile(0.5),
        latency_p95_ms=rollup.latency.quantile(0.95),
        cost_usd=rollup.cost_usd,
        cost_per_request_usd=_per_request(rollup),
        quality=judged(rollup).mean,
    )


def _per_request(rollup: Rollup) -> float | None:
    return float(rollup.cost_usd) / rollup.requests if rollup.requests else None


def judged(rollup: Rollup) -> Verdicts:
    """The verdicts of judges and of clients together."""
    many = [rollup.verdicts(series) for series in QUALITY]
    return Verdicts(sum(one.count for one in many), sum((one.sum for one in many), Decimal(0)))


def _flaws(rollup: Rollup) -> dict[str, float]:
    """The share of answers with each flaw that was looked for."""
    checked = {series: rollup.verdicts(series).mean for series in SERIES if series not in QUALITY}
    return {series: share for series, share in checked.items() if share is not None}


def spending(models: Cells, routes: Cells, keys: Cells) -> Spending:
    """The same money, divided in four ways."""
    return Spending(
        models=_spent(models, lambda cell: cell["model"]),
        tasks=_spent(routes, lambda cell: cell["task"]),
        goals=_spent(routes, lambda cell: cell["goal"]),
        keys=_spent(keys, lambda cell: cell["key"]),
    )


def _spent(cells: Cells, name: Callable[[Cell], str]) -> tuple[Spent, ...]:
    groups = grouped(cells, name, only={"rq", "us"})
    whole = float(sum(rollup.cost_usd for rollup in groups.values()))
    found = (
        Spent(
            name=group,
            requests=rollup.requests,
            cost_usd=rollup.cost_usd,
            share=float(rollup.cost_usd) / whole if whole else 0.0,
        )
        for group, rollup in groups.items()
        if rollup.requests or rollup.cost_usd
    )
    return tuple(sorted(found, key=lambda one: (-one.cost_usd, -one.requests, one.name)))
