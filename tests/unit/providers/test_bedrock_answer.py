"""What Bedrock answers is read as AWS's own SDK reads it; the cases hold for both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.parsers import create_parser
from pydantic_core import to_json

from tests.contract.dialect_cases import Case, ToldChoice
from tests.unit.providers.bedrock_bodies import LLAMA, WEATHER, body_for, hi, operation, said
from turnout.core.chat import Chat, Message, ToolCall
from turnout.core.events import collected
from turnout.providers.dialects import bedrock_converse

CASES = Path(__file__).parents[2] / "contract" / "cases" / "bedrock_converse"
YOUNGER = {"reply_two_texts_and_unknown", "stream_unknown_frames"}
"""Cases with what the SDK does not know either, and refuses to read."""


def cases(kind: str) -> list[Any]:
    read = {path.stem: Case.model_validate_json(path.read_bytes()) for path in sorted(CASES.glob(f"{kind}_*.json"))}
    return [pytest.param(case, id=name) for name, case in read.items() if case.expect.choices and name not in YOUNGER]


def whole_by_the_sdk(body: bytes) -> dict[str, Any]:
    parser = create_parser("rest-json")
    response: dict[str, Any] = {"status_code": 200, "headers": {}, "body": body}
    return cast("Any", parser).parse(response, operation(stream=False).output_shape)


def events_by_the_sdk(content: bytes) -> Iterator[dict[str, Any]]:
    shape = cast("Any", operation(stream=True).output_shape).members["stream"]
    parser, buffer = cast("Any", create_parser("rest-json"))._event_stream_parser, EventStreamBuffer()
    buffer.add_data(content)
    for message in cast("Any", buffer):
        yield parser.parse(message.to_response_dict(), shape)


@pytest.mark.parametrize("case", cases("reply"))
def test_a_whole_answer_is_what_the_sdk_reads(case: Case) -> None:
    told, [choice] = whole_by_the_sdk(to_json(case.reply)), case.expect.choices
    blocks = told["output"]["message"]["content"]
    assert "".join(block.get("text", "") for block in blocks) == choice.text
    assert _calls(blocks) == _told_calls(choice)
    assert told["stopReason"] == choice.native_finish
    assert case.expect.usage
    assert told["usage"]["outputTokens"] == case.expect.usage.output


@pytest.mark.parametrize("case", cases("stream"))
def test_a_stream_is_what_the_sdk_reads(case: Case) -> None:
    events, [choice] = list(events_by_the_sdk(case.streamed or b"")), case.expect.choices
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert "".join(delta.get("text", "") for delta in deltas) == choice.text
    arguments = "".join(delta["toolUse"]["input"] for delta in deltas if "toolUse" in delta)
    assert arguments == "".join(call.arguments for call in choice.tool_calls if call.arguments != "{}")
    assert [event["messageStop"]["stopReason"] for event in events if "messageStop" in event] == [choice.native_finish]


def _calls(blocks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    uses = [block["toolUse"] for block in blocks if "toolUse" in block]
    return [(use["toolUseId"], use["name"], to_json(use["input"]).decode()) for use in uses]


def _told_calls(choice: ToldChoice) -> list[tuple[str, str, str]]:
    return [(call.id, call.name, call.arguments) for call in choice.tool_calls]


def test_what_was_answered_can_be_sent_back() -> None:
    case = Case.model_validate_json((CASES / "stream_reasoning_tool.json").read_bytes())
    [choice] = case.expect.choices
    calls = tuple(ToolCall(call.id, call.name, call.arguments, call.extra) for call in choice.tool_calls)
    chat = Chat(
        (
            said("user", "Weather?"),
            Message("assistant", said("assistant", choice.text).parts, tool_calls=calls),
            said("tool", "20 degrees", tool_call_id="tooluse_1"),
        ),
        tools=(WEATHER,),
    )
    content = body_for(chat, "anthropic.claude-m-v1:0")["messages"][1]["content"]
    assert [next(iter(block)) for block in content] == ["reasoningContent", "reasoningContent", "text", "toolUse"]


def test_a_signature_that_is_refused_does_not_tell_the_token() -> None:
    body = Case.model_validate_json((CASES / "error_signature.json").read_bytes()).error
    assert body
    assert "IQoJb3JpZ2luX2VjEXAMPLE" in body.body
    error = bedrock_converse.error(body.status, body.headers, body.body.encode())
    assert "IQoJ" not in f"{error} {error.message} {error.vendor_message}"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff\xfe", b'{"message": 3}', b'{"message": null}'])
def test_any_body_of_a_failure_can_be_told(body: bytes) -> None:
    assert bedrock_converse.error(500, {}, body).vendor_status == 500


def test_text_and_calls_of_a_model_without_reasoning_are_plain() -> None:
    body = {
        "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
        "stopReason": "end_turn",
    }
    answer = collected(bedrock_converse.reply(body))
    assert (answer.choices[0].text, answer.choices[0].reasoning) == ("Hi", "")
    assert answer.done
    assert answer.done.usage is None
    assert body_for(hi(), LLAMA)
