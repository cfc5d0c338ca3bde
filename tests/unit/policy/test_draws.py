"""Which decisions count as drawn by chance, and that their sums are exact and survive the log and later verdicts."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.records import Attempt, Decision, Features, Part, Record
from turnout.policy.counting import entry, verdict
from turnout.policy.draws import LARGEST_WEIGHT, chosen
from turnout.policy.rollup import Cell, Counts, merged
from turnout.store.amendments import difference
from turnout.store.dynamo import from_wire, to_wire
from turnout.store.log import from_item, to_item

DECISION = Decision(Features("2027-01-15", 100, explore=0.5), 7, 0.25, targets=("v/first", "v/second"))
ATTEMPT = Attempt("v", "second", 1, 0, outcome="ok", latency_ms=300, cost_usd=Decimal("0.000000002"))
ROW = Record(
    id="01J",
    at=1_800_000_000.0,
    key_id="k",
    requested="auto",
    stream=False,
    goal="balanced",
    task="code",
    policy="7",
    decision=DECISION,
    attempts=[ATTEMPT],
    vendor="v",
    model="second",
    outcome="ok",
    latency_ms=500,
)
CELL = Cell("day", "2027-01-15", "choice", ("balanced", "code", "7", "v/first"))


def choice(increments: Mapping[Cell, Counts]) -> dict[Cell, Counts]:
    return {cell: merged([counts]) for cell, counts in increments.items() if cell.dimension == "choice"}


def test_a_drawn_decision_is_counted_by_the_day_at_the_model_that_was_first_with_what_came_of_the_request() -> None:
    weight = {"n": 1, "w": 4000, "v": 16_000_000}
    assert choice(entry(ROW).increments) == {
        CELL: {
            **{f"s{name}": value for name, value in weight.items()},
            "s1": 4000,
            "s2": 16_000_000,
            "s3": 16_000_000,
            **{f"c{name}": value for name, value in weight.items()},
            "c1": 8000,
            "c2": 32_000_000,
            "c3": 64_000_000,
            **{f"m{name}": value for name, value in weight.items()},
            "m1": 2_000_000,
            "m2": 8_000_000_000,
            "m3": 4_000_000_000_000,
        }
    }


def test_it_is_the_same_after_the_log() -> None:
    again = from_item(from_wire(to_wire(to_item(ROW, 30))))
    assert choice(entry(again).increments) == choice(entry(ROW).increments)


@pytest.mark.parametrize(
    "undrawn",
    [
        replace(ROW, decision=None),
        replace(ROW, decision=replace(DECISION, propensity=1.0)),  # held, safe, named, or the only one
        replace(ROW, decision=replace(DECISION, targets=())),
        replace(ROW, mode="compare"),
        replace(ROW, outcome="aborted"),
    ],
)
def test_what_chance_had_no_say_in_is_not_counted(undrawn: Record) -> None:
    assert choice(entry(undrawn).increments) == {}
    assert choice(verdict(undrawn, "feedback", Decimal(1), "m").increments) == {}


def test_a_failure_has_no_time() -> None:
    [counts] = choice(entry(replace(ROW, outcome="error")).increments).values()
    assert counts["sn"] == 1
    assert "s1" not in counts
    assert "mn" not in counts


def test_the_judge_is_asked_of_the_answer_that_was_shown_and_no_other() -> None:
    judged, hidden = (
        replace(ATTEMPT, judged=Decimal("0.5")),
        replace(ATTEMPT, judged=Decimal(1), part=Part("candidate")),
    )
    [counts] = choice(entry(replace(ROW, attempts=[judged, hidden])).increments).values()
    assert (counts["gn"], counts["g1"], counts["g3"]) == (1, 4000 * 5000, 4000**2 * 5000**2)


def test_what_a_sample_cost_is_no_outcome_of_the_decision_and_its_score_is() -> None:
    plain = merged(choice(entry(ROW).increments).values())
    first = replace(ATTEMPT, judged=Decimal("0.8"), propensity=Decimal("0.1"))
    sample = [
        replace(ATTEMPT, part=Part("candidate", 1), judged=Decimal("0.2"), propensity=Decimal("0.05")),
        replace(ATTEMPT, model="judy", part=Part("verdict")),
    ]
    sampled = merged(choice(entry(replace(ROW, attempts=[first, *sample], sample="judged")).increments).values())
    assert {name: value for name, value in sampled.items() if name[0] != "g"} == plain
    assert (sampled["gn"], sampled["g1"]) == (1, 4000 * 8000)


def test_a_later_verdict_counts_with_the_decisions_weight_and_can_be_taken_back() -> None:
    first, second = (verdict(ROW, "feedback", Decimal(score), "").increments for score in ("0.25", "1"))
    assert choice(first) == {CELL: {"gn": 1, "gw": 4000, "gv": 4000**2, "g1": 10**7, "g2": 4 * 10**10, "g3": 10**14}}
    changed = difference(first, second)
    assert choice({cell: merged([first[cell], changed[cell]]) for cell in first}) == choice(second)


def test_signals_are_no_quality() -> None:
    assert choice(verdict(ROW, "cut", Decimal(1), "").increments) == {}


@given(st.floats(1e-9, 1, exclude_max=True), st.decimals(0, 10, places=12), st.integers(0, 10**6))
def test_a_sum_of_thousands_of_the_rarest_has_at_most_38_digits(propensity: float, usd: Decimal, ms: int) -> None:
    row = replace(
        ROW,
        decision=replace(DECISION, propensity=propensity),
        attempts=[replace(ATTEMPT, cost_usd=usd)],
        latency_ms=ms,
    )
    [(_, counts)] = chosen(row)
    assert all(isinstance(value, int) and len(str(value * 5000)) <= 38 for value in counts.values())
    assert isclose(int(counts["sw"]) / 1000, min(1 / propensity, LARGEST_WEIGHT), abs_tol=0.0005 + 1e-9)
