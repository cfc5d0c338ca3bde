"""The tables of a run: as Markdown and as JSON, in benchmarks/results."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from benchmarks.peers.measure import Spread
from benchmarks.peers.soak import Memory

RESULTS = Path(__file__).parent.parent / "results"

type Added = Mapping[str, Mapping[str, Mapping[str, Spread]]]


def machine() -> dict[str, Any]:
    """What it was measured on, and when."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def told(about: Mapping[str, Any]) -> str:
    """The machine in a line."""
    size = f"{about['cores']} cores, {about['memory_gib']} GiB"
    return f"{about['date']}, {size}, {about['system']}, CPython {about['python']}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float) -> str:
    """With three digits that count, or whole."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(value: Spread | None) -> str:
    """Median (least-most)."""
    return f"{number(value.median)} ({number(value.least)}-{number(value.most)})" if value else "none"


COLUMNS = {
    "p50": "added p50, ms",
    "p95": "p95",
    "p99": "p99",
    "first_p50": "first byte p50",
    "first_p95": "first byte p95",
    "rate": "requests/s",
    "cpu": "CPU s per 1,000",
}


def speed(added: Added) -> str:
    """Every figure of every gateway."""
    rows = [
        [shape, name, *(spread(figures.get(column)) for column in COLUMNS)]
        for shape, columns in added.items()
        for name, figures in columns.items()
    ]
    return table(["load", "gateway", *COLUMNS.values()], rows)


RATIOS = (
    ("added latency p50, 1 client", "plain, 1 client", "p50"),
    ("added latency p99, 1 client", "plain, 1 client", "p99"),
    ("added latency p50, 32 clients", "plain, 32 clients", "p50"),
    ("requests/s, 32 clients", "plain, 32 clients", "rate"),
    ("CPU per request, 32 clients", "plain, 32 clients", "cpu"),
    ("first byte of a stream, 1 client", "stream of 20, 1 client", "first_p50"),
    ("streams of 20 tokens/s, 32 clients", "stream of 20, 32 clients", "rate"),
    ("streams of 400 tokens/s, 32 clients", "stream of 400, 32 clients", "rate"),
)
"""What is compared: a figure in a shape of load."""

MORE_IS_BETTER = frozenset({"rate"})


def ratios(added: Added, ours: str, others: Sequence[str]) -> list[dict[str, Any]]:
    """How many times better we are than each of the others; None where one has no figure."""
    rows: list[dict[str, Any]] = []
    for what, shape, figure in RATIOS:
        columns = added.get(shape, {})
        own = columns.get(ours, {}).get(figure)
        row: dict[str, Any] = {"what": what, "unit": COLUMNS[figure], ours: own and own.median}
        for other in others:
            theirs = columns.get(other, {}).get(figure)
            row[other] = theirs and theirs.median
            row[f"{ours} better than {other}"] = _better(own, theirs, figure)
        rows.append(row)
    return rows


def _better(own: Spread | None, theirs: Spread | None, figure: str) -> float | None:
    if not own or not theirs:
        return None
    pair = (own.median, theirs.median) if figure in MORE_IS_BETTER else (theirs.median, own.median)
    return round(pair[0] / pair[1], 2) if pair[1] > 0 else None


def ratio_table(rows: Sequence[Mapping[str, Any]], ours: str, others: Sequence[str], missing: Mapping[str, str]) -> str:
    """One line for each comparison; a gateway that is missing has its column all the same."""
    head = ["what", ours, *others, *(f"times better than {other}" for other in others)]
    lines = [
        [
            f"{row['what']} ({row['unit']})" if "CPU" not in row["what"] else row["what"],
            *(_cell(row[name], name, missing) for name in (ours, *others)),
            *(_times(row[f"{ours} better than {other}"]) for other in others),
        ]
        for row in rows
    ]
    return table(head, lines)


def _cell(value: float | None, name: str, missing: Mapping[str, str]) -> str:
    if value is None:
        return "missing" if name in missing else "failed"
    return number(value)


def _times(value: float | None) -> str:
    return "-" if value is None else f"**{number(value)}**"


def memory_table(soaked: Mapping[str, Memory]) -> str:
    """Megabytes, and the growth from 2,000 requests on."""
    rows = [
        [name, number(one.start), number(one.some) if one.some else "-", number(one.all), _growth(one), _made(one)]
        for name, one in soaked.items()
    ]
    return table(["gateway", "at start, MB", "after 2,000", "at the end", "growth after 2,000", "requests"], rows)


def _growth(memory: Memory) -> str:
    return f"{(memory.all / memory.some - 1) * 100:+.1f}%" if memory.some else "-"


def _made(memory: Memory) -> str:
    return f"{memory.requests:,}" + (f", then: {memory.error}" if memory.error else "")


def write(name: str, markdown: str, data: Mapping[str, Any]) -> None:
    """Into the folder of results, and onto the terminal."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(markdown)
    (RESULTS / f"{name}.json").write_bytes(to_json(data, indent=2) + b"\n")
    print(markdown)
