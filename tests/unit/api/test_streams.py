"""What a client sees of a streamed answer, and that it is the plain one in pieces."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.api.world import CALLS, COST, COUNTED, HELLO, TOOLS, USAGE, Script, World, chunks_of
from turnout.core.errors import Overloaded, StreamCut, Throttled
from turnout.core.events import Delta, Done, ToolDelta


async def test_a_stream_is_openais_chunk_by_chunk() -> None:
    world = World({"alpha": [list(HELLO)]})
    response = await world.post(stream=True)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["x-turnout-model"] == "alpha"
    assert response.headers["x-turnout-attempts"] == "1"
    assert "x-turnout-cost-usd" not in response.headers
    assert response.text.endswith("\n\ndata: [DONE]\n\n")
    chunks = chunks_of(response.text)
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": "", "refusal": None},
        {"content": "Hel"},
        {"content": "lo"},
        {},
    ]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, None, "stop"]
    assert {chunk["id"] for chunk in chunks} == {f"chatcmpl-{world.log.rows[0].id}"}
    assert {(chunk["object"], chunk["model"], chunk["created"]) for chunk in chunks} == {
        ("chat.completion.chunk", "alpha", 1_800_000_000)
    }
    assert ["turnout" in chunk or "usage" in chunk for chunk in chunks] == [False, False, False, True]
    assert chunks[-1]["turnout"]["cost_usd"] == pytest.approx(COST)
    assert chunks[-1]["system_fingerprint"] == "fp-1"


async def test_the_usage_chunk_comes_last_when_it_is_asked_for() -> None:
    response = await World({"alpha": [list(HELLO)]}).post(stream=True, stream_options={"include_usage": True})
    *others, finish, last = chunks_of(response.text)
    assert all(chunk["usage"] is None for chunk in [*others, finish])
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert "turnout" not in finish
    assert (last["choices"], last["usage"]) == ([], COUNTED)
    assert last["turnout"]["cost_usd"] == pytest.approx(COST)


async def test_call_pieces_keep_their_index_and_name_themselves_once() -> None:
    chunks = chunks_of((await World({"alpha": [list(CALLS)]}).post(stream=True, tools=TOOLS)).text)
    pieces = [piece for chunk in chunks for piece in chunk["choices"][0]["delta"].get("tool_calls", [])]
    assert pieces == [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a":'}},
        {"index": 0, "function": {"arguments": "1}"}},
        {
            "index": 1,
            "id": "c2",
            "type": "function",
            "function": {"name": "g", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": "s"}},
        },
    ]


async def test_each_of_several_choices_begins_and_ends_once() -> None:
    script: Script = [
        Delta(0, "a"),
        Delta(1, "b"),
        Delta(0, finish="stop"),
        Delta(1, "c"),
        Delta(1, finish="length"),
        Done(USAGE),
    ]
    chunks = chunks_of((await World({"alpha": [script]}).post(stream=True, n=2)).text)
    choices = [chunk["choices"][0] for chunk in chunks]
    for index, finish in ((0, "stop"), (1, "length")):
        own = [choice for choice in choices if choice["index"] == index]
        assert [choice["delta"].get("role") for choice in own] == ["assistant", *[None] * (len(own) - 1)]
        assert [choice["finish_reason"] for choice in own] == [*[None] * (len(own) - 1), finish]
    assert ["turnout" in chunk for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


async def test_failover_before_the_first_word_is_invisible_in_the_stream() -> None:
    world = World({"alpha": [[Overloaded("busy")]], "beta": [list(HELLO)]})
    response = await world.post(model="auto", stream=True)
    assert response.headers["x-turnout-attempts"] == "2"
    assert {chunk["model"] for chunk in chunks_of(response.text)} == {"beta"}


async def test_a_stream_that_another_model_continues_says_so() -> None:
    world = World({"alpha": [[Delta(text="Hel"), StreamCut("cut")]], "beta": [list(HELLO[1:])]})
    response = await world.post(model="auto", stream=True)
    chunks = chunks_of(response.text)
    marks = [chunk["turnout"]["resumed_on"] for chunk in chunks if "resumed_on" in chunk.get("turnout", {})]
    assert marks == ["beta-vendor/beta"]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "Hello"
    assert [chunk["model"] for chunk in chunks] == ["alpha", "alpha", "beta", "beta", "beta"]
    assert response.text.endswith("data: [DONE]\n\n")


async def test_a_cut_stream_never_ends_cleanly() -> None:
    world = World({"lonely": [[Delta(text="Hel"), StreamCut("The stream ended early")]]})
    response = await world.post(model="lonely", stream=True)
    last = chunks_of(response.text)[-1]
    assert response.status_code == 200
    assert "[DONE]" not in response.text
    assert '"finish_reason":"stop"' not in response.text
    assert last["error"] == {
        "message": "The stream ended early",
        "type": "api_error",
        "param": None,
        "code": "vendor_stream_cut",
    }
    assert last["turnout"]["attempts"][0]["error"] == "vendor_stream_cut"
    assert (world.log.rows[0].outcome, world.log.rows[0].partial) == ("error", True)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_before_the_first_word_decides_the_status(*, stream: bool) -> None:
    failed = Throttled("slow down", vendor_status=429, vendor_message="slow down", retry_after=1.2)
    world = World({"lonely": [[failed]]})
    response = await world.post(model="lonely", stream=stream)
    assert (response.status_code, response.headers["content-type"]) == (429, "application/json")
    assert response.headers["retry-after"] == "2"
    assert response.headers["x-turnout-attempts"] == "1"
    assert response.headers["x-turnout-cost-usd"] == "0"
    assert response.json()["error"] == {
        "message": "slow down",
        "type": "rate_limit_error",
        "param": None,
        "code": "vendor_rate_limited",
    }
    assert response.json()["turnout"]["attempts"][0]["status"] == 429
    assert (world.log.rows[0].status, world.log.rows[0].code) == (429, "vendor_rate_limited")


pieces_of_calls = st.builds(
    ToolDelta, index=st.integers(0, 1), id=st.just("c"), name=st.just("f"), arguments=st.text(max_size=5)
)
texts = st.builds(Delta, choice=st.integers(0, 2), text=st.text(max_size=5), reasoning=st.text(max_size=3))
tools = st.builds(Delta, choice=st.integers(0, 2), tool=pieces_of_calls)


SHARED = World({})


@given(st.lists(texts | tools, min_size=1, max_size=12))
async def test_a_stream_adds_up_to_the_plain_answer(deltas: list[Delta]) -> None:
    ends = [Delta(choice, finish="stop") for choice in sorted({delta.choice for delta in deltas})]
    script: Script = [*deltas, *ends, Done(USAGE)]
    SHARED.vendors.scripts["alpha"] = [list(script), list(script)]
    plain = (await SHARED.post(n=3)).json()
    chunks = chunks_of((await SHARED.post(n=3, stream=True)).text)
    for choice in plain["choices"]:
        pieces = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"][0]["index"] == choice["index"]]
        message = choice["message"]
        assert joined(pieces, "content") == (message["content"] or "")
        assert joined(pieces, "reasoning_content") == message.get("reasoning_content", "")
        assert arguments(pieces) == {
            index: call["function"]["arguments"]
            for index, call in enumerate(message.get("tool_calls", []))
            if call["id"]
        }


def joined(pieces: list[dict[str, Any]], name: str) -> str:
    return "".join(piece.get(name) or "" for piece in pieces)


def arguments(pieces: list[dict[str, Any]]) -> dict[int, str]:
    told: dict[int, str] = {}
    for piece in pieces:
        for call in piece.get("tool_calls", []):
            told[call["index"]] = told.get(call["index"], "") + call["function"]["arguments"]
    return told
