"""What the endpoints are given, by `turnout.bootstrap` or by a test."""

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Protocol

from starlette.types import Scope

from turnout.catalog import Catalog
from turnout.config import Sizes
from turnout.core.chat import Request
from turnout.core.contents import Contents
from turnout.core.frozen import frozen
from turnout.core.ports import Clock, Deadline, Key, Keys, RequestLog
from turnout.pipeline import Exchange
from turnout.routing.plan import Plan


class Answering(Protocol):
    """What the endpoints use of `turnout.pipeline.Gateway`."""

    @property
    def catalog(self) -> Catalog:
        """The models that there are."""
        ...

    async def plan(self, request: Request, key: Key, request_id: str, at: float) -> Plan:
        """What would be asked, and why. `at` is epoch seconds. Raises UnknownModel or InvalidRequest."""
        ...

    def answer(self, request: Request, key: Key, request_id: str, deadline: Deadline) -> Exchange:
        """Begin to answer. Never raises."""
        ...


def unbounded(scope: Scope) -> float | None:  # noqa: ARG001 - a server that grants all the time there is
    """The time left where nobody takes it away."""
    return None


@frozen
class Services:
    """`request_seconds` is the time for one request; `remaining` tells what the host still grants, None: no limit.

    `origins` are the web pages that may call from a browser.
    """

    gateway: Answering
    keys: Keys
    log: RequestLog
    contents: Contents
    clock: Clock
    max_body_bytes: int
    request_seconds: float
    sizes: Sizes = field(default_factory=Sizes)
    origins: Sequence[str] = ()
    remaining: Callable[[Scope], float | None] = unbounded

    def deadline(self, scope: Scope) -> Deadline:
        """When a request that begins now must be over."""
        left = self.remaining(scope)
        seconds = self.request_seconds if left is None else min(left, self.request_seconds)
        return Deadline(self.clock.monotonic() + seconds, self.clock)
