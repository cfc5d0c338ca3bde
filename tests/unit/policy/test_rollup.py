"""Counts add up in any order, and are read back as what was counted."""

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.events import Usage
from turnout.policy.rollup import FIELDS, SERIES, TOKENS, Cell, Rollup, Verdicts, grouped, merged

names = st.sampled_from(["rq", "us", "l12", "fbn", "ti"])
numbers = st.integers(0, 10**12) | st.decimals(0, 10**6, places=18, allow_nan=False, allow_infinity=False)
counts = st.dictionaries(names, numbers)


@given(counts, counts, counts)
def test_merging_is_commutative_associative_and_exact(a: dict[str, int], b: dict[str, int], c: dict[str, int]) -> None:
    assert merged([a, b]) == merged([b, a])
    assert merged([merged([a, b]), c]) == merged([a, merged([b, c])])
    assert merged([a, {}]) == {name: number for name, number in a.items() if number}


def test_a_sum_that_would_not_be_exact_is_refused() -> None:
    with pytest.raises(Inexact):
        merged([{"us": Decimal(10**38)}, {"us": Decimal("0.1")}])


def test_a_rollup_reads_its_counts_by_name() -> None:
    tokens = {"ti": 1, "tc": 2, "tw": 3, "ta": 4, "tr": 5, "tg": 6}
    some = Rollup({"rq": 3, "re": 1, "us": Decimal("0.5"), "l15": 2, "ls": 4, "lq": 8, "f1": 1, "fbn": 2, **tokens})
    assert (some.requests, some.errors, some.cost_usd) == (3, 1, Decimal("0.5"))
    assert some.usage == Usage(input=1, cached_input=2, cache_write=3, output=4, reasoning=5, image=6)
    assert (some.latency.buckets, some.first_token.buckets) == ({15: 2}, {1: 1})
    assert some.verdicts("feedback") == Verdicts(2, Decimal(0))
    assert Rollup({"ev": 1}).usage.source == "estimated"


def test_the_mean_verdict_is_none_where_nobody_judged() -> None:
    assert Rollup().verdicts("judge").mean is None
    assert Rollup({"jdn": 4, "jds": Decimal(3)}).verdicts("judge").mean == 0.75


def test_cells_are_grouped_by_any_of_their_fields() -> None:
    cells = [
        (Cell("hour", "2026-11-24T06", "model", (model, task, "7")), {"rq": 1})
        for model in ("a/x", "b/y")
        for task in ("code", "chat")
    ]
    assert grouped(cells, lambda cell: cell["model"]) == {"a/x": Rollup({"rq": 2}), "b/y": Rollup({"rq": 2})}
    assert grouped(cells, lambda cell: cell.start) == {"2026-11-24T06": Rollup({"rq": 4})}


def test_a_field_of_another_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        Cell("day", "2026-11-24", "key", ("key_1",))["goal"]


def test_no_two_counts_share_a_name() -> None:
    base = ["rq", "rk", "re", "ra", "aq", "ak", "ae", "aa", "ax", "ev", "bm", "bv", "us", "u2", "ls", "lq", "fs", "fq"]
    quality = [letters + end for letters in SERIES.values() for end in "ns"]
    everything = [*base, *TOKENS, *quality]
    assert len(set(everything)) == len(everything)
    assert not [name for name in quality if name[1:].isdecimal()]


def test_every_bucket_of_tokens_has_a_count() -> None:
    assert {*TOKENS.values(), "source"} == set(Usage.__dataclass_fields__)


def test_fields_are_distinct_within_a_dimension() -> None:
    assert all(len(set(fields)) == len(fields) for fields in FIELDS.values())
