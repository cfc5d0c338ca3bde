"""What the inside needs of the outside, as Protocols; `tests/fakes.py` has one fake for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Protocol

from turnout.core.allowance import (
    NOTHING_KEPT,
    UNLIMITED,
    Budget,
    Estimate,
    Left,
    Limits,
    Privacy,
    Sampling,
    Scope,
)
from turnout.core.chat import Chat, Goal
from turnout.core.events import Events
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.policies import Listed, Pointer, Policy
from turnout.core.records import ANSWER, Part, Record


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@frozen
class Deadline:
    """A point on the monotonic clock by which something must be over."""

    at: float
    clock: Clock

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - self.clock.monotonic())

    def sooner(self, seconds: float) -> "Deadline":
        """The earlier of this one and `seconds` from now."""
        return Deadline(min(self.at, self.clock.monotonic() + seconds), self.clock)


@frozen
class Call:
    """One model asked one thing.

    `share` is when this target must have begun to answer, or answered if not streamed; `limit` when all must be over.
    Attempts are written to `record`, as of this `part`; `patience` is how many tries this target gets.
    """

    chat: Chat
    model: Model
    share: Deadline
    limit: Deadline
    record: Record
    patience: int = 1
    part: Part = ANSWER


class Ask(Protocol):
    """Asks a model. Raises `VendorError`; closing the generator aborts the call."""

    def __call__(self, call: Call) -> Events:
        """The events of the answer."""
        ...


class RequestLog(Protocol):
    """Where rows go. Never raises: what cannot be stored is put where it can be recovered from."""

    async def write(self, record: Record) -> None:
        """Keep one row."""
        ...


@frozen
class Key:
    """A client's key, as it is known after the check: the secret itself is never kept.

    `explore` is the share of its `auto` requests on which another eligible model may be tried, 0 to 1. `models` and
    `vendors` are all that it may ask, () for every one. `goal` holds where neither a request nor a rule names one;
    `ruleset` names the rules that are tried for it beside everybody's. Of `budgets` there is one a period.
    `open_when_down` lets it in though what it has used cannot be told.
    """

    id: str
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    explore: float = 0.0
    scopes: frozenset[Scope] = frozenset({"inference"})
    models: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    goal: Goal | None = None
    ruleset: str = ""
    budgets: tuple[Budget, ...] = ()
    limits: Limits = UNLIMITED
    privacy: Privacy = NOTHING_KEPT
    sampling: Sampling | None = None
    open_when_down: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether it has the scope; `admin` includes the others."""
        return scope in self.scopes or "admin" in self.scopes

    def tagged(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags of a request with it: its own come first, or a client could pass for another team."""
        return {**tags, **self.tags}


class Keys(Protocol):
    """Who may call."""

    async def find(self, secret: str) -> Key | None:
        """The key that `secret` is, if it is one and is enabled."""
        ...


class Allowances(Protocol):
    """What keys and tags may still use, all instances together."""

    async def reserve(
        self, record: Record, key: Key, tags: Mapping[str, str], estimate: Callable[[], Estimate]
    ) -> None:
        """Set the estimate aside, in the account of the key and in those of the tags, until the row is settled.

        `estimate` is only called where something is limited. Raises Limited, and AllowanceUnknown in an outage.
        """
        ...

    def left(self, request_id: str) -> Left:
        """What was left for others when this request had reserved, until it is settled."""
        ...

    async def settle(self, record: Record) -> None:
        """Put what a request has used in place of its estimate. Never raises."""
        ...


class Sessions(Protocol):
    """Which model a conversation is on."""

    async def find(self, conversation: str) -> str:
        """The id of the model that answered last, "" when that is not known. Never raises, and never takes long."""
        ...

    async def keep(self, conversation: str, model: str) -> None:
        """Remember the model's id for the next turn. Never raises."""
        ...


class Purse(Protocol):
    """What each key may still spend on samples in a day (UTC, YYYY-MM-DD), of all instances together. In USD."""

    async def take(self, key_id: str, day: str, usd: Decimal, limit: Decimal) -> bool:
        """Take `usd` out, or nothing and False where more than `limit` would be spent. Raises TurnoutError."""
        ...

    async def put_back(self, key_id: str, day: str, usd: Decimal) -> None:
        """What was not used after all; below 0 what was used beside. Never raises."""
        ...


@frozen
class Standing:
    """What all instances together know of a model or a vendor. Times are epoch seconds, None: never.

    `ok` and `failed` count attempts of the last minutes since it `recovered`, failures only where it was at fault.
    `probed` is when some instance last won the right to probe it; `ours` says that it was this one.
    """

    ok: int = 0
    failed: int = 0
    probed: float | None = None
    recovered: float | None = None
    ours: bool = False


class SharedHealth(Protocol):
    """What the instances tell each other of models and vendors. Nothing here waits: it is done beside the requests."""

    def standing(self, target: str) -> Standing:
        """From memory."""
        ...

    def refresh(self) -> None:
        """Read again what the others say, in the background and only if that is due."""
        ...

    def claim(self, target: str) -> None:
        """Try to win the right to the next probe; a later `standing` tells whether it is `ours`."""
        ...

    def recovered(self, target: str) -> None:
        """Tell all that a probe went well."""
        ...


class Steering(Protocol):
    """Which version of the policy decides for whom."""

    async def policy(self, session: str) -> Policy | None:
        """From memory: the version for all that goes by this name; None where only the priors do. Never raises."""
        ...


class Policies(Protocol):
    """Versions of the policy, which never change, and the pointer to those that decide.

    The pointer moves in one step, states and history with it. Of two who move it at once one wins, and the other gets
    Conflict. A move may name the `revision` of the pointer that it was thought of for: then it is done there or not
    at all. `why` goes into the history. Moves raise UnknownPolicy for a version that is not there.
    """

    async def add(self, policy: Policy, why: str) -> None:
        """Keep a version as recommended. Raises Conflict when there is one of that name."""
        ...

    async def find(self, version: str) -> Policy | None:
        """The version as it was added."""
        ...

    async def listed(self, version: str) -> Listed | None:
        """What became of one version."""
        ...

    async def list(self) -> Sequence[Listed]:
        """All versions, newest first."""
        ...

    async def pointer(self) -> Pointer:
        """Which versions decide."""
        ...

    async def activate(self, version: str, why: str, revision: int | None = None) -> Pointer:
        """Let it decide for all; what was active, and any other canary, is superseded."""
        ...

    async def canary(self, version: str, share: float, why: str, revision: int | None = None) -> Pointer:
        """Let it decide for a `share` of the sessions, above 0 and below 1. Raises InvalidRequest for another one."""
        ...

    async def rollback(self, why: str, revision: int | None = None) -> Pointer:
        """Take the canary back; where there is none, the active version, for the one that was active before it."""
        ...
