"""What counting does over every DynamoDB there is here, the fake one included; subclasses bring the fixture."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from local.synthetic import START, rows
from turnout.core.records import Record
from turnout.policy.counting import entry
from turnout.policy.rollup import Cell, Counts, Dimension, Entry, Grain, Rollup, merged
from turnout.store.rollups import DynamoRollups, summed

TABLES = ("turnout-rollups", "turnout-health")
GRAINS: tuple[tuple[Dimension, Grain], ...] = (
    *((dimension, grain) for dimension in ("model", "route", "key", "tag") for grain in ("hour", "day")),
    ("choice", "day"),
    ("health", "minute"),
)
WEEK = 7 * 86_400

ROWS = list(rows(120, 1))


def entries(records: Iterable[Record]) -> list[Entry]:
    """What rows add."""
    return [entry(record) for record in records]


def counted(rollups: DynamoRollups) -> dict[Cell, Counts]:
    """All that was counted in the week of the synthetic rows."""
    return {
        cell: counts
        for dimension, grain in GRAINS
        for cell, counts in rollups.read(dimension, grain, START, START + WEEK)
    }


def expected(records: Iterable[Record]) -> dict[Cell, Counts]:
    """The same, as the rows have it."""
    return {cell: counts for cell, counts in summed(entries(records)).items() if counts}


class RollupsContract:
    """Needs the fixture `rollups`."""

    rows = ROWS

    def test_what_was_counted_is_what_the_rows_say(self, rollups: DynamoRollups) -> None:
        assert rollups.apply(entries(self.rows)) == {}
        assert counted(rollups) == expected(self.rows)
        by_route = [counts for _, counts in rollups.read("route", "day", START, START + WEEK)]
        assert Rollup(merged(by_route)).cost_usd == sum(row.cost_usd for row in self.rows)

    def test_rows_that_come_again_alone_or_among_others_count_once(self, rollups: DynamoRollups) -> None:
        third = len(self.rows) // 3
        one, two, three = self.rows[:third], self.rows[third : 2 * third], self.rows[2 * third :]
        for batch in (one, one, [*two, *one[-5:]], [*two[3:], *three, *three[:2]]):
            assert rollups.apply(entries(batch)) == {}
        assert counted(rollups) == expected(self.rows)

    def test_a_row_with_more_cells_than_a_transaction_takes_counts_once(self, rollups: DynamoRollups) -> None:
        many = replace(ROWS[0], tags={f"name-{number}": "value" for number in range(70)})
        for _ in range(2):
            assert rollups.apply([entry(many)]) == {}
        assert counted(rollups) == expected([many])

    def test_an_entry_that_cannot_be_written_is_refused_and_keeps_no_other_out(self, rollups: DynamoRollups) -> None:
        cell = Cell("hour", "2027-01-15T08", "tag", ("name", "x" * 2000))
        bad = Entry("bad", {cell: {"us": Decimal("1e200")}})  # too long a key and too large a number: one of them tells
        refused = rollups.apply([*entries(ROWS[:10]), bad, *entries(ROWS[10:20])])
        assert set(refused) == {"bad"}
        assert refused["bad"]
        assert counted(rollups) == expected(ROWS[:20])

    def test_amounts_stay_exact(self, rollups: DynamoRollups) -> None:
        cell = Cell("day", "2027-01-15", "key", ("key_1",))
        amounts = [Decimal("0.1"), Decimal("0.000000000012345"), Decimal(1234567)]
        for number, amount in enumerate(amounts):
            rollups.apply([Entry(f"m{number}", {cell: {"us": amount}})])
        [(_, counts)] = rollups.read("key", "day", START, START + 1)
        assert counts == {"us": Decimal("1234567.100000000012345")}

    def test_only_the_period_that_was_asked_for_is_read(self, rollups: DynamoRollups) -> None:
        at = [START + hours * 3600 for hours in (0, 1, 2, 24, 40 * 24)]
        rollups.apply(entries(replace(row, at=time) for row, time in zip(ROWS, at, strict=False)))

        def starts(grain: Grain, since: float, until: float) -> list[str]:
            return sorted({cell.start for cell, _ in rollups.read("key", grain, since, until)})

        assert starts("hour", at[0], at[1]) == ["2027-01-15T08"]
        assert starts("hour", at[0] + 1, at[1] + 1) == ["2027-01-15T08", "2027-01-15T09"]
        assert starts("hour", at[1], at[3] + 1) == ["2027-01-15T09", "2027-01-15T10", "2027-01-16T08"]
        assert starts("day", at[0], at[4] + 1) == ["2027-01-15", "2027-01-16", "2027-02-24"]
        assert starts("day", at[3] + WEEK, at[4] - WEEK) == []
        assert starts("hour", at[1], at[1]) == []
