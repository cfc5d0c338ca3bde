"""`turnout recount`: a period's rollups rebuilt from the log, and every count that is not what the rows add up to."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import batched, chain

from turnout.cli.command import Command, add_period, checked_period
from turnout.cli.world import World
from turnout.core.search import Logged
from turnout.policy.counting import entry
from turnout.policy.recount import Difference, Totals, add, differences
from turnout.policy.rollup import FIELDS, Cell, Counts, Dimension, Entry, Grain
from turnout.store.cells import MARKER_LIFETIME, expiry
from turnout.store.feedback import counted

GRAINS: tuple[Grain, ...] = ("hour", "day")
DIMENSIONS: tuple[Dimension, ...] = tuple(dimension for dimension in FIELDS if dimension != "health")
"""All that lasts; what is kept by the minute is gone before anybody could count it again."""
SHOWN = 20
AT_ONCE = 100


def _arguments(parser: ArgumentParser) -> None:
    add_period(parser)
    parser.add_argument("--apply", action="store_true", help="first count the rows that were not counted")


def _run(args: Namespace, world: World) -> int:
    since, until = checked_period(args, world)
    missed = _count_missing(world, since, until) if args.apply else []
    rebuilt = _rebuilt(world, since, until)
    found = list(differences(rebuilt.totals, _kept(world, since, until)))
    for line in chain(missed, rebuilt.uncountable, map(_told, found[:SHOWN])):
        world.say(line)
    if len(found) > SHOWN:
        world.say(f"... and {len(found) - SHOWN} more")
    world.say(f"{rebuilt.rows} rows, {len(rebuilt.totals)} sums, {len(found)} differences")
    return int(bool(found or rebuilt.uncountable or missed))


@dataclass(slots=True)
class Rebuilt:
    """What rows add up to, how many there are, and a line for each that cannot be counted."""

    totals: Totals = field(default_factory=dict[Cell, dict[str, int | Decimal]])
    rows: int = 0
    uncountable: list[str] = field(default_factory=list[str])


def _rebuilt(world: World, since: float, until: float) -> Rebuilt:
    rebuilt = Rebuilt()
    for row in world.requests.rows(since, until):
        rebuilt.rows += 1
        try:
            for increments in (entry(row.record).increments, counted(row, row.feedback)):
                add(rebuilt.totals, {cell: counts for cell, counts in increments.items() if _lasts(cell, world)})
        except ValueError as error:
            rebuilt.uncountable.append(f"row {row.record.id} cannot be counted: {error}")
    return rebuilt


def _kept(world: World, since: float, until: float) -> Iterator[tuple[Cell, Counts]]:
    for dimension in DIMENSIONS:
        for grain in GRAINS:
            for cell, counts in world.rollups.read(dimension, grain, since, until):
                if _lasts(cell, world):
                    yield cell, counts


def _lasts(cell: Cell, world: World) -> bool:
    return cell.grain in GRAINS and expiry(cell) > world.clock.time()


def _count_missing(world: World, since: float, until: float) -> list[str]:
    """Count what was not, which the markers tell as long as there are any; a line for each that cannot be counted."""
    marked = max(since, world.clock.time() - MARKER_LIFETIME)
    if marked >= until:
        return []
    refused: dict[str, str] = {}
    for rows in batched(world.requests.rows(marked, until), AT_ONCE, strict=False):
        refused |= world.rollups.apply(_entries(rows))
    return [f"row {request_id} was not counted: {why}" for request_id, why in refused.items()]


def _entries(rows: tuple[Logged, ...]) -> Iterator[Entry]:
    for row in rows:
        try:
            yield entry(row.record)
        except ValueError:
            continue  # is told when the totals are rebuilt


def _told(found: Difference) -> str:
    cell = found.cell
    place = ", ".join(f"{name} '{value}'" for name, value in zip(FIELDS[cell.dimension], cell.values, strict=True))
    return f"{cell.grain} {cell.start}, {place}: {found.name} is {found.kept}, the rows give {found.rebuilt}"


RECOUNT = Command("rebuild a period's rollups from the log and report differences", _arguments, _run)
