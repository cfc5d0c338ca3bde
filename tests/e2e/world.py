"""The whole product on this machine: simulated vendors, the real gateway behind a real server, OpenAI's own client."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from openai import APIError, APIStatusError, AsyncOpenAI, AsyncStream
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionUserMessageParam

from local.simulators import Simulator
from local.simulators.steps import Pace
from tests.fakes import FakeContents, FakeKeys, FakePurse, FakeRequestLog
from turnout import bootstrap
from turnout.api.app import create_app
from turnout.api.services import Services
from turnout.clock import SystemClock
from turnout.config import Breaker, Config, Retries, Timeouts
from turnout.core.ports import Allowances, Key, Keys, Steering
from turnout.core.records import Record
from turnout.pipeline import Gateway
from turnout.routing.circuit import Circuits
from turnout.routing.sessions import Forgetful
from turnout.routing.steering import Unsteered
from turnout.store.allowances import Settling

CLIENT_KEY = "sk-turnout-of-a-client"
VENDOR_KEY = "sk-of-every-simulated-vendor"

VENDORS = {
    "openai": "openai_chat",
    "mistral": "openai_chat",
    "groq": "openai_chat",
    "deepseek": "openai_chat",
    "anthropic": "anthropic_messages",
    "google": "gemini",
    "bedrock": "bedrock_converse",
}
"""The vendors of the catalog that have a key or a region here, and the simulator that answers for each."""

QUICK = Config(
    bedrock_region="us-east-1",
    timeouts=Timeouts(connect=5, first_token=5, first_token_reasoning=5, idle=5, request=10),
    retries=Retries(tries=2, tries_last=2, base=0.001, longest=2.0),
    breaker=Breaker(failures=100_000),
    max_body_bytes=50_000,
)
"""Settings under which retries come at once, and no circuit ever opens."""

HASTY = QUICK.model_copy(
    update={"timeouts": Timeouts(connect=1.5, first_token=3, first_token_reasoning=3, idle=2.5, request=10)}
)
"""The same, for vendors that say nothing: not waited for long, but longer than a loaded machine may pause."""

AT_ONCE = Pace(first_token_ms=0, tokens_per_second=0)

PROMPT = "grüße an alle 🚂 hier"
ASKED: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": PROMPT}]
ANSWER = f"You said: {PROMPT}"
"""What a simulated model answers to it, always."""

PATIENCE = 20.0
"""Seconds after which a case hangs."""


@dataclass(slots=True)
class Seen:
    """What a client saw of one request. `code` is that of the error that OpenAI's client raised, if it did.

    `status` is HTTP's: 200 where the error came within the stream. `note` is the last `turnout` object.
    """

    status: int = 200
    request_id: str = ""
    text: str = ""
    refusal: str = ""
    arguments: str = ""
    finish: str = ""
    code: str = ""
    resumed_on: tuple[str, ...] = ()
    note: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def take(self, chunk: ChatCompletionChunk) -> None:
        """One more chunk of a stream."""
        for choice in chunk.choices:
            self.text += choice.delta.content or ""
            self.refusal += choice.delta.refusal or ""
            calls = choice.delta.tool_calls or ()
            self.arguments += "".join((call.function and call.function.arguments) or "" for call in calls)
            self.finish = choice.finish_reason or self.finish
        note: dict[str, Any] = (chunk.model_extra or {}).get("turnout", {})
        if "resumed_on" in note:
            self.resumed_on += (note["resumed_on"],)
        elif note:
            self.note = note


@dataclass(frozen=True, slots=True)
class World:
    """Simulators by dialect, the gateway at `url`, a client of it, and the rows that were written."""

    simulators: Mapping[str, Simulator]
    url: str
    client: AsyncOpenAI
    log: FakeRequestLog

    async def ask(self, *models: str, stream: bool, **body: Any) -> Seen:
        """Ask these models, in this order, as a client does. Raises TimeoutError when it hangs."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await (self._streamed(models, body) if stream else self._whole(models, body))
            except APIStatusError as error:
                return refused(error)

    async def row(self, request_id: str) -> Record:
        """The row of a request; it is written only after the client has the last byte."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for row in self.log.rows:
                    if row.id == request_id:
                        return row
                await asyncio.sleep(0.001)

    async def open(self, *models: str, **body: Any) -> AsyncStream[ChatCompletionChunk]:
        """A stream that has begun."""
        return await self.client.chat.completions.create(
            model="auto", messages=ASKED, stream=True, extra_body=asking(models, body)
        )

    async def _whole(self, models: tuple[str, ...], body: Mapping[str, Any]) -> Seen:
        response = await self.client.chat.completions.with_raw_response.create(
            model="auto", messages=ASKED, stream=False, extra_body=asking(models, body)
        )
        return answered(response.headers["x-turnout-request-id"], response.parse())

    async def _streamed(self, models: tuple[str, ...], body: Mapping[str, Any]) -> Seen:
        stream = await self.open(*models, **body)
        seen = Seen(request_id=stream.response.headers["x-turnout-request-id"])
        try:
            async for chunk in stream:
                seen.take(chunk)
        except APIError as error:
            seen.code = str(error.code)
        return seen


def refused(error: APIStatusError) -> Seen:
    """What a client sees that gets no answer."""
    return Seen(
        error.status_code,
        error.response.headers["x-turnout-request-id"],
        code=str(error.code),
        note=error.response.json().get("turnout", {}),
        headers=error.response.headers,
    )


def answered(request_id: str, completion: ChatCompletion) -> Seen:
    """What a client sees of a whole answer."""
    choice, message = completion.choices[0], completion.choices[0].message
    return Seen(
        request_id=request_id,
        text=message.content or "",
        refusal=message.refusal or "",
        arguments="".join(call.function.arguments for call in message.tool_calls or () if call.type == "function"),
        finish=choice.finish_reason,
        note=(completion.model_extra or {})["turnout"],
    )


def asking(models: tuple[str, ...], body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request beside model and messages, or in their place."""
    return {"turnout": {"models": models}, **body}


@asynccontextmanager
async def world(
    config: Config = QUICK,
    keys: Keys | None = None,
    pace: Pace = AT_ONCE,
    allowances: Allowances | None = None,
    steering: Steering | None = None,
) -> AsyncGenerator[World]:
    """Everything up, for as long as the block lasts; `pace` is the vendors', `steering` tells who decides."""
    async with AsyncExitStack() as stack:
        simulators = {
            dialect: await stack.enter_async_context(Simulator(dialect, pace=pace, hold=PATIENCE))
            for dialect in set(VENDORS.values())
        }
        log = FakeRequestLog()
        keys = keys or FakeKeys(**{CLIENT_KEY: Key("key-1")})
        services = _services(config, simulators, keys, log, steering or Unsteered())
        if allowances:
            services = limited(services, allowances)
        url = await stack.enter_async_context(served(services))
        client = AsyncOpenAI(api_key=CLIENT_KEY, base_url=f"{url}/v1", max_retries=0)
        yield World(simulators, url, await stack.enter_async_context(client), log)


def limited(services: Services, allowances: Allowances) -> Services:
    """The same, where keys may use only so much."""
    assert isinstance(services.gateway, Gateway)
    gateway = replace(services.gateway, allowances=allowances)
    return replace(services, gateway=gateway, log=Settling(services.log, allowances))


def _services(
    config: Config, simulators: Mapping[str, Simulator], keys: Keys, log: FakeRequestLog, steering: Steering
) -> Services:
    """What `bootstrap.services` builds, but for DynamoDB."""
    clock = SystemClock()
    urls = {vendor: simulators[dialect].base_url for vendor, dialect in VENDORS.items()}
    pointed = Config.model_validate(config.model_dump() | {"base_urls": urls, "vendor_keys": vendor_keys()})
    breaker = pointed.breaker
    circuits = Circuits(clock, breaker.failures, breaker.window, breaker.cooldown)
    return Services(
        gateway=replace(
            bootstrap.gateway(pointed, bootstrap.knowledge(pointed), clock, Forgetful(), circuits),
            purse=FakePurse(),
            steering=steering,
        ),
        keys=keys,
        log=log,
        contents=FakeContents(),
        clock=clock,
        max_body_bytes=config.max_body_bytes,
        request_seconds=config.timeouts.request,
        sizes=config.sizes,
    )


def vendor_keys() -> dict[str, str]:
    """A key for each simulated vendor; Google's is called after its model."""
    names = {**dict.fromkeys(VENDORS), "google": "gemini"}
    return {f"{(name or vendor).upper()}_API_KEY": VENDOR_KEY for vendor, name in names.items()}


class Server(uvicorn.Server):
    """uvicorn that leaves the signals of this process to the tests."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """None are captured."""
        yield


@asynccontextmanager
async def served(services: Services) -> AsyncGenerator[str]:
    """The gateway behind a real server; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        app = create_app(services)
        server = Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve([listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


def quick(**changes: Any) -> Config:
    """QUICK with other settings."""
    return QUICK.model_copy(update=changes)
