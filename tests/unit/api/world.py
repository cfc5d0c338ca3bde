"""The endpoints with fakes behind them: scripted vendors, a list for a log, a clock that stands still."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import Scope

from tests.fakes import FakeClock, FakeContents, FakeKeys, FakeRequestLog, FakeVendors, a_model, knowing
from turnout.api.app import create_app
from turnout.api.services import Answering, Services, unbounded
from turnout.config import Sizes
from turnout.core.errors import VendorError
from turnout.core.events import Delta, Done, Events, ToolDelta, Usage
from turnout.core.ports import Allowances, Ask, Call, Key, Keys
from turnout.pipeline import Gateway, Patience
from turnout.policy.unlimited import Unlimited
from turnout.providers.wrappers import recorded
from turnout.store.allowances import Settling

type Script = list[Delta | Done | VendorError | float]

KEY = "sk-of-a-client"
BEARER = {"authorization": f"Bearer {KEY}"}
USAGE = Usage(input=7, cached_input=2, cache_write=1, output=3, reasoning=4)
HELLO: Script = [Delta(text="Hel"), Delta(text="lo"), Delta(finish="stop"), Done(USAGE, "resp-1", "fp-1")]
BODY: dict[str, Any] = {"model": "alpha", "messages": [{"role": "user", "content": "Hi"}]}
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("f", "g")]
CALLS: Script = [
    Delta(tool=ToolDelta(0, "c1", "f", "")),
    Delta(tool=ToolDelta(0, arguments='{"a":')),
    Delta(tool=ToolDelta(0, arguments="1}")),
    Delta(tool=ToolDelta(1, "c2", "g", "{}", {"google": {"thought_signature": "s"}})),
    Delta(finish="tool_calls"),
    Done(USAGE),
]
COUNTED = {
    "prompt_tokens": 10,
    "completion_tokens": 7,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
COST = (7 * 1 + 2 * 0.1 + 1 * 1.25 + 7 * 2) / 1e6


@dataclass
class Stuck:
    """An `Ask` that yields what it is given and then waits for ever, as a vendor may."""

    events: tuple[Delta, ...] = ()
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    async def ask(self, call: Call) -> Events:
        try:
            for event in self.events:
                yield event
            self.waiting.set()
            await asyncio.Event().wait()
        finally:
            self.closed = True


@dataclass
class World:
    """An app and what it has left behind. `scripts` play once for each call of the model they are named by."""

    scripts: Mapping[str, list[Script]] = field(default_factory=dict[str, list[Script]])
    ask: Ask | None = None
    gateway: Callable[["World"], Answering] | None = None
    keys: Keys = field(default_factory=lambda: FakeKeys(**{KEY: Key("key-1", tags={"team": "blue"})}))
    max_body_bytes: int = 100_000
    sizes: Sizes = field(default_factory=Sizes)
    origins: tuple[str, ...] = ()
    remaining: Callable[[Scope], float | None] = unbounded
    clock: FakeClock = field(default_factory=FakeClock)
    log: FakeRequestLog = field(default_factory=FakeRequestLog)
    allowances: Allowances = field(default_factory=Unlimited)
    contents: FakeContents = field(default_factory=FakeContents)

    def __post_init__(self) -> None:
        self.vendors = FakeVendors(self.clock, **self.scripts)
        models = (a_model("alpha", auto=1), a_model("beta", auto=2), a_model("lonely"))
        ask = recorded(self.ask or self.vendors.ask, self.clock)
        gateway = Gateway(knowing(*models), ask, self.clock, Patience(1, 1), allowances=self.allowances)
        self.services = self._services(gateway)
        if self.gateway:
            self.services = self._services(self.gateway(self))
        self.app: Starlette = create_app(self.services)

    def _services(self, gateway: Answering) -> Services:
        return Services(
            gateway=gateway,
            keys=self.keys,
            log=Settling(self.log, self.allowances),
            contents=self.contents,
            clock=self.clock,
            max_body_bytes=self.max_body_bytes,
            request_seconds=60,
            sizes=self.sizes,
            origins=self.origins,
            remaining=self.remaining,
        )

    def client(self) -> httpx.AsyncClient:
        """A client with a key."""
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://turnout.test", headers=BEARER)

    async def post(self, **changes: Any) -> httpx.Response:
        """A chat completion, `changes` over a small body."""
        async with self.client() as client:
            return await client.post("/v1/chat/completions", json=BODY | changes)


def chunks_of(text: str) -> list[dict[str, Any]]:
    """The JSON of a stream's frames, `[DONE]` apart."""
    frames = [frame.removeprefix("data: ") for frame in text.split("\n\n") if frame]
    return [httpx.Response(200, text=frame).json() for frame in frames if frame != "[DONE]"]
