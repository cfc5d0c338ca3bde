"""Off-policy evaluation: laws of the estimators, agreement with sums over the rows, and refusals."""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.policies import Metric
from turnout.policy.evaluate import (
    LEAST_EFFECTIVE,
    Arms,
    Refused,
    Sums,
    Valued,
    difference,
    doubly_robust,
    draws,
    refusal,
    snips,
)
from turnout.policy.rollup import Cell

type Draw = tuple[float, float]
"""Weight and value."""


def sums(drawn: Sequence[Draw]) -> Sums:
    return Sums(
        len(drawn),
        sum(w for w, _ in drawn),
        sum(w * w for w, _ in drawn),
        sum(w * r for w, r in drawn),
        sum(w * w * r for w, r in drawn),
        sum(w * w * r * r for w, r in drawn),
    )


def arms(**drawn: Sequence[Draw]) -> Arms:
    """Each draw with a cost; all of them succeed."""
    return {
        name: {
            "success": sums([(w, 1.0) for w, _ in many]),
            "cost_usd": sums(many),
            "latency_ms": Sums(),
            "quality": Sums(),
        }
        for name, many in drawn.items()
    }


def valued(found: Valued | Refused) -> Valued:
    assert isinstance(found, Valued), found
    return found


# Two models that are drawn with equal chances, so that each weighs 2.
values = st.lists(st.floats(0.001, 1), min_size=100, max_size=150)


def halves(old: Sequence[float], new: Sequence[float]) -> Arms:
    return arms(old=[(2.0, value) for value in old], new=[(2.0, value) for value in new])


@given(st.lists(st.floats(0.5, 1), min_size=100, max_size=150))
def test_with_equal_weights_it_is_the_plain_mean_with_its_plain_interval(seen: list[float]) -> None:
    found = valued(snips(halves(seen, seen), "new", "cost_usd"))
    mean, n = fmean(seen), len(seen)
    error = sqrt(sum((value - mean) ** 2 for value in seen)) / n
    assert found.effective == pytest.approx(n)
    assert found.interval.mid == pytest.approx(mean)
    assert found.interval.high - found.interval.low == pytest.approx(4 * error, rel=0.15, abs=1e-6)


@given(values, st.floats(0, 2))
def test_where_weights_add_up_what_was_expected_does_not_matter(seen: list[float], guess: float) -> None:
    found = valued(doubly_robust(halves(seen, seen), "new", "cost_usd", guess))
    assert found.interval.mid == pytest.approx(fmean(seen))


@given(values, values)
def test_a_difference_is_that_of_the_values_and_turns_its_sign_with_its_order(
    old: list[float], new: list[float]
) -> None:
    found = halves(old, new)
    was, will = fmean(old), fmean(new)
    there = difference(found, ("old", "new"), "cost_usd", (was, will))
    back = difference(found, ("new", "old"), "cost_usd", (will, was))
    if isinstance(there, Refused):
        return
    each = [valued(doubly_robust(found, name, "cost_usd", guess)) for name, guess in (("old", was), ("new", will))]
    assert there.interval.mid == pytest.approx(each[1].interval.mid - each[0].interval.mid, abs=1e-9)
    assert valued(back).interval.mid == pytest.approx(-there.interval.mid, abs=1e-9)
    assert valued(back).interval.low == pytest.approx(-there.interval.high, abs=1e-9)


@given(values)
def test_intervals_hold_their_estimate_and_shares_stay_shares(seen: list[float]) -> None:
    found = halves(seen, seen)
    for metric in ("success", "cost_usd"):
        name: Metric = metric
        for one in (snips(found, "new", name), doubly_robust(found, "new", name, 0.9)):
            interval = valued(one).interval
            assert interval.low <= interval.mid <= interval.high
            assert metric != "success" or interval.high <= 1


def test_a_model_that_never_failed_may_still_fail() -> None:
    assert valued(snips(halves([0.1] * 100, [0.1] * 100), "new", "success")).interval.low == pytest.approx(
        0.97, abs=0.01
    )


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({}, "no decision was drawn"),
        (arms(old=[(1.02, 1.0)] * 500), "drawn first 0 times"),
        (arms(old=[(1.02, 1.0)] * 500, new=[(50.0, 1.0)] * 10), "10 effective"),
        (arms(old=[(1.1, 1.0)] * 900, new=[(5.0, 1.0)] * 100), "poor overlap"),
        (arms(old=[(1.1, 1.0)] * 900, new=[(20.0, 1.0)] * 100), "propensities are not right"),
    ],
)
def test_it_refuses_where_draws_do_not_reach(found: Arms, told: str) -> None:
    assert told in refusal(found, "new")
    for one in (
        snips(found, "new", "success"),
        doubly_robust(found, "new", "success", 1.0),
        difference(found, ("old", "new"), "success", (1.0, 1.0)),
    ):
        assert isinstance(one, Refused)


def test_a_metric_that_was_hardly_observed_is_refused_alone() -> None:
    found = halves([0.1] * 100, [0.1] * 100)
    refused = snips(found, "new", "quality")
    assert isinstance(refused, Refused)
    assert "quality" in refused.why
    assert refusal(found, "new") == ""


def test_effective_samples_are_as_many_as_draws_of_equal_weight_and_fewer_otherwise() -> None:
    assert sums([(3.0, 0.0)] * 80).effective == pytest.approx(80)
    assert sums([(1.0, 0.0)] * 79 + [(100.0, 0.0)]).effective < LEAST_EFFECTIVE


def test_days_and_policies_of_a_goal_and_task_add_up() -> None:
    counts = {"sn": 1, "sw": 2000, "sv": 4_000_000, "s1": 2000, "s2": 4_000_000, "s3": 4_000_000}
    cells = [
        (Cell("day", f"2027-01-1{day}", "choice", ("cost", "code", policy, "v/a")), counts)
        for day in range(3)
        for policy in ("1", "2")
    ]
    found = draws(cells)
    assert found.keys() == {("cost", "code")}
    assert found["cost", "code"]["v/a"]["success"] == Sums(6, 12.0, 24.0, 12.0, 24.0, 24.0)
    assert defaultdict(dict, found)["cost", "chat"] == {}
