"""Distributions: percentiles within the stated error, and merging in any order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.policy.sketch import RELATIVE_ERROR, Sketch, bucket, middle

times = st.integers(min_value=0, max_value=3_600_000)
sketches = st.dictionaries(st.integers(0, 300), st.integers(1, 1000), max_size=30).map(Sketch)


def sketch(values: list[int]) -> Sketch:
    """One by one, as rows add to a rollup."""
    total = Sketch()
    for value in values:
        total += Sketch({bucket(value): 1})
    return total


@given(times)
def test_a_bucket_stands_for_a_value_within_the_relative_error(value: int) -> None:
    assert abs(middle(bucket(value)) - value) <= RELATIVE_ERROR * value * (1 + 1e-9)


@given(times, times)
def test_a_larger_value_is_never_in_a_lower_bucket(one: int, other: int) -> None:
    assert (bucket(one) <= bucket(other)) or one > other


@given(st.lists(times, min_size=1, max_size=200), st.floats(0, 1))
def test_a_percentile_is_within_the_relative_error_of_the_true_one(values: list[int], share: float) -> None:
    true = sorted(values)[math.floor(share * (len(values) - 1))]
    found = sketch(values).quantile(share)
    assert found is not None
    assert abs(found - true) <= RELATIVE_ERROR * true * (1 + 1e-9)


@given(st.lists(times, min_size=1), st.lists(times), st.floats(0, 1))
def test_a_percentile_of_merged_parts_is_that_of_the_whole(one: list[int], other: list[int], share: float) -> None:
    assert (sketch(one) + sketch(other)).quantile(share) == sketch(one + other).quantile(share)


@given(sketches, sketches, sketches)
def test_merging_is_commutative_and_associative(a: Sketch, b: Sketch, c: Sketch) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Sketch() == a


def test_nothing_has_no_percentile() -> None:
    assert Sketch().quantile(0.5) is None


def test_five_minutes_take_some_250_buckets_at_most() -> None:
    assert bucket(300_000) == 254
    assert [bucket(value) for value in (0, 1, 2)] == [0, 1, 15]


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        bucket(-1)
