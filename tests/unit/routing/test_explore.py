"""Exploration: the chances are what they are said to be, and the same id gives the same."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from turnout.routing.explore import SEED_BITS, draw, seed_of

seeds = st.integers(0, 2**SEED_BITS - 1)
pools = st.lists(st.text(), min_size=1, max_size=9, unique=True)


@given(pools, seeds)
def test_without_a_share_the_first_goes_first_for_certain(models: list[str], seed: int) -> None:
    drawn = draw(models, 0.0, seed)
    assert (drawn.first, drawn.propensity, drawn.explored) == (0, 1.0, False)


@given(pools, st.floats(0, 1), seeds)
def test_a_draw_is_one_of_them_and_not_impossible(models: list[str], share: float, seed: int) -> None:
    drawn = draw(models, share, seed)
    assert 0 <= drawn.first < len(models)
    assert 0 < drawn.propensity <= 1 + 1e-12
    assert drawn.explored == (drawn.first > 0)


def test_the_propensity_is_the_frequency() -> None:
    models, share, times = ["a", "b", "c", "d"], 0.4, 20_000
    drawn = [draw(models, share, seed_of(f"01J{number:023}")) for number in range(times)]
    counts = Counter(one.first for one in drawn)
    propensity = {one.first: one.propensity for one in drawn}
    for first, count in counts.items():
        assert abs(count / times - propensity[first]) < 0.015
    assert abs(sum(propensity.values()) - 1) < 1e-9


@given(st.text())
def test_a_seed_is_the_ids_own_and_fits_a_json_number(request_id: str) -> None:
    assert seed_of(request_id) == seed_of(request_id) < 2**53
