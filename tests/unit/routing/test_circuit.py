"""The circuit: it opens after failures in a row, lets one probe through at a time, and closes on success."""

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeClock
from turnout.routing.circuit import Circuits

COOLDOWN = 15.0


def circuits(clock: FakeClock) -> Circuits:
    return Circuits(clock, failures=3, window=60.0, cooldown=COOLDOWN)


def opened(clock: FakeClock) -> Circuits:
    broken = circuits(clock)
    for _ in range(3):
        broken.failed("m")
    return broken


def test_a_circuit_opens_after_so_many_failures_in_a_row() -> None:
    clock = FakeClock()
    some = circuits(clock)
    some.failed("m")
    some.failed("m")
    assert some.wait("m") == 0.0
    some.failed("m")
    assert some.wait("m") == COOLDOWN


def test_a_success_between_failures_starts_the_count_again() -> None:
    some = circuits(FakeClock())
    for report in (some.failed, some.failed, some.succeeded, some.failed, some.failed):
        report("m")
    assert some.wait("m") == 0.0


def test_failures_that_are_far_apart_open_nothing() -> None:
    clock = FakeClock()
    some = circuits(clock)
    for _ in range(10):
        some.failed("m")
        clock.now += 30.0
    assert some.wait("m") == 0.0


def test_after_the_cooldown_exactly_one_call_probes() -> None:
    clock = FakeClock()
    some = opened(clock)
    clock.now += COOLDOWN
    assert [some.wait("m") for _ in range(3)] == [0.0, COOLDOWN, COOLDOWN]


def test_a_probe_that_succeeds_closes_the_circuit() -> None:
    clock = FakeClock()
    some = opened(clock)
    clock.now += COOLDOWN
    some.wait("m")
    some.succeeded("m")
    assert [some.wait("m") for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_probe_that_fails_keeps_it_open_for_one_more_cooldown() -> None:
    clock = FakeClock()
    some = opened(clock)
    clock.now += COOLDOWN
    some.wait("m")
    clock.now += 1.0
    some.failed("m")
    assert some.wait("m") == COOLDOWN


def test_a_probe_whose_client_left_hands_its_turn_to_the_next_call() -> None:
    clock = FakeClock()
    some = opened(clock)
    clock.now += COOLDOWN
    some.wait("m")
    some.released("m")
    assert some.wait("m") == 0.0


def test_a_probe_that_never_reports_does_not_keep_the_circuit_open_for_ever() -> None:
    clock = FakeClock()
    some = opened(clock)
    clock.now += COOLDOWN
    some.wait("m")
    clock.now += COOLDOWN
    assert some.wait("m") == 0.0


def test_circuits_of_different_targets_are_independent() -> None:
    assert opened(FakeClock()).wait("other") == 0.0


@given(st.lists(st.tuples(st.sampled_from(["wait", "failed", "succeeded", "released"]), st.floats(0, 30))))
def test_no_more_than_one_call_passes_per_cooldown_while_open(steps: list[tuple[str, float]]) -> None:
    clock = FakeClock()
    some, passed = circuits(clock), list[float]()
    for name, pause in steps:
        clock.now += pause
        was_open = some.is_open("m")
        result = getattr(some, name)("m")
        if name != "wait":
            passed.clear()
        elif was_open and result == 0.0:
            assert not passed or clock.now - passed[-1] >= COOLDOWN - 1e-6
            passed.append(clock.now)
