"""Usage: the sums of rollups by period and group, with percentiles, as JSON and as CSV."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from turnout.api.console.queries import Group
from turnout.api.console.wire import UsageRow, UsageSums, dollars
from turnout.policy.rollup import Cell, Counts, Dimension, Rollup, grouped, merged
from turnout.policy.sketch import Sketch

type Cells = Sequence[tuple[Cell, Counts]]

GROUPS: Mapping[Group, tuple[Dimension, Callable[[Cell], str]]] = {
    "model": ("model", lambda cell: cell["model"]),
    "task": ("route", lambda cell: cell["task"]),
    "goal": ("route", lambda cell: cell["goal"]),
    "policy": ("route", lambda cell: cell["policy"]),
    "key": ("key", lambda cell: cell["key"]),
    "tag": ("tag", lambda cell: f"{cell['name']}:{cell['value']}"),
}
"""For each group the dimension that has it, and how it reads."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula: https://owasp.org/www-community/attacks/CSV_Injection"""


def usage_rows(cells: Cells, group: Group) -> list[UsageRow]:
    """The sums by period and group, in order of time."""
    _, name = GROUPS[group]
    found = grouped(cells, lambda cell: (cell.start, name(cell)))
    return [{"start": start, "group": of, **sums(rollup)} for (start, of), rollup in sorted(found.items(), key=_key)]


def _key(entry: tuple[tuple[str, str], Rollup]) -> tuple[str, str]:
    return entry[0]


def total(cells: Cells) -> UsageSums:
    """The sums of all cells."""
    return sums(Rollup(merged(counts for _, counts in cells)))


def sums(rollup: Rollup) -> UsageSums:
    """What is told of a rollup."""
    usage, latency, first_token = rollup.usage, rollup.latency, rollup.first_token
    feedback, judge = rollup.verdicts("feedback"), rollup.verdicts("judge")
    return {
        "requests": rollup.requests,
        "ok": rollup.whole("rk"),
        "errors": rollup.errors,
        "aborted": rollup.whole("ra"),
        "attempts": rollup.whole("aq"),
        "failed_attempts": rollup.whole("ae"),
        "estimated_attempts": rollup.whole("ev"),
        "input_tokens": usage.input,
        "cached_input_tokens": usage.cached_input,
        "cache_write_tokens": usage.cache_write,
        "image_tokens": usage.image,
        "output_tokens": usage.output,
        "reasoning_tokens": usage.reasoning,
        "cost_usd": dollars(rollup.cost_usd),
        "latency_p50_ms": quantile(latency, 0.5),
        "latency_p95_ms": quantile(latency, 0.95),
        "latency_p99_ms": quantile(latency, 0.99),
        "first_token_p50_ms": quantile(first_token, 0.5),
        "first_token_p95_ms": quantile(first_token, 0.95),
        "first_token_p99_ms": quantile(first_token, 0.99),
        "feedback_count": feedback.count,
        "feedback_mean": feedback.mean,
        "judge_count": judge.count,
        "judge_mean": judge.mean,
        "cut": int(rollup.verdicts("cut").sum),
        "refused": int(rollup.verdicts("refused").sum),
        "bad_json": int(rollup.verdicts("bad_json").sum),
        "bad_tools": int(rollup.verdicts("bad_tools").sum),
    }


def quantile(sketch: Sketch, share: float) -> int | None:
    """In whole ms."""
    value = sketch.quantile(share)
    return None if value is None else round(value)


def to_csv(rows: Sequence[UsageRow]) -> str:
    """One line a row under a header, as RFC 4180 has it; text that a spreadsheet would compute is quoted for it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=["start", "group", *UsageSums.__annotations__])
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
