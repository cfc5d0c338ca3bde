"""A circuit per model: after so many failures in a row it opens, and then one call at a time probes it.

Local to the process and pure but for the clock it is given. A success closes the circuit; a failure while it is open
lengthens nothing: the next probe is due one cooldown later.
"""

from dataclasses import dataclass, field

from turnout.core.frozen import frozen
from turnout.core.ports import Clock


@dataclass(slots=True)
class State:
    """What is remembered of one target. `opened` and `probed` are monotonic seconds; None: closed, no probe out."""

    failures: list[float] = field(default_factory=list[float])
    opened: float | None = None
    probed: float | None = None


@frozen
class Circuits:
    """All circuits of this process. `failures` in a row within `window` seconds open one for `cooldown` seconds."""

    clock: Clock
    failures: int
    window: float
    cooldown: float
    states: dict[str, State] = field(default_factory=dict[str, State])

    def wait(self, target: str) -> float:
        """Seconds until `target` may be asked, 0 if now. When a probe is due this call is it, and the only one."""
        left = self.left(target)
        if not left and self.is_open(target):
            self.states[target].probed = self.clock.monotonic()
        return left

    def left(self, target: str) -> float:
        """The same without taking the probe: for plans, whose target may be another one."""
        state = self.states.get(target)
        if state is None or state.opened is None:
            return 0.0
        due = (state.opened if state.probed is None else state.probed) + self.cooldown
        return max(0.0, due - self.clock.monotonic())

    def succeeded(self, target: str) -> None:
        """The target answered: the circuit closes."""
        self.states.pop(target, None)

    def failed(self, target: str) -> None:
        """The target failed by its own fault."""
        state, now = self.states.setdefault(target, State()), self.clock.monotonic()
        recent = [at for at in state.failures if now - at < self.window]
        state.failures = [*recent[-self.failures :], now]
        if state.opened is not None or len(state.failures) >= self.failures:
            state.opened, state.probed = now, None

    def released(self, target: str) -> None:
        """A probe ended without a verdict (the client left, the request was at fault): the next call may probe."""
        if (state := self.states.get(target)) and state.probed is not None:
            state.probed = None

    def is_open(self, target: str) -> bool:
        """Whether the target is out, a due probe apart."""
        return (state := self.states.get(target)) is not None and state.opened is not None

    def open_for(self, target: str) -> float | None:
        """Seconds since it opened, or since a probe last failed; None when it is closed."""
        state = self.states.get(target)
        return None if state is None or state.opened is None else self.clock.monotonic() - state.opened
