from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeClock
from turnout.store.cache import Cache, Seen


def test_a_reading_grows_old_and_a_new_one_is_young() -> None:
    clock = FakeClock()
    cache = Cache[str](clock, limit=1)
    cache.put("a", "old")
    clock.now += 5
    assert cache.get("a") == Seen("old", 5)
    cache.put("a", "new")
    assert cache.get("a") == Seen("new", 0)


def test_none_is_a_value_and_what_was_never_read_is_not() -> None:
    cache = Cache[str | None](FakeClock(), limit=1)
    assert cache.get("a") is None
    cache.put("a", None)
    assert cache.get("a") == Seen(None, 0)


@given(st.lists(st.sampled_from("abcdef")), st.integers(1, 4))
def test_it_holds_the_latest_readings_and_no_more(names: list[str], limit: int) -> None:
    cache = Cache[int](FakeClock(), limit)
    for number, name in enumerate(names):
        cache.put(name, number)
    latest = list(dict.fromkeys(reversed(names)))[:limit]
    assert {name for name in "abcdef" if cache.get(name)} == set(latest)
