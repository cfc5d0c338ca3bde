"""Ctrl-C while a process starts ends it, wherever it strikes."""

import signal

import pytest

from local.interrupts import heeded


class Struck:
    """Interrupted where Python raises nothing."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_was_swallowed_is_raised_when_the_start_is_over() -> None:
    with heeded() as started:
        Struck()
        with pytest.raises(KeyboardInterrupt):
            started()


def test_an_interrupt_is_raised_at_once_where_it_can_be() -> None:
    with pytest.raises(KeyboardInterrupt), heeded():
        signal.raise_signal(signal.SIGINT)


def test_signals_go_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with heeded() as started:
        started()
        assert signal.getsignal(signal.SIGINT) is before
    assert signal.getsignal(signal.SIGINT) is before


def test_who_ignores_interrupts_goes_on_doing_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heeded() as started:
            signal.raise_signal(signal.SIGINT)
            started()
    finally:
        signal.signal(signal.SIGINT, before)
