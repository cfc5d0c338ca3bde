"""The recorded cases of the Messages dialect, read by Anthropic's own SDK: are they the vendor's true format?"""

from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from pydantic_core import from_json, to_json

CASES = sorted((Path(__file__).parents[2] / "contract/cases/anthropic_messages").glob("*.json"))


def cases(kind: str, *, good: bool) -> list[Any]:
    loaded = {path.stem: from_json(path.read_bytes()) for path in CASES}
    fit = {name: case for name, case in loaded.items() if kind in case and bool(case["expect"].get("choices")) is good}
    return [pytest.param(case, id=name) for name, case in fit.items()]


def client(status: int, body: bytes, headers: dict[str, str]) -> anthropic.Anthropic:
    """The SDK, answered with this, and never trying again."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers=headers)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return anthropic.Anthropic(api_key="test-key", http_client=http, max_retries=0)


def ask(sdk: anthropic.Anthropic) -> Message:
    return sdk.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])


def ask_streamed(content: str) -> Message:
    sdk = client(200, content.encode(), {"content-type": "text/event-stream"})
    question: Any = {"role": "user", "content": "Hi"}
    with sdk.messages.stream(model="claude-haiku-4-5", max_tokens=9, messages=[question]) as stream:
        return stream.get_final_message()


def same(message: Message, expect: dict[str, Any]) -> None:
    """What the SDK reads is what the case expects of us."""
    (choice,) = expect["choices"]
    blocks = message.content
    assert "".join(block.text for block in blocks if block.type == "text") == choice.get("text", "")
    assert "".join(block.thinking for block in blocks if block.type == "thinking") == choice.get("reasoning", "")
    calls = [(block.id, block.name) for block in blocks if block.type == "tool_use"]
    assert calls == [(call["id"], call["name"]) for call in choice.get("tool_calls", [])]
    assert message.stop_reason == choice["native_finish"]
    if usage := expect["usage"]:
        assert message.usage.input_tokens == usage["input"]
        assert message.usage.output_tokens == usage["output"] + usage.get("reasoning", 0)
        assert (message.usage.cache_read_input_tokens or 0) == usage.get("cached_input", 0)


@pytest.mark.parametrize("case", cases("reply", good=True))
def test_the_sdk_reads_a_whole_answer_as_we_do(case: dict[str, Any]) -> None:
    same(ask(client(200, to_json(case["reply"]), {"content-type": "application/json"})), case["expect"])


@pytest.mark.parametrize("case", cases("stream", good=True))
def test_the_sdk_reads_a_streamed_answer_as_we_do(case: dict[str, Any]) -> None:
    same(ask_streamed(case["stream"]), case["expect"])


@pytest.mark.parametrize("case", [case for case in cases("stream", good=False) if "_error" in str(case.id)])
def test_the_sdk_takes_an_error_in_a_stream_for_one(case: dict[str, Any]) -> None:
    with pytest.raises(anthropic.APIStatusError):
        ask_streamed(case["stream"])


@pytest.mark.parametrize("case", cases("error", good=False))
def test_the_sdk_finds_the_words_of_an_error_that_we_find(case: dict[str, Any]) -> None:
    failing = case["error"]
    with pytest.raises(anthropic.APIStatusError) as raised:
        ask(client(failing["status"], failing["body"].encode(), failing.get("headers", {})))
    assert raised.value.status_code == failing["status"]
    if failing["body"].startswith("{"):
        assert raised.value.type == from_json(failing["body"])["error"]["type"]
