"""One fake for each port of the core, small enough to be read at a glance."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, get_args

from turnout.catalog import Catalog
from turnout.core.errors import VendorError
from turnout.core.events import Delta, Done, Events, Usage
from turnout.core.models import Capability, Model, Price, Rate, Vendor
from turnout.core.outcomes import Outcomes
from turnout.core.ports import Call, Key
from turnout.core.records import Record
from turnout.routing.decision import Knowledge
from turnout.routing.rules import Rules

NOTHING_KNOWN, NO_RULES = Outcomes({}, {}), Rules()


class FakeClock:
    """Time that passes only when somebody sleeps, or a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class FakeRequestLog:
    """A request log that is a list."""

    def __init__(self) -> None:
        self.rows: list[Record] = []

    async def write(self, record: Record) -> None:
        self.rows.append(record)


class FakeKeys:
    """Keys by their secret."""

    def __init__(self, **known: Key) -> None:
        self.known = known

    async def find(self, secret: str) -> Key | None:
        return self.known.get(secret)


class FakeSessions:
    """The models of conversations in a dict."""

    def __init__(self) -> None:
        self.models: dict[str, str] = {}

    async def find(self, conversation: str) -> str:
        return self.models.get(conversation, "")

    async def keep(self, conversation: str, model: str) -> None:
        self.models[conversation] = model


def a_model(name: str = "alpha", vendor: str = "", **changes: Any) -> Model:
    """A model that can do everything; `changes` are fields of Model."""
    host = Vendor(vendor or f"{name}-vendor", "openai_chat", "http://vendor.test/v1", key="vendor-secret")
    price = Price("2026-01-01", Rate(Decimal(1), Decimal(2), Decimal("0.1"), Decimal("1.25")))
    everything = frozenset[Capability](get_args(Capability.__value__))
    facts: dict[str, Any] = {
        "context_window": 100_000,
        "max_output": 10_000,
        "capabilities": everything,
        "prices": (price,),
    }
    return Model(name=name, vendor=host, upstream=f"{name}-1", **{**facts, **changes})


def knowing(*models: Model, outcomes: Outcomes = NOTHING_KNOWN, rules: Rules = NO_RULES) -> Knowledge:
    """What decisions are made with: these models, of which nothing is known unless it is said."""
    return Knowledge(Catalog(models, {}), outcomes, rules)


type Step = Delta | Done | VendorError | float


class FakeVendors:
    """An `Ask` that plays a script per model: each call takes the next entry, events to yield or an error to raise.

    An entry is a list; an error in it is raised at that point, a number is a pause on the clock.
    """

    def __init__(self, clock: FakeClock, **scripts: Sequence[Sequence[Step]]) -> None:
        self.clock = clock
        self.scripts = {name: list(script) for name, script in scripts.items()}
        self.calls: list[Call] = []
        self.closed = 0

    async def ask(self, call: Call) -> Events:
        self.calls.append(call)
        try:
            for step in self.scripts[call.model.name].pop(0):
                if isinstance(step, VendorError):
                    raise step
                if isinstance(step, float | int):
                    self.clock.now += step
                else:
                    yield step
        finally:
            self.closed += 1


def answer(*texts: str, usage: Usage | None = None) -> list[Step]:
    """The script of a whole answer in so many pieces."""
    return [*(Delta(text=text) for text in texts), Delta(finish="stop", native_finish="stop"), Done(usage)]
