"""How a stream looks on the wire that cannot be made whole: an error event at its end, and nothing that says it is."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from pydantic_core import from_json

from tests.e2e.world import CLIENT_KEY, PATIENCE, PROMPT, World

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(30)]

FIRST, SECOND = "openai/gpt-5.2", "mistral/mistral-large"
TALK: dict[str, Any] = {"messages": [{"role": "user", "content": PROMPT}]}

# What one model has begun and another cannot go on with; both can do all of it.
NOT_CONTINUED: Mapping[str, Mapping[str, Any]] = {
    "json": {"response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "JSON, please"}]},
    "several_answers": {"n": 2},
    "tool_call": {
        "messages": [{"role": "user", "content": "use the tool"}],
        "tools": [{"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}],
    },
}


async def frames(everything: World, *models: str, **body: Any) -> list[str]:
    """The data of each server-sent event, as bytes came."""
    asked = {"model": "auto", "stream": True, **TALK, **body, "turnout": {"models": models}}
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        response = await client.post(f"{everything.url}/v1/chat/completions", json=asked, headers=headers)
    assert response.status_code == 200
    assert response.text.endswith("\n\n")
    return [frame.removeprefix("data: ") for frame in response.text.split("\n\n")[:-1]]


def finishes(chunk: dict[str, Any]) -> list[str]:
    return [choice["finish_reason"] for choice in chunk.get("choices", []) if choice["finish_reason"]]


@pytest.mark.parametrize("fault", ["cut_after_first_token", "bad_json_line", "error_after_first_token"])
async def test_a_broken_stream_ends_with_an_error_that_tells_all_and_without_done(a_world: World, fault: str) -> None:
    a_world.simulators["openai_chat"].fault(fault)
    *chunks, last = map(from_json, await frames(a_world, FIRST))
    assert "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]) == "You"
    assert not any(map(finishes, chunks))
    assert last["error"].keys() == {"message", "type", "param", "code"}
    assert [attempt["outcome"] for attempt in last["turnout"]["attempts"]] == ["error"]
    assert last["turnout"]["cost_usd"] > 0


@pytest.mark.parametrize("body", NOT_CONTINUED.values(), ids=NOT_CONTINUED.keys())
async def test_what_another_model_cannot_go_on_with_ends_with_an_error(a_world: World, body: dict[str, Any]) -> None:
    a_world.simulators["openai_chat"].fault("cut_after_first_token", model="gpt-5.2")
    *chunks, last = map(from_json, await frames(a_world, FIRST, SECOND, **body))
    assert last["error"]["code"] == "vendor_stream_cut"
    assert chunks
    assert not any(map(finishes, chunks))
    assert not any("turnout" in chunk for chunk in chunks)


async def test_a_continued_stream_marks_the_seam_and_ends_whole(a_world: World) -> None:
    a_world.simulators["openai_chat"].fault("cut_after_first_token", model="gpt-5.2")
    *told, done = await frames(a_world, FIRST, SECOND, stream_options={"include_usage": True})
    chunks = [from_json(one) for one in told]
    assert done == "[DONE]"
    seams = [chunk for chunk in chunks if "resumed_on" in chunk.get("turnout", {})]
    assert [seam["turnout"]["resumed_on"] for seam in seams] == [SECOND]
    assert [chunk["model"] for chunk in chunks if chunk is seams[0] or chunk is chunks[0]] == [
        "gpt-5.2",
        "mistral-large",
    ]
    assert chunks[-1]["usage"]["completion_tokens"] > 0
    assert [attempt["outcome"] for attempt in chunks[-1]["turnout"]["attempts"]] == ["error", "ok"]
