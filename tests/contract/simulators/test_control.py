"""Faults are switched in-process, through the control port and within prompts; nothing leaks, nothing tells secrets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import pytest
from pydantic_core import from_json, to_json

from local.simulators import FAULTS, Simulator
from local.simulators.arming import BadOrder
from local.simulators.listener import PortTaken
from tests.contract.simulators.conftest import AT_ONCE
from tests.contract.simulators.wire import DIALECTS, Patience, exchange, hear, until


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator("openai_chat", control_port=0, pace=AT_ONCE, hold=3600) as simulator:
        yield simulator


async def control(simulator: Simulator, method: str, path: str, body: object = None) -> tuple[int | None, Any]:
    heard = await exchange(simulator.control_url, method, path, b"" if body is None else to_json(body))
    return heard.status, from_json(heard.body)


async def statuses(simulator: Simulator, count: int, text: str = "hi", stream: bool = False) -> list[int | None]:
    return [(await hear(simulator, stream=stream, text=text)).status for _ in range(count)]


async def test_a_fault_with_a_count_ends_by_itself(simulator: Simulator) -> None:
    simulator.fault("server_error", times=2)
    assert await statuses(simulator, 3) == [500, 500, 200]
    assert simulator.faults == []


async def test_faults_are_used_up_in_their_order(simulator: Simulator) -> None:
    simulator.fault("server_error", times=1)
    simulator.fault("unavailable", times=1)
    assert await statuses(simulator, 3) == [500, 503, 200]


async def test_a_fault_without_a_count_lasts_until_it_is_cleared(simulator: Simulator) -> None:
    simulator.fault("overloaded")
    assert await statuses(simulator, 3) == [529, 529, 529]
    simulator.clear("server_error")
    assert await statuses(simulator, 1) == [529]
    simulator.clear("overloaded")
    assert await statuses(simulator, 1) == [200]


async def test_a_fault_may_be_for_one_model_or_one_kind_of_request(simulator: Simulator) -> None:
    simulator.fault("server_error", model="another")
    simulator.fault("unavailable", stream=True)
    assert await statuses(simulator, 1) == [200]
    assert await statuses(simulator, 1, stream=True) == [503]


async def test_a_fault_for_streams_leaves_whole_answers_alone(simulator: Simulator) -> None:
    simulator.fault("cut_after_first_token")
    heard = await hear(simulator, stream=False)
    assert (heard.status, heard.ended) == (200, "whole")


async def test_a_fault_may_last_for_a_while(simulator: Simulator) -> None:
    simulator.fault("refused", seconds=0.05)
    assert (await hear(simulator, stream=False)).ended == "refused"
    await until(lambda: not simulator.faults)
    assert await statuses(simulator, 1) == [200]


@pytest.mark.parametrize(
    ("name", "fields", "complaint"),
    [
        ("server_eror", {}, "server_error"),
        ("refused", {"times": 1}, "leave out times"),
        ("connect_timeout", {"model": "m"}, "use seconds"),
    ],
)
async def test_a_fault_that_cannot_be_had_is_refused_with_a_remedy(
    simulator: Simulator, name: str, fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadOrder, match=complaint):
        simulator.fault(name, **fields)
    status, body = await control(simulator, "PUT", "/faults", {"name": name, **fields})
    assert status == 400
    assert complaint in body["error"]


async def test_the_control_port_switches_faults(simulator: Simulator) -> None:
    status, body = await control(simulator, "PUT", "/faults", {"name": "server_error", "times": 1})
    assert (status, [fault["name"] for fault in body["faults"]]) == (200, ["server_error"])
    assert body["known"].keys() == FAULTS.keys()
    assert await statuses(simulator, 2) == [500, 200]
    await control(simulator, "PUT", "/faults", {"name": "refused"})
    assert await statuses(simulator, 1) == [None]
    _, body = await control(simulator, "DELETE", "/faults?name=refused")
    assert body["faults"] == []
    assert await statuses(simulator, 1) == [200]


@pytest.mark.parametrize(
    ("method", "path", "body", "complaint"),
    [
        ("PUT", "/faults", {}, "name: Field required"),
        ("PUT", "/faults", {"name": "reset", "times": 0}, "times:"),
        ("PUT", "/faults", {"name": "reset", "time": 1}, "time:"),
        ("PUT", "/pace", {"tokens_per_second": -1}, "tokens_per_second:"),
        ("PUT", "/pace", None, "body:"),
        ("GET", "/nothing", None, "GET /requests"),
    ],
)
async def test_the_control_port_says_what_is_wrong(
    simulator: Simulator, method: str, path: str, body: object, complaint: str
) -> None:
    status, answer = await control(simulator, method, path, body)
    assert status in {400, 404}
    assert complaint in answer["error"]


async def test_the_control_port_sets_the_pace(simulator: Simulator) -> None:
    status, pace = await control(simulator, "PUT", "/pace", {"tokens_per_second": 1000})
    assert (status, pace) == (200, {"first_token_ms": 0.0, "tokens_per_second": 1000.0, "thinking_tokens": 0})
    assert simulator.pace.each == 0.001


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_requests_are_told_without_secrets(dialect: str) -> None:
    secret = "sk-very-secret"
    async with Simulator(dialect, control_port=0, pace=AT_ONCE) as simulator:
        await hear(simulator, stream=True, text=f"my key is {secret}")
        _, body = await control(simulator, "GET", "/requests")
        one = body["requests"][0]
        assert (one["model"], one["stream"], one["fault"], one["ended"]) == ("m", True, "", "whole")
        assert "my key is [redacted]" in to_json(one["body"]).decode()
        assert secret not in to_json(body).decode()
        assert secret not in repr([asdict(entry) for entry in simulator.requests])
        _, body = await control(simulator, "DELETE", "/requests")
        assert body == {"requests": []}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[fault:server_error]] hi", [500, 500, 500, 500]),
        ("hi [[fault:server_error*2]]", [500, 500, 200, 500]),
        ("[[fault:server_error@openai_chat]]", [500, 500, 500, 500]),
        ("[[fault:server_error*1@openai_chat]]", [500, 200, 500, 200]),
        ("[[fault:server_error@gemini]]", [200, 200, 200, 200]),
        ("[[fault:server_error@gemini]] [[fault:overloaded@openai_chat]]", [529, 529, 529, 529]),
        ("[[fault:cut_after_first_token]] [[fault:overloaded]]", [529, 529, 529, 529]),
        ("[[fault:no_such]]", [400, 400, 400, 400]),
        ("[[fault:refused]]", [None, None, None, None]),
    ],
)
async def test_a_prompt_can_ask_for_a_fault(simulator: Simulator, text: str, expected: list[int | None]) -> None:
    assert await statuses(simulator, 4, text=text) == expected


async def test_an_unknown_fault_in_a_prompt_is_told_apart_from_the_vendors_own_errors(simulator: Simulator) -> None:
    heard = await hear(simulator, stream=False, text="[[fault:no_such]]")
    assert "there is no fault named 'no_such'" in from_json(heard.body)["error"]["message"]


async def test_a_client_that_leaves_is_noticed(simulator: Simulator) -> None:
    simulator.fault("stall_after_first_token")
    assert (await hear(simulator, stream=True, patience=Patience(next=0.1))).ended == "silent"
    await until(lambda: simulator.requests[0].ended != "answering")
    assert simulator.requests[0].ended == "client_gone"


async def test_refusing_drops_connections_that_are_kept_alive(simulator: Simulator) -> None:
    port = int(simulator.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await reader.readuntil(b'"data":[]}')
    simulator.fault("refused")
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_stopping_breaks_off_what_is_being_answered() -> None:
    before = asyncio.all_tasks()
    async with Simulator("openai_chat", pace=AT_ONCE, hold=3600) as simulator:
        simulator.fault("stall_after_first_token")
        hearing = asyncio.create_task(hear(simulator, stream=True))
        await until(lambda: len(simulator.requests) > 0)
    heard = await hearing
    assert heard.ended in {"closed", "reset"}
    assert (await hear(simulator, stream=True)).ended == "refused"
    assert asyncio.all_tasks() == before


async def test_a_used_port_is_one_clear_line(simulator: Simulator) -> None:
    port = int(simulator.url.rpartition(":")[2])
    with pytest.raises(PortTaken, match=f"port {port} is in use"):
        async with Simulator("gemini", port=port):
            pass
    with pytest.raises(PortTaken, match=f"port {port} is in use"):
        async with Simulator("gemini", control_port=port):
            pass


def test_an_unknown_dialect_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="openai_chat, anthropic_messages, gemini"):
        Simulator("openai")
