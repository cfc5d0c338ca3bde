"""Shared circuits: out for one is out for all, one probe in each cooldown, and a recovery that all follow."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeClock
from turnout.core.ports import Standing
from turnout.routing.circuit import Circuits
from turnout.routing.shared import SharedCircuits, is_out, opened

COOLDOWN, FAILURES = 15.0, 3
INSTANCES = 50
FAILING = Standing(ok=1, failed=9)


@dataclass
class Board:
    """What the instances share: standings by target, and one right to probe in each cooldown."""

    clock: FakeClock
    standings: dict[str, Standing] = field(default_factory=dict[str, Standing])
    winners: list[float] = field(default_factory=list[float])

    def change(self, target: str, **changes: float | int | None) -> None:
        self.standings[target] = replace(self.standings.get(target, Standing()), **changes)  # pyright: ignore[reportArgumentType]


@dataclass
class FakeHealth:
    """One instance's view of the board, which it sees when it looks; what it claims is settled at its next look."""

    board: Board
    seen: dict[str, Standing] = field(default_factory=dict[str, Standing])
    won: dict[str, float] = field(default_factory=dict[str, float])
    pending: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])

    def look(self) -> None:
        for act in self.pending:
            act()
        self.pending.clear()
        self.seen = dict(self.board.standings)

    def standing(self, target: str) -> Standing:
        known = self.seen.get(target, Standing())
        won = self.won.get(target)
        return known if won is None or (known.probed or 0) > won else replace(known, probed=won, ours=True)

    def refresh(self) -> None:
        """A test says when it looks."""

    def claim(self, target: str) -> None:
        self.pending.append(lambda: self._claim(target))

    def recovered(self, target: str) -> None:
        self.board.change(target, ok=0, failed=0, recovered=self.board.clock.now)

    def _claim(self, target: str) -> None:
        now, last = self.board.clock.now, self.board.standings.get(target, Standing()).probed
        if last is None or now - last >= COOLDOWN:
            self.board.change(target, probed=now)
            self.board.winners.append(now)
            self.won[target] = now


@dataclass
class Instance:
    """A router of many."""

    circuits: SharedCircuits
    health: FakeHealth


def instance(board: Board) -> Instance:
    local = Circuits(board.clock, FAILURES, window=60.0, cooldown=COOLDOWN)
    health = FakeHealth(board)
    return Instance(SharedCircuits(local, health, board.clock), health)


def crowd(board: Board) -> list[Instance]:
    return [instance(board) for _ in range(INSTANCES)]


def tick(board: Board, instances: list[Instance], answer: Callable[[Instance], None]) -> list[float]:
    """One second: all look at the board, and each has one request. Gives the times at which requests passed."""
    board.clock.now += 1.0
    passed: list[float] = []
    for one in instances:
        one.health.look()
        if one.circuits.wait("m") == 0.0:
            passed.append(board.clock.now)
            answer(one)
    return passed


def fails(one: Instance) -> None:
    one.circuits.failed("m")


def answers(one: Instance) -> None:
    one.circuits.succeeded("m")


@pytest.mark.parametrize(
    ("standing", "out"),
    [
        (Standing(), False),
        (Standing(ok=100, failed=0), False),
        (Standing(ok=0, failed=FAILURES - 1), False),
        (Standing(ok=0, failed=FAILURES), True),
        (Standing(ok=FAILURES, failed=FAILURES), True),
        (Standing(ok=FAILURES + 1, failed=FAILURES), False),
        (Standing(probed=100.0), True),
        (Standing(probed=100.0, recovered=101.0), False),
        (Standing(probed=100.0, recovered=99.0), True),
        (Standing(probed=120.0 - 2 * COOLDOWN), False),
    ],
    ids=str,
)
def test_a_target_is_out_where_it_fails_or_its_probe_has_not_gone_well(standing: Standing, out: bool) -> None:
    limits = Circuits(FakeClock(), FAILURES, 60.0, COOLDOWN)
    assert is_out(standing, limits, 120.0) is out
    assert opened({"m": standing}, limits, 120.0) == (["m"] if out else [])


def test_what_fails_for_others_is_refused_by_one_that_never_asked() -> None:
    board = Board(FakeClock(), {"m": FAILING})
    one = instance(board)
    one.health.look()
    assert one.circuits.wait("m") > 0
    assert one.circuits.is_open("m")
    assert one.circuits.wait("other") == 0.0


def test_with_fifty_instances_exactly_one_probes_in_each_cooldown() -> None:
    board = Board(FakeClock(), {"m": FAILING})
    instances = crowd(board)
    passed = [at for _ in range(180) for at in tick(board, instances, fails)]
    # One in each of the twelve cooldowns; a probe follows the winning of its right by a second.
    assert len(passed) == len(set(passed))
    assert 10 <= len(passed) <= 12
    assert all(later - earlier >= COOLDOWN for earlier, later in pairwise(passed))


def test_circuits_that_opened_locally_share_the_probe_as_well() -> None:
    board = Board(FakeClock())
    instances = crowd(board)
    for one in instances:
        for _ in range(FAILURES):
            one.circuits.failed("m")
    passed = [at for _ in range(60) for at in tick(board, instances, fails)]
    assert len(passed) in {2, 3}
    assert board.winners == sorted(set(board.winners))


def test_a_probe_that_goes_well_closes_the_circuit_of_all() -> None:
    board = Board(FakeClock(), {"m": FAILING})
    instances = crowd(board)
    for one in instances[:10]:
        for _ in range(FAILURES):
            one.circuits.failed("m")
    for _ in range(40):
        if tick(board, instances, answers):
            break
    assert len(tick(board, instances, answers)) == INSTANCES


def test_a_circuit_that_opened_after_the_recovery_stays_open() -> None:
    board = Board(FakeClock())
    one = instance(board)
    board.change("m", recovered=board.clock.now)
    board.clock.now += 1.0
    for _ in range(FAILURES):
        one.circuits.failed("m")
    one.health.look()
    assert one.circuits.wait("m") > 0


def test_a_probe_whose_client_left_hands_its_turn_to_the_next_call_here() -> None:
    board = Board(FakeClock(), {"m": FAILING})
    one = instance(board)
    while not tick(board, [one], lambda one: one.circuits.released("m")):
        pass
    assert tick(board, [one], fails)
    assert not tick(board, [one], fails)


def test_a_plan_takes_no_probe() -> None:
    board = Board(FakeClock(), {"m": FAILING})
    one = instance(board)
    for _ in range(2):
        one.circuits.left("m")
        one.health.look()
    assert [one.circuits.left("m"), one.circuits.left("m"), one.circuits.wait("m")] == [0.0, 0.0, 0.0]
    assert one.circuits.wait("m") > 0


def test_a_right_that_was_not_used_in_time_is_lost() -> None:
    board = Board(FakeClock(), {"m": FAILING})
    one = instance(board)
    one.circuits.left("m")
    one.health.look()
    board.clock.now += COOLDOWN
    assert one.circuits.wait("m") > 0


calls = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["failed", "succeeded", "silent"]), st.floats(0, 6)))


@given(calls)
def test_however_probes_end_each_has_a_right_of_its_own(script: list[tuple[int, str, float]]) -> None:
    board = Board(FakeClock(), {"m": FAILING})
    instances = [instance(board) for _ in range(5)]
    probes = 0
    for number, verdict, pause in script:
        board.clock.now += pause
        one = instances[number]
        one.health.look()
        left = one.circuits.wait("m")
        if one.circuits.is_open("m") and not left:
            probes += 1
        if verdict != "silent" and not left:
            getattr(one.circuits, verdict)("m")
    assert probes <= len(board.winners)
    assert all(later - earlier >= COOLDOWN for earlier, later in pairwise(board.winners))
