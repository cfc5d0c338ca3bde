"""The choice: order by utility, the safe chain, priors and how evidence moves them."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.catalog import load
from turnout.core.chat import Goal
from turnout.core.goals import WEIGHTS, Weights, score
from turnout.core.outcomes import Expected, Outcomes, updated
from turnout.routing.choice import rank
from turnout.routing.choice_prior import prior, safe_row, table
from turnout.routing.classify import TASKS, Kind

GOOD = Expected(0.9, 0.02, usd_per_token=1e-5, latency_s=8)
QUICK = Expected(0.7, 0.004, usd_per_token=2e-6, latency_s=1)
CHEAP = Expected(0.6, 0.0001, usd_per_token=1e-7, latency_s=3)
ROW = {"good": GOOD, "quick": QUICK, "cheap": CHEAP}
SAFE = {"good": replace(GOOD, quality=0.5), "quick": replace(QUICK, quality=0.4), "cheap": replace(CHEAP, quality=0.8)}
OUTCOMES = Outcomes({"code": ROW}, SAFE, threshold=0.6)
QUALITY, THRIFT, HASTE = Weights(1, 0, 0), Weights(1, 30, 0), Weights(1, 0, 0.1)
CODE = Kind("code", 0.9)
shares = st.floats(0, 1)
expected = st.builds(Expected, shares, shares, st.just(0.0), st.floats(0, 60), shares, st.floats(0, 1000))


@pytest.mark.parametrize(
    ("weights", "order"),
    [
        (QUALITY, ("good", "quick", "cheap")),
        (THRIFT, ("cheap", "quick", "good")),
        (HASTE, ("quick", "cheap", "good")),
    ],
)
def test_the_weights_decide_the_order(weights: Weights, order: tuple[str, ...]) -> None:
    ranking = rank(tuple(ROW), CODE, weights, OUTCOMES)
    assert ranking.order == order
    assert list(ranking.scores) == sorted(ranking.scores, reverse=True)
    assert not ranking.safe


def test_a_long_prompt_makes_a_dear_input_matter() -> None:
    weights = Weights(1, 5, 0)
    assert rank(tuple(ROW), CODE, weights, OUTCOMES).order[0] == "good"
    assert rank(tuple(ROW), CODE, weights, OUTCOMES, prompt_tokens=20_000).order[0] == "cheap"


@pytest.mark.parametrize("kind", [Kind("code", 0.59), Kind("poetry", 0.99)])
def test_below_the_threshold_or_without_a_row_it_is_the_safe_chain(kind: Kind) -> None:
    ranking = rank(("good", "quick", "cheap"), kind, QUALITY, OUTCOMES)
    assert ranking.safe
    assert ranking.order[0] == "cheap"
    assert "safe chain" in ranking.reason


def test_where_the_task_is_not_clear_cost_counts_only_as_far_as_the_goal_says() -> None:
    rows = Outcomes({}, ROW)
    assert rank(tuple(ROW), CODE, THRIFT, rows).order[0] == "good"
    assert rank(tuple(ROW), CODE, replace(THRIFT, unclear=1.0), rows).order[0] == "cheap"


def test_what_is_not_known_comes_last_in_the_order_given() -> None:
    ranking = rank(("new", "good", "newer"), CODE, QUALITY, OUTCOMES)
    assert ranking.order == ("good", "new", "newer")
    assert ranking.scores[1:] == (float("-inf"), float("-inf"))


def test_none_can_be_ranked() -> None:
    assert rank((), CODE, QUALITY, OUTCOMES).order == ()


@given(st.permutations(list(ROW)))
def test_the_order_given_decides_ties_and_nothing_else(names: list[str]) -> None:
    assert rank(names, CODE, QUALITY, OUTCOMES).order == ("good", "quick", "cheap")
    level = Outcomes({"code": dict.fromkeys(ROW, GOOD)}, {})
    assert rank(names, CODE, QUALITY, level).order == tuple(names)


@given(expected, expected)
def test_evidence_moves_the_mean_between_prior_and_what_was_seen(old: Expected, seen: Expected) -> None:
    new = updated(old, seen)
    low, high = sorted((old.quality, seen.quality))
    assert low - 1e-9 <= new.quality <= high + 1e-9
    assert new.count == (old.count + seen.count if seen.count else old.count)


def test_few_observations_move_little_and_many_move_all() -> None:
    old = Expected(0.8, 0.01, usd_per_token=1e-6, count=25)
    few, many = (updated(old, Expected(0.2, 0.03, count=count)) for count in (1, 10_000))
    assert old.quality - few.quality < 0.03
    assert many.quality == pytest.approx(0.2, abs=0.01)
    assert many.cost_usd == pytest.approx(0.03, rel=0.01)
    assert many.usd_per_token == old.usd_per_token


@given(st.lists(st.tuples(shares, st.integers(1, 50)), min_size=1, max_size=6))
def test_evidence_in_parts_is_evidence_at_once(parts: list[tuple[float, int]]) -> None:
    old = one = Expected(0.5, 0.0, count=10)
    for quality, count in parts:
        one = updated(one, Expected(quality, 0.0, count=count))
    total = sum(count for _, count in parts)
    mean = sum(quality * count for quality, count in parts) / total
    assert one.quality == pytest.approx(updated(old, Expected(mean, 0.0, count=total)).quality)


def test_every_goal_has_weights_and_reliability_is_the_one_that_weighs_success() -> None:
    assert WEIGHTS.keys() == set(get_args(Goal.__value__))
    unsure, sure = replace(GOOD, success=0.8), replace(QUICK, success=1.0)
    reliable = WEIGHTS["reliability"]
    assert score(sure, reliable, 0) > score(unsure, reliable, 0)


def test_the_priors_name_every_model_of_the_catalog_and_every_task() -> None:
    models = load({}, {}, None).all()
    assert table().models.keys() == {model.id for model in models}
    outcomes = prior(models)
    assert outcomes.rows.keys() == set(TASKS)
    assert all(row.keys() == outcomes.safe.keys() == table().models.keys() for row in outcomes.rows.values())
    assert outcomes.version


def test_a_models_class_follows_from_its_price() -> None:
    limits = {"large": (6.0, float("inf")), "medium": (0.7, 6.0), "small": (0.0, 0.7)}
    for model in load({}, {}, None).all():
        low, high = limits[table().models[model.id]]
        assert low <= float(model.prices[-1].rate.output) < high, model.id


def test_a_model_that_the_table_does_not_name_is_taken_for_a_small_one() -> None:
    model = replace(load({}, {}, None).all()[0], name="brand-new")
    assert prior([model]).rows["code"][model.id].quality == table().tasks["code"].small


def test_the_safe_row_is_the_mean_over_tasks_of_those_that_are_in_all() -> None:
    row = safe_row({"a": {"x": GOOD, "y": GOOD}, "b": {"x": QUICK}})
    assert row.keys() == {"x"}
    assert row["x"].quality == pytest.approx(0.8)
    assert safe_row({}) == {}
