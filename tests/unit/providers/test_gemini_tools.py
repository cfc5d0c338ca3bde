"""Tools in Gemini requests: declarations, choices, calls, results and the signatures of thoughts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.providers.gemini_bodies import PNG, SCHEMA, WEATHER, asked, body_for, said
from turnout.core.chat import Chat, Image, NamedTool, Tool, ToolCall
from turnout.core.events import collected
from turnout.providers.dialects import gemini
from turnout.providers.dialects.gemini_request import NO_SIGNATURE


def called(*calls: ToolCall, upstream: str = "gemini-3-flash-preview") -> list[dict[str, Any]]:
    """The parts of the model's turn in a history with these calls."""
    results = [said("tool", "ok", tool_call_id=call.id) for call in calls]
    chat = Chat((said("user", "Hi"), said("assistant", tool_calls=calls), *results), tools=(WEATHER,))
    return body_for(chat, upstream)["contents"][1]["parts"]


def result_for(text: str) -> dict[str, Any]:
    """The functionResponse for a tool that answered `text`."""
    call = ToolCall("c1", "weather", "{}")
    chat = Chat((said("user", "Hi"), said("assistant", tool_calls=(call,)), said("tool", text, tool_call_id="c1")))
    return body_for(chat)["contents"][2]["parts"][0]["functionResponse"]


def test_tools_are_declared_with_their_json_schema() -> None:
    assert asked(tools=(WEATHER, Tool("now")))["tools"] == [
        {
            "functionDeclarations": [
                {"name": "weather", "description": "Tells the weather.", "parametersJsonSchema": SCHEMA},
                {"name": "now"},
            ]
        }
    ]


@pytest.mark.parametrize(
    ("choice", "strict", "config"),
    [
        (None, None, None),
        ("auto", None, {"mode": "AUTO"}),
        ("none", None, {"mode": "NONE"}),
        ("required", None, {"mode": "ANY"}),
        (NamedTool("weather"), None, {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        (None, True, {"mode": "VALIDATED"}),
        ("auto", True, {"mode": "VALIDATED"}),
        ("none", True, {"mode": "NONE"}),
        ("required", True, {"mode": "ANY"}),
    ],
)
def test_the_tool_choice_is_a_mode(choice: Any, strict: bool | None, config: dict[str, Any] | None) -> None:
    body = asked(tools=(Tool("weather", parameters=SCHEMA, strict=strict),), tool_choice=choice)
    assert body.get("toolConfig") == (config and {"functionCallingConfig": config})


def test_a_tool_choice_without_tools_is_not_sent() -> None:
    assert "toolConfig" not in asked(tool_choice="none")


def test_results_go_back_together_by_id_and_name() -> None:
    calls = ToolCall("a", "weather", '{"city": "Paris"}'), ToolCall("b", "now", "")
    chat = Chat(
        (
            said("user", "Hi"),
            said("assistant", "Looking.", tool_calls=calls),
            said("tool", '{"time": "noon"}', tool_call_id="b"),
            said("tool", "18 degrees", tool_call_id="a"),
            said("user", "And?"),
        ),
        tools=(WEATHER,),
    )
    _, called, results = body_for(chat, "gemini-2.5-flash")["contents"]
    assert called["parts"] == [
        {"text": "Looking."},
        {"functionCall": {"id": "a", "name": "weather", "args": {"city": "Paris"}}},
        {"functionCall": {"id": "b", "name": "now", "args": {}}},
    ]
    assert results == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "b", "name": "now", "response": {"time": "noon"}}},
            {"functionResponse": {"id": "a", "name": "weather", "response": {"result": "18 degrees"}}},
            {"text": "And?"},
        ],
    }


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ("[1, 2]", {"result": "[1, 2]"}),
        ("", {"result": ""}),
        ("{not json", {"result": "{not json"}),
        ('{"a": NaN}', {"result": '{"a": NaN}'}),
        ("null", {"result": "null"}),
    ],
)
def test_a_result_is_always_an_object(text: str, response: dict[str, Any]) -> None:
    assert result_for(text)["response"] == response


@given(st.text())
def test_any_text_can_be_a_result(text: str) -> None:
    assert isinstance(result_for(text)["response"], dict)


def test_a_picture_in_a_result_follows_it() -> None:
    call = ToolCall("c1", "photo", "{}")
    result = said("tool", "taken", Image(data=PNG, media_type="image/png"), tool_call_id="c1")
    parts = body_for(Chat((said("user", "Hi"), said("assistant", tool_calls=(call,)), result)))["contents"][2]["parts"]
    assert [*map(list, parts)] == [["functionResponse"], ["inlineData"]]


def test_arguments_that_are_no_object_are_still_shown_to_the_model() -> None:
    assert called(ToolCall("a", "weather", '{"city": "Par'))[0]["functionCall"]["args"] == {
        "arguments": '{"city": "Par'
    }


@pytest.mark.parametrize(
    ("extra", "upstream", "signature"),
    [
        ({"gemini": {"thought_signature": "U2ln"}}, "gemini-3-flash-preview", "U2ln"),
        ({"google": {"thought_signature": "U2ln"}}, "gemini-3-flash-preview", "U2ln"),
        ({"gemini": {"thought_signature": "U2ln"}}, "gemini-2.5-pro", "U2ln"),
        (None, "gemini-2.5-pro", None),
        (None, "gemini-2.0-flash", None),
        (None, "gemini-3-pro-preview", NO_SIGNATURE),
        (None, "gemini-flash-latest", NO_SIGNATURE),
        ({"anthropic": {"signature": "x"}}, "gemini-3.8-flash", NO_SIGNATURE),
        ({"gemini": "nonsense"}, "gemini-3.8-flash", NO_SIGNATURE),
        ({"gemini": {"thought_signature": 7}}, "gemini-3.8-flash", NO_SIGNATURE),
    ],
)
def test_a_call_goes_back_with_its_signature(extra: Any, upstream: str, signature: str | None) -> None:
    (part,) = called(ToolCall("a", "weather", "{}", extra), upstream=upstream)
    assert part.get("thoughtSignature") == signature


def test_of_parallel_calls_only_the_first_needs_a_signature() -> None:
    parts = called(ToolCall("a", "weather", "{}"), ToolCall("b", "weather", "{}"))
    assert [part.get("thoughtSignature") for part in parts] == [NO_SIGNATURE, None]


def test_a_signature_survives_the_way_to_the_client_and_back() -> None:
    part: dict[str, Any] = {"functionCall": {"name": "weather", "args": {}, "id": "a"}, "thoughtSignature": "EtcCCtQC"}
    answer = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}
    (call,) = collected(gemini.reply(answer)).choices[0].tool_calls
    assert called(call) == [part]
