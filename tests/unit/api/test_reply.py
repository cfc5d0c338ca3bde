"""How an answer ends when the client, the server or the gateway itself does not see it through; the row is written."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from pydantic_core import to_json
from starlette.types import Message

from tests.fakes import FakeRequestLog
from tests.unit.api.world import BEARER, BODY, HELLO, Stuck, World
from turnout.api.services import Answering
from turnout.core.chat import Request
from turnout.core.events import Delta, Done, ModeEvents, Started
from turnout.core.ports import Deadline, Key
from turnout.core.records import Record
from turnout.pipeline import Exchange

HEADERS = [(name.encode(), value.encode()) for name, value in BEARER.items()]
SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "POST",
    "path": "/v1/chat/completions",
    "raw_path": b"/v1/chat/completions",
    "query_string": b"",
    "headers": HEADERS,
}


class Client:
    """The other side of the ASGI interface: sends a body, takes messages, and may hang up."""

    def __init__(self, body: dict[str, Any], send: Callable[[Message], Awaitable[None]] | None = None) -> None:
        self.waiting = [{"type": "http.request", "body": to_json(body), "more_body": False}]
        self.gone = asyncio.Event()
        self.taken: list[Message] = []
        self._send = send

    async def receive(self) -> Message:
        if self.waiting:
            return self.waiting.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.taken.append(message)
        if self._send:
            await self._send(message)

    def call(self, world: World) -> asyncio.Task[None]:
        return asyncio.create_task(world.app({**SCOPE, "state": {}}, self.receive, self.send))

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.taken).decode()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_hangs_up_closes_the_vendors_call(*, stream: bool) -> None:
    stuck = Stuck((Delta(text="Hel"),))
    world, client = World(ask=stuck.ask), Client(BODY | {"stream": stream})
    running = client.call(world)
    await stuck.waiting.wait()
    client.gone.set()
    await running
    row = world.log.rows[0]
    assert stuck.closed
    assert (row.outcome, row.code, row.attempts[0].outcome) == ("aborted", "client_closed_request", "aborted")
    assert row.partial
    assert "[DONE]" not in client.text
    assert not (client.taken and not stream)


async def test_a_server_that_stops_closes_the_vendors_call_too() -> None:
    stuck = Stuck()
    world, client = World(ask=stuck.ask), Client(BODY)
    running = client.call(world)
    await stuck.waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stuck.closed
    assert world.log.rows[0].outcome == "aborted"


async def test_a_send_that_fails_is_a_client_that_has_gone() -> None:
    async def broken(message: Message) -> None:
        if b"Hel" in message.get("body", b""):
            raise OSError("connection lost")

    world, client = World({"alpha": [list(HELLO)]}), Client(BODY | {"stream": True}, broken)
    await client.call(world)
    assert world.vendors.closed == 1
    assert (world.log.rows[0].outcome, world.log.rows[0].partial) == ("aborted", True)


async def test_the_row_is_written_after_the_last_byte() -> None:
    sent_before: list[bool] = []

    class Log(FakeRequestLog):
        async def write(self, record: Record) -> None:
            sent_before.append(client.taken[-1]["more_body"] is False)
            await super().write(record)

    world, client = World({"alpha": [list(HELLO)]}, log=Log()), Client(BODY | {"stream": True})
    await client.call(world)
    assert sent_before == [True]
    assert world.log.rows[0].outcome == "ok"


@dataclass
class Following:
    """A gateway of which each exchange has something to do afterwards."""

    inner: Answering
    afterwards: Callable[[Record], Awaitable[None]]

    def __post_init__(self) -> None:
        self.catalog, self.plan = self.inner.catalog, self.inner.plan

    def answer(self, request: Request, key: Key, request_id: str, deadline: Deadline) -> Exchange:
        exchange = self.inner.answer(request, key, request_id, deadline)
        return replace(exchange, afterwards=partial(self.afterwards, exchange.record))


async def test_what_is_done_afterwards_comes_after_the_last_byte_and_is_in_the_row() -> None:
    async def sample(record: Record) -> None:
        assert client.taken[-1]["more_body"] is False
        record.sample = "judged"

    world = World({"alpha": [list(HELLO)]}, gateway=lambda world: Following(world.services.gateway, sample))
    client = Client(BODY)
    await client.call(world)
    assert [row.sample for row in world.log.rows] == ["judged"]


async def test_what_is_done_afterwards_can_be_cut_off_and_the_row_is_written() -> None:
    begun = asyncio.Event()

    async def sample(record: Record) -> None:
        record.sample = "no_verdict"
        begun.set()
        await asyncio.Event().wait()

    world = World({"alpha": [list(HELLO)]}, gateway=lambda world: Following(world.services.gateway, sample))
    running = Client(BODY).call(world)
    await begun.wait()
    assert not world.log.rows
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [(row.outcome, row.sample) for row in world.log.rows] == [("ok", "no_verdict")]


async def test_nothing_interrupts_the_writing_of_the_row() -> None:
    writing, finish = asyncio.Event(), asyncio.Event()

    class Log(FakeRequestLog):
        async def write(self, record: Record) -> None:
            writing.set()
            await finish.wait()
            await super().write(record)

    world, client = World({"alpha": [list(HELLO)]}, log=Log()), Client(BODY)
    running = client.call(world)
    await writing.wait()
    client.gone.set()
    running.cancel()
    await asyncio.sleep(0)
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert world.log.rows[0].outcome == "ok"


class Broken:
    """A gateway with a fault that nobody has thought of, before or after the first words."""

    def __init__(self, world: World, *events: Started | Delta | Done) -> None:
        self.catalog, self.events = world.services.gateway.catalog, events
        self.plan = world.services.gateway.plan

    def answer(self, request: Request, key: Key, request_id: str, deadline: Deadline) -> Exchange:
        return Exchange(Record(request_id, 0, key.id, request.model, request.chat.stream), self._events())

    async def _events(self) -> ModeEvents:
        for event in self.events:
            yield event
        raise ZeroDivisionError("secret sk-123")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_fault_of_ours_becomes_a_500_without_a_traceback(*, stream: bool) -> None:
    world = World(gateway=Broken)
    response = await world.post(stream=stream)
    row = world.log.rows[0]
    assert (response.status_code, row.outcome, row.status, row.code) == (500, "error", 500, "internal_error")
    assert row.id in response.json()["error"]["message"]
    assert "sk-123" not in response.text
    assert "Traceback" not in response.text


async def test_a_fault_of_ours_in_mid_stream_is_an_error_event() -> None:
    world = World(gateway=lambda made: Broken(made, Delta(text="Hel")))
    response = await world.post(stream=True)
    assert response.status_code == 200
    assert '"code":"internal_error"' in response.text
    assert "[DONE]" not in response.text
    assert "sk-123" not in response.text


async def test_the_time_that_the_host_leaves_bounds_the_deadline() -> None:
    for left, expected in ((None, 60), (12.5, 12.5), (900, 60)):
        world = World({"alpha": [list(HELLO)]}, remaining=lambda scope, left=left: left)
        await world.post()
        assert world.vendors.calls[0].limit.left == expected
