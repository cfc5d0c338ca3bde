"""Which version of the policy decides for whom: the canary for its share of the sessions, the active one for the rest.

The pointer and its versions are read from the store in the background once they are older than REFRESH_SECONDS and
somebody asks; while the store does not answer, what was read last holds. Only the first reading of an instance is
waited for, and not long: until it is there, the priors decide.
"""

import asyncio
import logging

from turnout.core.policies import Pointer, Policy
from turnout.core.ports import Clock, Policies
from turnout.routing.explore import SEED_BITS, seed_of

log = logging.getLogger("turnout.routing")

REFRESH_SECONDS = 10.0
"""For how long a reading counts: so late, and not later, a roll back reaches an instance that is asked all the time."""
GIVEN_UP_AFTER = 30.0
"""Seconds after which a reading counts as lost: an environment may have been frozen in the middle of it."""
FIRST_WAIT = 0.25
"""Seconds for which the first requests of an instance wait for a policy; two readings take some 10 ms."""


class Unsteered:
    """A `core.ports.Steering` where there are no policies."""

    async def policy(self, session: str) -> Policy | None:  # noqa: ARG002 - the port's signature
        """Always the priors."""
        return None


class LivePolicies:
    """A `core.ports.Steering` by what is in the store."""

    def __init__(self, policies: Policies, clock: Clock) -> None:
        self._policies, self._clock = policies, clock
        self._pointer = Pointer()
        self._versions: dict[str, Policy] = {}
        self._reading: asyncio.Task[None] | None = None
        self._begun = self._read_at = float("-inf")
        self._waited = False

    async def policy(self, session: str) -> Policy | None:
        """See the port. Waits at the first request of all, FIRST_WAIT at most."""
        self._refresh()
        if not self._waited and self._reading:
            await asyncio.wait([self._reading], timeout=FIRST_WAIT)
            self._waited = True
        return self._versions.get(version_for(session, self._pointer))

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        under_way = self._begun > self._read_at
        if now - self._read_at >= REFRESH_SECONDS and not (under_way and now - self._begun < GIVEN_UP_AFTER):
            self._begun = now
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        try:
            pointer = await self._policies.pointer()
            named = {pointer.active, pointer.canary} - {""}
            versions = {name: self._versions.get(name) or await self._find(name) for name in named}
            if pointer.revision >= self._pointer.revision:  # or a reading that was frozen would undo a later one
                self._pointer, self._versions = pointer, versions
        except Exception as error:  # noqa: BLE001 - whatever it is, requests go on with what was read last
            log.warning("the policy could not be read, so what was read last holds: %s", error)
        finally:
            self._read_at = self._clock.monotonic()

    async def _find(self, version: str) -> Policy:
        if (found := await self._policies.find(version)) is None:
            raise LookupError(f"there is no policy {version}, to which the pointer points")
        return found


def version_for(session: str, pointer: Pointer) -> str:
    """The version that decides for a session: the same at each of its requests while the canary lasts."""
    if not pointer.canary:
        return pointer.active
    # With the canary in it, so that it is not always the same sessions that are tried on.
    drawn = seed_of(f"{pointer.canary} {pointer.canary_since} {session}", "canary")
    return pointer.canary if drawn < pointer.share * (1 << SEED_BITS) else pointer.active
