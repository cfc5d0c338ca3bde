"""The page on costs is what its script makes, and its figures move as they must."""

from itertools import pairwise

from benchmarks import cost
from benchmarks.cost import MEGABYTES, PAGE, SECONDS, VOLUMES, Month


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text() == cost.page(), "run: python -m benchmarks.cost"


def test_more_requests_cost_more_in_all_and_less_each() -> None:
    months = list(map(Month, VOLUMES))
    assert all(less.total < more.total for less, more in pairwise(months))
    assert all(less.total / less.requests > more.total / more.requests for less, more in pairwise(months))


def test_where_containers_begin_to_pay_both_cost_the_same() -> None:
    for seconds in SECONDS:
        for mb in MEGABYTES:
            month = Month(cost.crossing(seconds, mb), seconds, mb)
            assert abs(month.total / month.container - 1) < 0.02
