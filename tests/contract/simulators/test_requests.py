"""A simulator refuses what its vendor refuses, in the vendor's words."""

from typing import Any

import pytest
from pydantic_core import from_json, to_json

from local.simulators import Simulator
from tests.contract.simulators.conftest import AT_ONCE
from tests.contract.simulators.wire import DIALECTS, exchange

USER = {"role": "user", "content": "hi"}
CALL: dict[str, Any] = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "x"}]}
OPEN: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": False}}}
FORMAT = {"type": "json_schema", "schema": OPEN}
THINKING = {"type": "enabled", "budget_tokens": 1024}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
G_USER = {"role": "user", "parts": [{"text": "hi"}]}
G_CALL: dict[str, Any] = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
G_RESULT: dict[str, Any] = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}
BAD_PARAMETERS: dict[str, Any] = {"type": "object", "additionalProperties": False}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("openai_chat", {"model": "m"}, "Missing required parameter: 'messages'."),
    ("openai_chat", {"model": "m", "messages": []}, "'messages'"),
    ("openai_chat", {"model": "m", "messages": [USER], "max_output": 1}, "Unknown parameter: 'max_output'."),
    ("openai_chat", {"model": "m", "messages": [USER], "temperature": 3}, "'temperature'"),
    ("openai_chat", {"model": "m", "messages": [{"role": "robot"}]}, "'messages[0].role'"),
    ("openai_chat", {"model": "m", "messages": [USER], "stream": "yes"}, "'stream'"),
    ("openai_chat", {"model": "gpt-5.2", "messages": [USER], "max_tokens": 9}, "'max_completion_tokens'"),
    ("openai_chat", {"model": "m", "messages": [{"role": "tool", "tool_call_id": "t"}]}, "preceding message"),
    (
        "openai_chat",
        {
            "model": "m",
            "messages": [
                {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{}"}}]},
                USER,
            ],
        },
        "Missing: t",
    ),
    ("openai_chat", {"model": "m", "messages": [USER], "response_format": {"type": "json_schema"}}, "json_schema"),
    ("anthropic_messages", {"messages": [USER]}, "max_tokens: Field required"),
    ("anthropic_messages", {"max_tokens": 9, "messages": [USER], "seed": 1}, "seed: Extra inputs are not permitted"),
    ("anthropic_messages", {"max_tokens": 9, "messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
    ("anthropic_messages", {"max_tokens": 9, "messages": [{"role": "assistant", "content": "x"}]}, "first message"),
    ("anthropic_messages", {"max_tokens": 9, "messages": [USER, CALL]}, "without `tool_result`"),
    ("anthropic_messages", {"max_tokens": 9, "messages": [USER, RESULT]}, "unexpected `tool_use_id`"),
    (
        "anthropic_messages",
        {"max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        "must be non-empty",
    ),
    (
        "anthropic_messages",
        {"max_tokens": 9, "messages": [USER, {"role": "assistant", "content": "You "}]},
        "trailing whitespace",
    ),
    ("anthropic_messages", {"max_tokens": 9, "messages": [USER], "thinking": THINKING}, "greater than"),
    (
        "anthropic_messages",
        {"max_tokens": 2000, "messages": [USER], "thinking": THINKING, "temperature": 0.5},
        "temperature",
    ),
    (
        "anthropic_messages",
        {
            "max_tokens": 2000,
            "messages": [USER],
            "thinking": THINKING,
            "tools": [TOOL],
            "tool_choice": {"type": "any"},
        },
        "forces tool use",
    ),
    (
        "anthropic_messages",
        {"max_tokens": 2000, "messages": [USER, CALL, RESULT], "thinking": THINKING, "tools": [TOOL]},
        "Expected `thinking`",
    ),
    ("anthropic_messages", {"max_tokens": 9, "messages": [USER], "tool_choice": {"type": "any"}}, "providing tools"),
    (
        "anthropic_messages",
        {"max_tokens": 9, "messages": [USER], "output_config": {"format": FORMAT}},
        "'additionalProperties' must be explicitly set to false",
    ),
    (
        "anthropic_messages",
        {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [USER], "temperature": 1, "top_p": 1},
        "cannot both be specified",
    ),
    ("gemini", {}, "contents is not specified"),
    ("gemini", {"contents": [G_USER], "messages": []}, 'Unknown name "messages": Cannot find field.'),
    (
        "gemini",
        {"contents": [G_USER], "generationConfig": {"maxTokens": 9}},
        "Unknown name \"maxTokens\" at 'generationConfig': Cannot find field.",
    ),
    ("gemini", {"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, "contents.0.role"),
    ("gemini", {"contents": [{"role": "user", "parts": []}]}, "must not be empty"),
    ("gemini", {"contents": [G_USER, G_CALL, G_USER]}, "number of function response parts"),
    ("gemini", {"contents": [G_USER, G_CALL]}, "number of function response parts"),
    ("gemini", {"contents": [G_USER, G_CALL, G_RESULT]}, "missing a thought_signature"),
    (
        "gemini",
        {"contents": [G_USER], "tools": [{"functionDeclarations": [{"name": "f", "parameters": BAD_PARAMETERS}]}]},
        'Unknown name "additionalProperties"',
    ),
    (
        "gemini",
        {"contents": [G_USER], "generationConfig": {"responseSchema": {"type": "STRING"}}},
        "response_mime_type",
    ),
]


async def ask(
    dialect: str, body: bytes, drop: str = "", path: str = "", method: str = "POST"
) -> tuple[int | None, Any]:
    """Status and body of what is answered, without the header `drop`."""
    headers = {name: value for name, value in DIALECTS[dialect].headers.items() if name != drop}
    usual = DIALECTS[dialect].path[False].replace("models/m", "models/gemini-3-flash")
    async with Simulator(dialect, pace=AT_ONCE) as simulator:
        heard = await exchange(simulator.url, method, path or usual, body, headers)
    return heard.status, from_json(heard.body)


def complaint_of(answer: Any) -> str:
    """The message in an error, which Bedrock puts into no envelope."""
    return answer.get("error", answer)["message"]


@pytest.mark.parametrize(("dialect", "body", "complaint"), REFUSED, ids=[f"{row[0]}-{row[2]}" for row in REFUSED])
async def test_a_bad_request_is_refused_as_the_vendor_does(dialect: str, body: dict[str, Any], complaint: str) -> None:
    named = {"model": "m", **body} if dialect == "anthropic_messages" else body
    status, answer = await ask(dialect, to_json(named))
    assert status == 400
    assert complaint in complaint_of(answer)


@pytest.mark.parametrize(
    ("dialect", "header", "status", "word"),
    [
        ("openai_chat", "authorization", 401, "API key"),
        ("anthropic_messages", "x-api-key", 401, "x-api-key"),
        ("anthropic_messages", "anthropic-version", 400, "anthropic-version"),
        ("gemini", "x-goog-api-key", 403, "API Key"),
        ("bedrock_converse", "authorization", 403, "Authentication Token"),
        ("bedrock_converse", "x-amz-date", 403, "Authentication Token"),
    ],
)
async def test_a_missing_header_is_missed(dialect: str, header: str, status: int, word: str) -> None:
    asked = to_json(DIALECTS[dialect].ask("hi", False))
    got, answer = await ask(dialect, asked, drop=header)
    assert got == status
    assert word in complaint_of(answer)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_is_no_json_is_refused(dialect: str) -> None:
    status, answer = await ask(dialect, b'{"model": ')
    assert status == 400
    assert "JSON" in complaint_of(answer)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_unknown_path_is_not_found(dialect: str) -> None:
    status, answer = await ask(dialect, b"{}", path="/v1/nothing")
    assert status == 404
    assert complaint_of(answer)


async def test_a_gemini_stream_must_be_asked_for_as_events() -> None:
    status, answer = await ask("gemini", b"{}", path="/v1beta/models/m:streamGenerateContent")
    assert status == 400
    assert "alt=sse" in complaint_of(answer)
