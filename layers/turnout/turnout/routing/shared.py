"""Circuits that all instances share: what fails for many is out for all, and one instance at a time probes it.

The local circuits decide at once. Beside them stands what all instances saw in the last minutes, a
`core.ports.SharedHealth`: a target is out where it failed as often as a circuit allows and in at least half of its
attempts. Whichever of the two opened a circuit, a probe needs the right to it, which one instance wins in each
cooldown. Its success closes the circuit everywhere, and failures from before then count no more. Nothing here waits for
anybody: while the right to a probe is being won, calls are refused.
"""

from collections.abc import Mapping
from dataclasses import field

from turnout.core.frozen import frozen
from turnout.core.ports import Clock, SharedHealth, Standing
from turnout.routing.circuit import Circuits

FAILING = 0.5
"""The share of failures from which a target is out for all: the threshold of Hystrix and resilience4j as well."""
CLAIM_SECONDS = 1.0
"""For how long a call is told to wait while the right to a probe is being won."""


@frozen
class SharedCircuits:
    """The circuits of one instance among many; the same to its callers as `Circuits`.

    `probes` holds the rights to probe, by when they were won, that this instance has made use of.
    """

    local: Circuits
    health: SharedHealth
    clock: Clock
    probes: dict[str, float] = field(default_factory=dict[str, float])

    def wait(self, target: str) -> float:
        """Seconds until `target` may be asked, 0 if now. When a probe is due and ours, this call is it."""
        self.health.refresh()
        left = self.left(target)
        if not left and (won := self._unused(target, self.health.standing(target))) is not None:
            self.probes[target] = won
        return left

    def left(self, target: str) -> float:
        """The same without taking the probe: for plans, whose target may be another one."""
        standing = self.health.standing(target)
        if standing.failed < self.local.failures and standing.probed is None and not self.local.is_open(target):
            return 0.0  # as usual: a plan asks this of each candidate
        self.health.refresh()
        self._follow(target, standing)
        if not self.local.is_open(target) and not is_out(standing, self.local, self.clock.time()):
            return 0.0
        if self._unused(target, standing) is not None:
            return 0.0
        left = self._until_probe(target, standing)
        if left <= 0:
            self.health.claim(target)
        return max(left, CLAIM_SECONDS)

    def succeeded(self, target: str) -> None:
        """The target answered: the circuit closes; and everywhere, if this was the probe."""
        self.local.succeeded(target)
        if self.probes.pop(target, None) is not None:
            self.health.recovered(target)

    def failed(self, target: str) -> None:
        """The target failed by its own fault."""
        self.local.failed(target)

    def released(self, target: str) -> None:
        """A probe ended without a verdict: the next call here may probe."""
        self.local.released(target)
        self.probes.pop(target, None)

    def is_open(self, target: str) -> bool:
        """Whether the target is out, a due probe apart."""
        return self.local.is_open(target) or is_out(self.health.standing(target), self.local, self.clock.time())

    def _follow(self, target: str, standing: Standing) -> None:
        """Close the local circuit when another instance has seen the target recover since it opened."""
        opened = self.local.open_for(target)
        if opened is not None and standing.recovered is not None and self.clock.time() - standing.recovered < opened:
            self.local.succeeded(target)

    def _unused(self, target: str, standing: Standing) -> float | None:
        """When the right to a probe was won that is ours and still good for one."""
        if not standing.ours or standing.probed is None or self.probes.get(target) == standing.probed:
            return None
        return standing.probed if self.clock.time() - standing.probed < self.local.cooldown else None

    def _until_probe(self, target: str, standing: Standing) -> float:
        """Until the cooldowns since it opened here, and since anybody's last probe, are over."""
        cooldown = self.local.cooldown
        here = cooldown - (self.local.open_for(target) or 0.0) if self.local.is_open(target) else 0.0
        there = 0.0 if standing.probed is None else cooldown - (self.clock.time() - standing.probed)
        return max(here, there)


type AnyCircuits = Circuits | SharedCircuits


def is_out(standing: Standing, limits: Circuits, now: float) -> bool:
    """Whether a target is out for all: it fails, or a probe of the last two cooldowns has not yet gone well."""
    failing = standing.failed >= limits.failures and standing.failed >= FAILING * (standing.ok + standing.failed)
    return failing or _being_probed(standing, 2 * limits.cooldown, now)


def opened(standings: Mapping[str, Standing], limits: Circuits, now: float) -> list[str]:
    """The models and vendors that are out for all."""
    return [target for target, standing in standings.items() if is_out(standing, limits, now)]


def _being_probed(standing: Standing, within: float, now: float) -> bool:
    if standing.probed is None or now - standing.probed >= within:
        return False
    return standing.recovered is None or standing.recovered < standing.probed
