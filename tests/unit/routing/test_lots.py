"""The lot falls on the share that was asked for, says with which probability, and falls the same way again."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import a_model
from tests.unit.modes.asked import CHAT
from turnout.core.chat import Tool
from turnout.routing.lots import comparable, lot

OTHERS = tuple(a_model(name) for name in "abc")
MANY = 30_000


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_the_share_is_as_asked_for_and_each_of_the_others_is_as_likely(share: float) -> None:
    found = [one for number in range(MANY) if (one := lot(f"r-{number}", share))]
    assert abs(len(found) - share * MANY) < 4 * sqrt(MANY * share * (1 - share))
    seconds = Counter(one.second(OTHERS).name for one in found)
    each = len(found) / 3
    assert all(abs(seconds[name] - each) < 4 * sqrt(each) for name in "abc")
    assert abs(found[0].propensity(3) * 3 - found[0].propensity()) <= Decimal("3e-9")
    assert float(found[0].propensity()) == pytest.approx(share, abs=1e-7)


@given(st.text(), st.floats(0, 1), st.integers(1, 3))
def test_the_same_request_draws_the_same(request_id: str, share: float, count: int) -> None:
    one, again = lot(request_id, share), lot(request_id, share)
    assert one == again
    if one:
        assert share > 0
        assert one.second(OTHERS[:count]) in OTHERS[:count]
        assert 0 < one.propensity(count) <= 1


def test_none_and_all() -> None:
    assert not any(lot(f"r-{number}", 0.0) for number in range(100))
    assert all(lot(f"r-{number}", 1.0) for number in range(100))


def test_what_cannot_be_judged_is_not_drawn() -> None:
    assert comparable(CHAT)
    assert not comparable(replace(CHAT, n=2))
    assert not comparable(replace(CHAT, tools=(Tool("look_up"),)))
