"""The last minutes of each model, and whether its circuit is open."""

from collections.abc import Collection, Sequence

from turnout.api.console.usage import quantile
from turnout.api.console.wire import HealthReport, HealthRow
from turnout.policy.rollup import Cell, Counts, Rollup, grouped

MINUTES = 5
"""How far back it looks, the current minute included."""


def report(cells: Sequence[tuple[Cell, Counts]], opened: Collection[str]) -> HealthReport:
    """All models that were asked or are shut out; `opened` are the models and vendors whose circuit is open."""
    models = grouped(cells, lambda cell: cell["model"])
    names = sorted({*models, *(name for name in opened if "/" in name)})
    return {
        "object": "health",
        "minutes": MINUTES,
        "data": [_row(name, models.get(name, Rollup()), opened) for name in names],
    }


def _row(model: str, rollup: Rollup, opened: Collection[str]) -> HealthRow:
    ok, failed = rollup.whole("ak"), rollup.whole("ae")
    shut = not {model, model.partition("/")[0]}.isdisjoint(opened)
    return {
        "model": model,
        "attempts": rollup.whole("aq"),
        "ok": ok,
        "failed": failed,
        "blamed": rollup.whole("bm") + rollup.whole("bv"),
        "skipped": rollup.whole("ax"),
        "error_rate": failed / (ok + failed) if ok + failed else None,
        "latency_p50_ms": quantile(rollup.latency, 0.5),
        "first_token_p50_ms": quantile(rollup.first_token, 0.5),
        "circuit": "open" if shut else "closed",
    }
