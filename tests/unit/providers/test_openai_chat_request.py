"""Requests in OpenAI's format, for OpenAI and for vendors with quirks."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import a_model
from turnout.core.chat import Chat, Effort, Image, JsonSchema, Message, NamedTool, Role, Text, Tool, ToolCall
from turnout.core.events import collected
from turnout.core.models import Vendor
from turnout.providers.dialects import openai_chat
from turnout.providers.dialects.protocol import WireRequest

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}


def asked(chat: Chat, key: str = "", **quirks: str) -> WireRequest:
    vendor = Vendor("v", "openai_chat", "http://vendor.test/v1", key=key, quirks=quirks)
    return openai_chat.request(chat, replace(a_model(), vendor=vendor, upstream="upstream-1"))


def said(role: Role, text: str = "", **more: Any) -> Message:
    return Message(role, (Text(text),) if text else (), **more)


def chat(*messages: Message, **fields: Any) -> Chat:
    return Chat(messages or (said("user", "Hi"),), **fields)


def body(wish: Chat, **quirks: str) -> dict[str, Any]:
    return asked(wish, **quirks).body


def turns(*messages: Message, **quirks: str) -> list[dict[str, Any]]:
    return body(chat(*messages), **quirks)["messages"]


def test_what_the_client_did_not_say_is_not_sent() -> None:
    assert body(chat()) == {"model": "upstream-1", "messages": [{"role": "user", "content": "Hi"}]}


def test_the_key_travels_in_a_header_only_and_in_no_repr() -> None:
    wire = asked(chat(), key="the-key")
    assert wire.path == "/chat/completions"
    assert wire.headers == {"authorization": "Bearer the-key"}
    assert "the-key" not in repr(wire)


def test_a_vendor_without_a_key_gets_no_header() -> None:
    assert asked(chat()).headers == {}


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"temperature": 0.0, "top_p": 0.5}, {"temperature": 0.0, "top_p": 0.5}),
        ({"max_tokens": 7}, {"max_tokens": 7}),
        ({"seed": 0}, {"seed": 0}),
        ({"n": 2}, {"n": 2}),
        ({"stop": ("a", "b")}, {"stop": ["a", "b"]}),
        ({"frequency_penalty": 1.0, "presence_penalty": -1.0}, {"frequency_penalty": 1.0, "presence_penalty": -1.0}),
        ({"logit_bias": {"50256": -100}}, {"logit_bias": {"50256": -100}}),
        ({"logprobs": True, "top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"logprobs": False}, {"logprobs": False}),
        ({"user": "u1"}, {"user": "u1"}),
        ({"reasoning_effort": "xhigh"}, {"reasoning_effort": "xhigh"}),
        ({"reasoning_effort": "none"}, {"reasoning_effort": "none"}),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
        ({"tool_choice": NamedTool("f")}, {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
        ({"response_format": "json_object"}, {"response_format": {"type": "json_object"}}),
        (
            {"response_format": JsonSchema("city", SCHEMA)},
            {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}}},
        ),
        (
            {"response_format": JsonSchema("city", SCHEMA, "A city.", strict=True)},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "city", "schema": SCHEMA, "description": "A city.", "strict": True},
                }
            },
        ),
        (
            {"tools": (Tool("f", "Does f.", SCHEMA, strict=False),)},
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {"name": "f", "description": "Does f.", "parameters": SCHEMA, "strict": False},
                    }
                ]
            },
        ),
    ],
)
def test_each_wish_has_its_field(fields: dict[str, Any], sent: dict[str, Any]) -> None:
    assert body(chat(**fields)) == body(chat()) | sent


def test_a_tool_without_arguments_has_the_empty_schema() -> None:
    function = body(chat(tools=(Tool("now"),)))["tools"][0]["function"]
    assert function == {"name": "now", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_text_goes_as_a_string_under_its_role(role: Role) -> None:
    message = Message(role, (Text("Be "), Text("brief.")), name="ada")
    assert turns(message) == [{"role": role, "content": "Be brief.", "name": "ada"}]


def test_pictures_go_as_parts_by_url_or_by_data() -> None:
    parts = (
        Text("What?"),
        Image(url="https://x.test/a.png", detail="high"),
        Image(data="QUJD", media_type="image/png"),
    )
    assert turns(Message("user", parts))[0]["content"] == [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
    ]


def test_a_tool_call_and_its_result() -> None:
    call = ToolCall("call_1", "f", '{"x":1}', {"google": {"thought_signature": "s"}})
    assert turns(said("assistant", tool_calls=(call,)), said("tool", "42", tool_call_id="call_1")) == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}],
        },
        {"role": "tool", "content": "42", "tool_call_id": "call_1"},
    ]


def test_empty_turns_have_empty_content_and_a_refusal_is_what_was_said() -> None:
    contents = [turn["content"] for turn in turns(said("tool"), said("assistant"), said("assistant", refusal="No."))]
    assert contents == ["", "", "No."]


def test_the_start_of_an_answer_goes_last() -> None:
    wish = chat().continued("Once").continued(" upon")
    assert body(wish)["messages"][-1] == {"role": "assistant", "content": "Once upon"}
    flagged = body(wish, prefix="prefix_flag")["messages"][-1]
    assert flagged == {"role": "assistant", "content": "Once upon", "prefix": True}


@pytest.mark.parametrize(
    ("fields", "quirks", "sent"),
    [
        ({"max_tokens": 7}, {"max_tokens": "max_completion_tokens"}, {"max_completion_tokens": 7}),
        ({"seed": 3}, {"seed": "random_seed"}, {"random_seed": 3}),
        ({"stream": True}, {"stream_options": "omit"}, {"stream": True}),
        ({"user": "u1", "n": 2}, {"user": "omit"}, {"n": 2}),
    ],
)
def test_a_vendor_may_have_another_name_for_a_field_or_none(
    fields: dict[str, Any], quirks: dict[str, str], sent: dict[str, Any]
) -> None:
    assert body(chat(**fields), **quirks) == body(chat()) | sent


def test_a_developer_may_have_to_speak_as_the_system() -> None:
    assert [turn["role"] for turn in turns(said("developer", "x"), said("user", "y"), developer="system")] == [
        "system",
        "user",
    ]


@pytest.mark.parametrize(
    ("effort", "quirks", "sent"),
    [
        ("none", {"reasoning_none": "thinking_disabled"}, {"thinking": {"type": "disabled"}}),
        ("high", {"reasoning_none": "thinking_disabled"}, {"reasoning_effort": "high"}),
        ("none", {"efforts": "low medium high"}, {"reasoning_effort": "low"}),
        ("xhigh", {"efforts": "low medium high"}, {"reasoning_effort": "high"}),
        ("medium", {"efforts": "none high"}, {"reasoning_effort": "high"}),
        ("minimal", {"efforts": "none high"}, {"reasoning_effort": "none"}),
        ("low", {"efforts": "none high"}, {"reasoning_effort": "high"}),
    ],
)
def test_an_effort_is_said_in_the_nearest_word(effort: Effort, quirks: dict[str, str], sent: dict[str, Any]) -> None:
    assert body(chat(reasoning_effort=effort), **quirks) == body(chat()) | sent


@pytest.mark.parametrize(
    ("ours", "same"), [("D681PevKs", True), ("call_abc123", False), ("abc", False), ("D681PevK_", False)]
)
def test_ids_that_a_vendor_would_refuse_are_replaced_alike_in_call_and_result(ours: str, same: bool) -> None:
    history = (said("assistant", tool_calls=(ToolCall(ours, "f", "{}"),)), said("tool", "1", tool_call_id=ours))
    call, result = turns(*history, tool_id_length="9")
    sent = call["tool_calls"][0]["id"]
    assert sent == result["tool_call_id"]
    assert len(sent) == 9
    assert sent.isalnum()
    assert (sent == ours) is same


def test_only_the_vendors_own_extra_content_is_sent_again() -> None:
    call = ToolCall("a", "f", "{}", {"google": {"thought_signature": "s"}, "anthropic_messages": {"thinking": []}})
    message = said("assistant", tool_calls=(call,))
    assert "extra_content" not in turns(message)[0]["tool_calls"][0]
    sent = turns(message, extra_content="google")[0]["tool_calls"][0]
    assert sent["extra_content"] == {"google": {"thought_signature": "s"}}


def test_the_reasoning_before_tool_calls_makes_the_round_trip() -> None:
    reply = {"message": {"reasoning_content": "Hm.", "tool_calls": [{"id": "a", "function": {"name": "f"}}]}}
    choice = collected(openai_chat.reply({"choices": [reply]})).choices[0]
    message = said("assistant", tool_calls=tuple(choice.tool_calls))
    assert "reasoning_content" not in turns(message)[0]
    assert turns(message, reasoning_again="reasoning_content")[0]["reasoning_content"] == "Hm."
    assert "reasoning_content" not in turns(said("assistant", "x"), reasoning_again="reasoning_content")[0]


def test_the_chat_is_left_as_it_was() -> None:
    wish = chat(said("user", "Hi"), tools=(Tool("f", parameters=SCHEMA),))
    before = replace(wish)
    asked(wish, key="k")
    assert wish == before
