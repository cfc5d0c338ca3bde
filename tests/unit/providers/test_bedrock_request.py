"""A chat in Bedrock's words; every body is accepted by the service model of AWS's SDK."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from tests.unit.providers.bedrock_bodies import (
    CLAUDE,
    LLAMA,
    NOVA,
    NOVA_2,
    PNG,
    SCHEMA,
    WEATHER,
    body_for,
    hi,
    model,
    said,
)
from turnout.core.chat import Chat, Image, JsonSchema, Message, NamedTool, Text, Tool, ToolCall
from turnout.core.errors import Rejected
from turnout.providers.dialects import bedrock_converse

ASKED = said("user", "Weather?")
CALL = ToolCall("call_1", "weather", '{"city":"Bern"}')
CALLED = Message("assistant", (Text("Let me look."),), tool_calls=(CALL,))
RESULT = said("tool", "20 degrees", tool_call_id="call_1")
TOOL_USE = {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Bern"}}}
TOOL_RESULT = {"toolResult": {"toolUseId": "call_1", "content": [{"text": "20 degrees"}]}}


def turns(*messages: Message, **wishes: Any) -> list[dict[str, Any]]:
    return body_for(Chat(messages, tools=(WEATHER,), **wishes))["messages"]


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        (False, "/model/us.amazon.nova-pro-v1%3A0/converse"),
        (True, "/model/us.amazon.nova-pro-v1%3A0/converse-stream"),
    ],
)
def test_the_model_stands_in_the_path_and_no_key_in_the_headers(stream: bool, path: str) -> None:
    wire = bedrock_converse.request(hi(stream=stream), model())
    assert (wire.path, dict(wire.headers)) == (path, {})
    assert wire.body == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_instructions_are_hoisted_and_alone_they_are_the_users() -> None:
    body = body_for(Chat((said("system", "Be brief."), said("user", "Hi"), said("developer", "Be kind."))))
    assert body["system"] == [{"text": "Be brief."}, {"text": "Be kind."}]
    assert body["messages"] == [{"role": "user", "content": [{"text": "Hi"}]}]
    assert body_for(Chat((said("system", "Be brief."),))) == {
        "messages": [{"role": "user", "content": [{"text": "Be brief."}]}]
    }


def test_neighbours_of_one_role_are_one_turn_and_empty_texts_are_left_out() -> None:
    assert turns(said("user", "a", ""), said("user", " "), said("user", "b"), said("assistant", "c")) == [
        {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
        {"role": "assistant", "content": [{"text": "c"}]},
    ]


def test_a_call_and_its_result_go_there_and_back() -> None:
    assert turns(ASKED, CALLED, RESULT, said("user", "And?")) == [
        {"role": "user", "content": [{"text": "Weather?"}]},
        {"role": "assistant", "content": [{"text": "Let me look."}, TOOL_USE]},
        {"role": "user", "content": [TOOL_RESULT, {"text": "And?"}]},
    ]


PICTURE = {"image": {"format": "png", "source": {"bytes": PNG}}}


@pytest.mark.parametrize(
    ("result", "sent"),
    [
        (said("tool", "", tool_call_id="call_1"), []),
        (
            said("tool", "Look:", Image(data=PNG, media_type="image/png"), tool_call_id="call_1"),
            [{"text": "Look:"}, PICTURE],
        ),
    ],
)
def test_a_result_may_be_empty_or_a_picture(result: Message, sent: list[dict[str, Any]]) -> None:
    assert turns(ASKED, CALLED, result)[2]["content"] == [{"toolResult": {"toolUseId": "call_1", "content": sent}}]


@pytest.mark.parametrize(
    ("id_", "sent"),
    [("functions.weather:0", "functions.weather:0"), ("a b/c", "a_b_c"), ("x" * 60 + "12345", "x" * 59 + "12345")],
)
def test_ids_of_other_vendors_are_made_fit_and_still_match(id_: str, sent: str) -> None:
    called = Message("assistant", tool_calls=(ToolCall(id_, "weather", "{}"),))
    _, calls, results = turns(ASKED, called, said("tool", "ok", tool_call_id=id_))
    assert calls["content"][0]["toolUse"]["toolUseId"] == sent
    assert results["content"][0]["toolResult"]["toolUseId"] == sent


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", "NaN"])
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    with pytest.raises(Rejected, match="call_1"):
        turns(ASKED, Message("assistant", tool_calls=(ToolCall("call_1", "weather", arguments),)), RESULT)


def test_reasoning_stands_again_where_it_stood() -> None:
    signed = {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}
    hidden = {"redactedContent": "c2VjcmV0"}
    kept = [{"at": 0, "block": signed}, {"at": 4, "block": hidden}]
    call = ToolCall("call_1", "weather", "{}", {"bedrock_converse": {"reasoning": kept}})
    _, turn, _ = turns(ASKED, Message("assistant", (Text("Wait, let me look."),), tool_calls=(call,)), RESULT)
    assert turn["content"] == [
        {"reasoningContent": signed},
        {"text": "Wait"},
        {"reasoningContent": hidden},
        {"text": ", let me look."},
        {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {}}},
    ]


@pytest.mark.parametrize("own", ["{}", '{"reasoning": [{"at": -1, "block": {}}]}', "[]"])
def test_reasoning_that_was_altered_is_refused(own: str) -> None:
    call = ToolCall("call_1", "weather", "{}", {"bedrock_converse": from_json(own)})
    with pytest.raises(Rejected, match="extra_content"):
        turns(ASKED, Message("assistant", tool_calls=(call,)), RESULT)


def test_what_another_dialects_model_thought_is_left_out() -> None:
    call = ToolCall("call_1", "weather", '{"city":"Bern"}', {"gemini": {"thought_signature": "x"}})
    assert turns(ASKED, Message("assistant", tool_calls=(call,)), RESULT)[1]["content"] == [TOOL_USE]


@pytest.mark.parametrize(
    ("media_type", "format_"),
    [("image/png", "png"), ("image/jpeg", "jpeg"), ("image/jpg", "jpeg"), ("image/webp", "webp")],
)
def test_a_picture_is_sent_as_base64(media_type: str, format_: str) -> None:
    body = body_for(Chat((said("user", Image(data=PNG, media_type=media_type), "What is it?"),)))
    picture = PICTURE["image"] | {"format": format_}
    assert body["messages"][0]["content"] == [{"image": picture}, {"text": "What is it?"}]


@pytest.mark.parametrize("image", [Image(url="https://example.test/a.png"), Image(data=PNG, media_type="image/tiff")])
def test_a_picture_that_bedrock_cannot_take_is_refused(image: Image) -> None:
    with pytest.raises(Rejected, match="base64"):
        body_for(Chat((said("user", image),)))


def test_the_limits_are_named_as_bedrock_names_them_and_zero_is_said() -> None:
    assert body_for(hi(max_tokens=5, temperature=0.0, top_p=0.5, stop=("END", "\n")))["inferenceConfig"] == {
        "maxTokens": 5,
        "temperature": 0.0,
        "topP": 0.5,
        "stopSequences": ["END", "\n"],
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        ("auto", {"auto": {}}),
        ("required", {"any": {}}),
        (NamedTool("weather"), {"tool": {"name": "weather"}}),
    ],
)
def test_tools_and_their_choice(choice: Any, sent: dict[str, Any] | None) -> None:
    config = body_for(hi(tools=(WEATHER, Tool("now")), tool_choice=choice))["toolConfig"]
    nothing: dict[str, Any] = {"json": {"type": "object", "properties": {}}}
    assert [tool["toolSpec"] for tool in config["tools"]] == [
        {"name": "weather", "description": "Tells the weather.", "inputSchema": {"json": SCHEMA}},
        {"name": "now", "inputSchema": nothing},
    ]
    assert config.get("toolChoice") == sent


def test_without_leave_to_call_there_are_no_tools_and_no_choice_without_tools() -> None:
    assert "toolConfig" not in body_for(hi(tools=(WEATHER,), tool_choice="none"))
    assert "toolConfig" not in body_for(hi(tool_choice="auto"))


@pytest.mark.parametrize(("capabilities", "strict"), [((), None), (("json_schema",), True)])
def test_strict_is_for_models_that_can_be_held_to_a_schema(capabilities: tuple[Any, ...], strict: bool | None) -> None:
    body = body_for(hi(tools=(Tool("weather", parameters=SCHEMA, strict=True),)), CLAUDE, *capabilities)
    assert body["toolConfig"]["tools"][0]["toolSpec"].get("strict") == strict


def test_a_schema_is_sent_as_text() -> None:
    wanted = JsonSchema("weather", SCHEMA, "The weather.", strict=True)
    sent = body_for(hi(response_format=wanted), CLAUDE, "json_schema")["outputConfig"]["textFormat"]
    assert sent["type"] == "json_schema"
    definition = sent["structure"]["jsonSchema"]
    assert (definition["name"], definition["description"]) == ("weather", "The weather.")
    assert from_json(definition["schema"]) == SCHEMA


@pytest.mark.parametrize(
    ("upstream", "effort", "sent"),
    [
        (NOVA_2, "none", {"additionalModelRequestFields": {"reasoningConfig": {"type": "disabled"}}}),
        (
            NOVA_2,
            "medium",
            {"additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}},
        ),
        (CLAUDE, "xhigh", {"outputConfig": {"effort": "xhigh"}}),
        (CLAUDE, "minimal", {"outputConfig": {"effort": "low"}}),
        (CLAUDE, "none", {}),
        (LLAMA, "none", {}),
        (NOVA_2, None, {}),
    ],
)
def test_an_effort_is_told_as_the_family_wants_it(upstream: str, effort: Any, sent: dict[str, Any]) -> None:
    body = body_for(hi(reasoning_effort=effort), upstream)
    assert {name: value for name, value in body.items() if name != "messages"} == sent


@pytest.mark.parametrize(
    ("upstream", "chat", "remedy"),
    [
        (NOVA, hi(temperature=1.5), "temperature"),
        (NOVA_2, hi(reasoning_effort="high", max_tokens=100), "leave them out"),
        (NOVA_2, hi(reasoning_effort="xhigh", top_p=0.9), "leave them out"),
        (LLAMA, hi(tools=(WEATHER,), stream=True), "ask without stream"),
        (NOVA, Chat((ASKED, CALLED, RESULT)), "send tools"),
        (NOVA, Chat((ASKED, CALLED, RESULT), tools=(WEATHER,), tool_choice="none"), "with no tool_choice"),
    ],
)
def test_what_bedrock_would_refuse_is_refused_with_the_remedy(upstream: str, chat: Chat, remedy: str) -> None:
    with pytest.raises(Rejected, match=remedy):
        bedrock_converse.request(chat, model(upstream))


@pytest.mark.parametrize(
    ("upstream", "chat"),
    [
        (NOVA_2, hi(reasoning_effort="high", stop=("x",))),
        (NOVA_2, hi(reasoning_effort="medium", max_tokens=100)),
        (LLAMA, hi(tools=(WEATHER,))),
        (LLAMA, hi(tools=(WEATHER,), tool_choice="none", stream=True)),
        (LLAMA, hi(stream=True)),
    ],
)
def test_what_is_near_to_it_is_not(upstream: str, chat: Chat) -> None:
    assert body_for(chat, upstream)["messages"]


def test_the_start_of_an_answer_is_the_last_turn() -> None:
    assert turns(ASKED, prefix="It is ")[-1] == {"role": "assistant", "content": [{"text": "It is "}]}
    assert turns(ASKED, said("assistant", "Well."), prefix="It is ")[-1]["content"] == [
        {"text": "Well."},
        {"text": "It is "},
    ]


texts = st.text(max_size=5)
messages = st.one_of(
    st.builds(said, st.sampled_from(["system", "developer", "user", "assistant"]), texts, texts),
    st.builds(said, st.just("assistant"), texts, tool_calls=st.just((CALL,))),
    st.builds(said, st.just("tool"), texts, tool_call_id=st.just("call_1")),
)


@given(st.lists(messages, min_size=1, max_size=8), texts)
def test_any_conversation_is_said_in_turns_that_alternate(told: list[Message], prefix: str) -> None:
    sent = body_for(Chat((said("user", "Hi"), *told), tools=(WEATHER,), prefix=prefix))["messages"]
    roles = [turn["role"] for turn in sent]
    assert all(one != another for one, another in pairwise(roles))
    assert all(turn["content"] for turn in sent)
    assert not [block for turn in sent for block in turn["content"] if not block.get("text", "x").strip()]
