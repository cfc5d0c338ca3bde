"""Rollups rebuilt from rows, and how they differ from those that were kept."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from turnout.core.frozen import frozen
from turnout.policy.rollup import Cell, Counts, plus

type Totals = dict[Cell, dict[str, int | Decimal]]


@frozen
class Difference:
    """A count that is not what the rows add up to."""

    cell: Cell
    name: str
    kept: int | Decimal
    rebuilt: int | Decimal


def add(totals: Totals, increments: Mapping[Cell, Counts]) -> None:
    """Add to the totals, in place. Raises decimal.Inexact beyond 38 digits."""
    for cell, counts in increments.items():
        total = totals.setdefault(cell, {})
        for name, number in counts.items():
            total[name] = plus(total.get(name, 0), number)


def differences(rebuilt: Mapping[Cell, Counts], kept: Iterable[tuple[Cell, Counts]]) -> Iterator[Difference]:
    """Every count that differs, of a cell that is in either; a count that is not there is 0."""
    left = dict(rebuilt)
    for cell, counts in kept:
        yield from _of_cell(cell, left.pop(cell, {}), counts)
    for cell, counts in left.items():
        yield from _of_cell(cell, counts, {})


def _of_cell(cell: Cell, rebuilt: Counts, kept: Counts) -> Iterator[Difference]:
    for name in sorted(rebuilt.keys() | kept.keys()):
        found = Difference(cell, name, kept.get(name, 0), rebuilt.get(name, 0))
        if found.kept != found.rebuilt:
            yield found
