"""Every way to get a request wrong: which field is named, and what the client is told to do."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic_core import to_json

from tests.unit.api.world import BODY
from turnout.api.body import parse
from turnout.api.openai import to_chat
from turnout.api.sizes import read
from turnout.core.errors import InvalidRequest, RequestTooLarge


def said(*turns: Any) -> dict[str, Any]:
    return {"messages": list(turns)}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def call(*ids: str) -> dict[str, Any]:
    calls = [{"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}} for name in ids]
    return {"role": "assistant", "tool_calls": calls}


def result(name: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": "42"}


def picture(url: Any) -> dict[str, Any]:
    return said(user([{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": url}}]))


def tool(name: str = "f", **changes: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **changes}}


PICTURE = "messages[0].content[1].image_url.url"
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"a": [{"b": float("inf")}]}}}

WRONG: list[tuple[dict[str, Any], str, str]] = [
    # messages
    (said(), "messages", "at least 1 item"),
    ({"messages": "Hi"}, "messages", "must be an array"),
    ({"messages": None}, "messages", "must be an array"),
    (said(user("Hi"), 5), "messages[1]", "must be an object"),
    (said({"content": "Hi"}), "messages[0].role", "is required"),
    (said({"role": "function", "name": "f", "content": ""}), "messages[0].role", "'tool'"),
    (said({"role": "user"}), "messages[0].content", "is required"),
    (said(user(5)), "messages[0].content", "must be a string or an array"),
    (said(user([])), "messages[0].content", "at least 1 item"),
    (said(user(["Hi"])), "messages[0].content[0]", "must be an object"),
    (said(user([{"type": "input_audio"}])), "messages[0].content[0].type", "'text', 'image_url'"),
    (said(user([{"type": "text", "text": 1}])), "messages[0].content[0].text", "must be a string"),
    (said({**user("Hi"), "cache_control": {}}), "messages[0].cache_control", "remove it"),
    (said({"role": "system", "content": [{"type": "image_url"}]}), "messages[0].content[0].type", "must be 'text'"),
    (said({"role": "assistant"}), "messages[0].content", "'tool_calls'"),
    (said({"role": "assistant", "content": "", "function_call": {}}), "messages[0].function_call", "null"),
    # pictures
    (picture(5), PICTURE, "must be a string"),
    (picture("http://a.test/a.png"), PICTURE, "must be an https URL or data:"),
    (picture("data:text/plain;base64,QUJD"), PICTURE, "data:image/<type>"),
    (picture("data:image/png;base64,"), PICTURE, "data:image/<type>"),
    (picture("data:image/png;base64,QUI"), PICTURE, "cannot be decoded"),
    (said(user([{"type": "image_url", "image_url": "https://a"}])), "messages[0].content[0].image_url", "an object"),
    # calls and results
    (said(user("Hi"), result("c1")), "messages[1].tool_call_id", "'c1'"),
    (said(call("c1"), result("c2")), "messages[1].tool_call_id", "'c2'"),
    (said(call("c1"), result("c1"), result("c1")), "messages[2].tool_call_id", "each result once"),
    (said(call("c1"), result("c1"), user("so?"), result("c1")), "messages[3].tool_call_id", "directly before"),
    (said(call("c1", "c2"), result("c1")), "messages[0].tool_calls", "c2"),
    (said(user("Hi"), call("c1"), user("so?")), "messages[1].tool_calls", "c1"),
    (said(call("c1", "c1"), result("c1")), "messages[0].tool_calls", "same 'id'"),
    (
        said({"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {}}}]}),
        "messages[0].tool_calls[0].function.arguments",
        "must be a string",
    ),
    # tools
    ({"tools": [tool("two words")]}, "tools[0].function.name", "must match"),
    ({"tools": [tool(), tool()]}, "tools[1].function.name", "Rename one"),
    ({"tools": [{"type": "custom", "custom": {"name": "f"}}]}, "tools[0].type", "must be 'function'"),
    ({"tools": [tool(parameters={"a": float("nan")})]}, "tools[0].function.parameters", "cannot carry"),
    ({"tool_choice": "auto"}, "tool_choice", "Add 'tools'"),
    ({"parallel_tool_calls": True}, "parallel_tool_calls", "Add 'tools'"),
    ({"tools": [tool()], "tool_choice": "any"}, "tool_choice", "'auto', 'none' or 'required'"),
    ({"tools": [tool()], "tool_choice": tool("g")}, "tool_choice.function.name", "one of f"),
    ({"tools": [tool()], "tool_choice": {"type": "allowed_tools"}}, "tool_choice.type", "must be 'function'"),
    # parameters
    ({"model": ""}, "model", "at least 1 character"),
    ({"model": 5}, "model", "must be a string"),
    ({"model": None}, "model", "must be a string"),
    ({"temperature": 2.5}, "temperature", "at most 2."),
    ({"temperature": "0.5"}, "temperature", "must be a number"),
    ({"top_p": -1}, "top_p", "at least 0."),
    ({"max_tokens": 0}, "max_tokens", "at least 1."),
    ({"max_tokens": 5, "max_completion_tokens": 6}, "max_tokens", "Send one"),
    ({"seed": 2**64}, "seed", "less than"),
    ({"n": 9}, "n", "at most 8."),
    ({"n": True}, "n", "must be an integer"),
    ({"stop": 5}, "stop", "must be a string or an array"),
    ({"stop": ["a", 5]}, "stop[1]", "must be a string"),
    ({"stop": ["a"] * 5}, "stop", "at most 4 items"),
    ({"logit_bias": {"50256": 101}}, "logit_bias.50256", "at most 100."),
    ({"top_logprobs": 3}, "top_logprobs", "needs 'logprobs'"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "needs 'stream'"),
    ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation", "leave"),
    ({"reasoning_effort": "max"}, "reasoning_effort", "'xhigh'"),
    ({"response_format": {"type": "xml"}}, "response_format.type", "'json_schema'"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "is required"),
    ({"response_format": SCHEMA}, "response_format.json_schema.schema", "cannot carry"),
    # fields that are not there, or not here
    ({"temprature": 1}, "temprature", "use 'temperature'"),
    ({"frobnicate": 1}, "frobnicate", "remove it"),
    ({"x" * 10_000: 1}, "x" * 100, "remove it"),
    ({"functions": []}, "functions", "use 'tools'"),
    ({"function_call": "auto"}, "function_call", "use 'tool_choice'"),
    ({"audio": {}}, "audio", "text and images"),
    ({"modalities": ["text", "audio"]}, "modalities[1]", "must be 'text'"),
    ({"service_tier": "priority"}, "service_tier", "'default'"),
    # the turnout object
    ({"turnout": []}, "turnout", "must be an object"),
    ({"turnout": {"goal": "fun"}}, "turnout.goal", "'reliability'"),
    ({"turnout": {"models": "alpha"}}, "turnout.models", "must be an array"),
    ({"turnout": {"models": ["alpha", 5]}}, "turnout.models[1]", "must be a string"),
    ({"turnout": {"max_cost_usd": 0}}, "turnout.max_cost_usd", "greater than 0."),
    ({"turnout": {"tags": {"a": 5}}}, "turnout.tags.a", "must be a string"),
    ({"turnout": {"cheap": True}}, "turnout.cheap", "remove it"),
    ({"model": "auto:cost", "turnout": {"goal": "latency"}}, "turnout.goal", "Keep one"),
]


@pytest.mark.parametrize(("changes", "param", "told"), WRONG, ids=[f"{row[1][:60]} {row[2]}" for row in WRONG])
def test_what_is_wrong_is_named_with_a_remedy(changes: dict[str, Any], param: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        to_chat(parse(to_json(BODY | changes, inf_nan_mode="constants")))
    assert caught.value.param == param
    assert told in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "EOF while parsing a value at line 1 column 0"),
        (b'{"model": "a",}', "trailing comma at line 1 column 15"),
        (b'{"model": "a"', "EOF while parsing an object"),
        (b'{"model": "\xff"}', "invalid unicode code point"),
        (b'{"model": "\\ud800"}', "hex escape"),
        (b"[" * 10_000, "recursion limit"),
        (b"hello", "at line 1 column 1"),
    ],
)
def test_what_is_not_json_is_told_where(body: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match="not valid JSON") as caught:
        parse(body)
    assert told in caught.value.message
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b'"text"'])
def test_json_that_is_no_object_is_told_what_to_be(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="must be a JSON object with 'model' and 'messages'"):
        parse(body)


async def test_a_body_is_read_no_further_than_its_limit() -> None:
    taken: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(10):
            taken.append(number)
            yield b"x" * 10

    with pytest.raises(RequestTooLarge, match="more than 25 bytes"):
        await read(chunks(), 25)
    assert taken == [0, 1, 2]
    assert await read(chunks(), 100) == b"x" * 100
