"""Garbage is looked for less often, and is still found."""

import gc
import weakref
from collections.abc import Generator

import pytest

from turnout.runtime.garbage import THRESHOLDS, settled


@pytest.fixture(autouse=True)
def as_before() -> Generator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.knot = self


def test_what_was_there_is_never_looked_through_again() -> None:
    before = gc.get_freeze_count()
    settled()
    assert gc.get_freeze_count() > before
    assert gc.get_threshold() == THRESHOLDS


def test_cycles_that_come_later_are_still_found() -> None:
    settled()
    found = weakref.ref(Knot())
    kept = [Knot() for _ in range(2 * THRESHOLDS[0])]
    assert found() is None
    assert kept
