"""A canary from one look to the next: what grew in the rollups since, and what is kept until the look after."""

from collections.abc import Iterable, Mapping
from dataclasses import field

from turnout.core.frozen import frozen
from turnout.policy.canary import Block, added
from turnout.policy.canary_metrics import sums
from turnout.policy.canary_terms import Evidence, Sums, Terms
from turnout.policy.rollup import Cell, Counts


@frozen
class Watch:
    """All that is kept of a canary between two looks.

    `since` is when it became one, `at` that of the last look, both epoch seconds. `seen` is what was counted by then in
    the cells that may still grow: by hour, goal, task and version, then by metric.
    """

    version: str
    since: float
    look: int = 0
    at: float = 0.0
    requests: float = 0.0
    evidence: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])
    seen: Mapping[str, Mapping[str, Sums]] = field(default_factory=dict[str, Mapping[str, Sums]])
    told: str = ""


def looked(watch: Watch, cells: Iterable[tuple[Cell, Counts]], control: str, now: float, terms: Terms) -> Watch:
    """The watch after a look at `route` cells by the hour; the first only notes from where on it counts."""
    sides = {watch.version: "canary", control: "control"}
    found = {_name(cell): (cell, sums(counts)) for cell, counts in cells if cell["policy"] in sides}
    seen = {name: now_ for name, (_, now_) in found.items()}
    if not watch.look:
        return Watch(watch.version, watch.since, 1, now, seen=seen)
    grown: dict[tuple[str, str], dict[str, dict[str, Sums]]] = {}
    for name, (cell, now_) in found.items():
        side = grown.setdefault((cell["goal"], cell["task"]), {}).setdefault(sides[cell["policy"]], {})
        for metric, more in _growth(now_, watch.seen.get(name, {})).items():
            side[metric] = side.get(metric, Sums()) + more
    blocks = [Block(one["canary"], one["control"]) for one in grown.values() if len(one) == len(sides)]
    asked = sum(one["canary"]["cost"].count for one in grown.values() if "canary" in one)
    return Watch(
        watch.version,
        watch.since,
        watch.look + 1,
        now,
        watch.requests + asked,
        added(watch.evidence, blocks, terms),
        seen,
    )


def _name(cell: Cell) -> str:
    return "\n".join((cell.start, *cell.values))


def _growth(now: Mapping[str, Sums], before: Mapping[str, Sums]) -> dict[str, Sums]:
    """What came in between; nothing of a cell that was counted anew and has shrunk."""
    more = {name: one - before.get(name, Sums()) for name, one in now.items()}
    return more if all(one.count >= 0 for one in more.values()) else dict.fromkeys(now, Sums())
