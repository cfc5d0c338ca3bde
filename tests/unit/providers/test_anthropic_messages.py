"""Requests to Anthropic: headers, turns, tools and parameters, each body checked against the SDK's own types."""

from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.providers.anthropic_bodies import (
    ADAPTIVE,
    BUDGETED,
    PNG,
    SCHEMA,
    WEATHER,
    as_read_by_the_sdk,
    body_for,
    hi,
    model,
    said,
)
from turnout.core.chat import Chat, Effort, Image, JsonSchema, Message, NamedTool, Tool, ToolCall
from turnout.core.errors import Rejected
from turnout.core.events import collected
from turnout.core.models import Model, Vendor
from turnout.providers.dialects import DIALECTS, anthropic_messages
from turnout.providers.dialects.anthropic_thinking import BUDGETS, SMALLEST_BUDGET

PARIS = ToolCall("toolu_1", "weather", '{"city": "Paris"}')
OSLO = ToolCall("toolu_2", "weather", '{"city": "Oslo"}')
THINKING = {"type": "thinking", "thinking": "Two cities.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "ZGF0YQ=="}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def use(call: ToolCall, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}


def result(call: ToolCall, *words: str) -> dict[str, Any]:
    content = {"content": [text(word) for word in words]} if words else {}
    return {"type": "tool_result", "tool_use_id": call.id, **content}


def turns(*messages: Message) -> list[dict[str, Any]]:
    return body_for(Chat(messages, tools=(WEATHER,)))["messages"]


def test_the_dialect_is_registered() -> None:
    assert DIALECTS["anthropic_messages"] is anthropic_messages


def test_the_path_and_the_version_are_anthropics_and_the_key_is_in_a_header_alone() -> None:
    request = anthropic_messages.request(hi(), model())
    assert request.path == "/messages"
    assert request.headers == {"x-api-key": "test-key", "anthropic-version": "2023-06-01"}
    assert "test-key" not in repr(request)


def test_without_a_key_no_key_is_sent() -> None:
    keyless = Model("m", Vendor("local", "anthropic_messages", "http://x"), "m", 1, 1, frozenset(), ())
    assert anthropic_messages.request(hi(), keyless).headers == {"anthropic-version": "2023-06-01"}


def test_a_body_says_no_more_than_it_must() -> None:
    assert body_for(hi(max_tokens=9)) == {"model": BUDGETED, "max_tokens": 9, "messages": [user(text("Hi"))]}


def test_the_sdks_types_do_judge() -> None:
    with pytest.raises(ValidationError):
        as_read_by_the_sdk({"model": "m", "max_tokens": 1, "messages": [{"role": "robot", "content": "Hi"}]})
    assert as_read_by_the_sdk({"model": "m", "max_tokens": 1, "messages": [], "n": 2}).keys().isdisjoint({"n"})


def test_system_and_developer_turns_are_hoisted() -> None:
    body = body_for(Chat((said("system", "Be brief."), said("user", "Hi"), said("developer", "In French."))))
    assert body["system"] == [text("Be brief."), text("In French.")]
    assert body["messages"] == [user(text("Hi"))]


def test_instructions_alone_are_said_by_the_user() -> None:
    body = body_for(Chat((said("system", "Tell a joke."),)))
    assert body["messages"] == [user(text("Tell a joke."))]
    assert "system" not in body


def test_neighbours_of_one_role_are_merged_and_blank_ones_left_out() -> None:
    told = [("user", "A"), ("assistant", " \n"), ("user", "B"), ("assistant", "C"), ("assistant", "D"), ("user", "E")]
    assert turns(*(said(role, words) for role, words in told)) == [
        user(text("A"), text("B")),
        assistant(text("C"), text("D")),
        user(text("E")),
    ]


def test_a_refusal_stays_what_the_assistant_said() -> None:
    refused = Message("assistant", refusal="I will not.")
    assert turns(said("user", "Hi"), refused, said("user", "Why?"))[1] == assistant(text("I will not."))


@pytest.mark.parametrize(
    ("image", "source"),
    [
        (Image(url="https://example.test/a.png"), {"type": "url", "url": "https://example.test/a.png"}),
        (Image(data=PNG, media_type="image/png"), {"type": "base64", "media_type": "image/png", "data": PNG}),
    ],
)
def test_images_go_by_url_or_as_base64(image: Image, source: dict[str, str]) -> None:
    assert turns(said("user", "See:", image)) == [user(text("See:"), {"type": "image", "source": source})]


def test_tool_calls_and_their_results_follow_each_other_in_two_turns() -> None:
    called = said("assistant", "Let me see.", tool_calls=(PARIS, OSLO))
    results = [said("tool", "18°C", tool_call_id="toolu_1"), said("tool", tool_call_id="toolu_2")]
    assert turns(said("user", "Hi"), called, *results, said("user", "Well?")) == [
        user(text("Hi")),
        assistant(text("Let me see."), use(PARIS, city="Paris"), use(OSLO, city="Oslo")),
        user(result(PARIS, "18°C"), result(OSLO), text("Well?")),
    ]


def test_tool_results_come_first_in_their_turn() -> None:
    called = said("assistant", tool_calls=(PARIS, OSLO))
    mixed = said("tool", "18", tool_call_id="toolu_1"), said("user", "Psst"), said("tool", "9", tool_call_id="toolu_2")
    assert turns(said("user", "Hi"), called, *mixed)[2] == user(result(PARIS, "18"), result(OSLO, "9"), text("Psst"))


def test_ids_of_other_vendors_are_made_fit_alike_in_call_and_result() -> None:
    call = ToolCall("functions.weather:0", "weather", "")
    answered = turns(
        said("user", "Hi"), Message("assistant", tool_calls=(call,)), said("tool", "9", tool_call_id=call.id)
    )
    assert answered[1]["content"][0]["id"] == answered[2]["content"][0]["tool_use_id"] == "functions_weather_0"
    assert answered[1]["content"][0]["input"] == {}


@pytest.mark.parametrize("arguments", ['{"city": "Par', "[1]", '"Paris"'])
def test_arguments_that_are_no_object_are_refused_by_the_calls_id(arguments: str) -> None:
    with pytest.raises(Rejected, match="toolu_9"):
        turns(said("user", "Hi"), Message("assistant", tool_calls=(ToolCall("toolu_9", "weather", arguments),)))


def test_thinking_goes_back_to_where_it_stood() -> None:
    kept = [{"at": 0, "block": THINKING}, {"at": 5, "block": REDACTED}]
    call = ToolCall("toolu_1", "weather", "{}", extra={"anthropic_messages": {"thinking": kept}})
    assert turns(said("user", "Hi"), said("assistant", "Well, then.", tool_calls=(call, OSLO)))[1] == assistant(
        THINKING, text("Well,"), REDACTED, text(" then."), use(call), use(OSLO, city="Oslo")
    )


def test_an_answer_with_thinking_and_tools_can_be_sent_back_as_it_came() -> None:
    content = [THINKING, text("Well,"), REDACTED, text(" then."), use(PARIS, city="Paris"), use(OSLO, city="Oslo")]
    answer = {"type": "message", "id": "msg_1", "content": content, "stop_reason": "tool_use"}
    choice = collected(anthropic_messages.reply(answer)).choices[0]
    sent = said("assistant", choice.text, tool_calls=tuple(choice.tool_calls))
    assert turns(said("user", "Hi"), sent)[1] == assistant(*content)


@pytest.mark.parametrize(
    "altered",
    [
        "thinking",
        {},
        {"thinking": [{"at": -1, "block": THINKING}]},
        {"thinking": [{"at": 0, "block": {"type": "thinking", "thinking": "unsigned"}}]},
        {"thinking": [{"at": 0, "block": {"type": "document"}}]},
    ],
)
def test_altered_thinking_is_refused(altered: object) -> None:
    call = ToolCall("toolu_9", "weather", "{}", extra={"anthropic_messages": altered})
    with pytest.raises(Rejected, match=r"extra_content.*toolu_9"):
        turns(said("user", "Hi"), Message("assistant", tool_calls=(call,)))


def test_what_other_dialects_keep_in_a_tool_call_is_not_sent() -> None:
    call = ToolCall("toolu_1", "weather", "{}", extra={"google": {"thought_signature": "c2ln"}})
    assert turns(said("user", "Hi"), Message("assistant", tool_calls=(call,)))[1] == assistant(use(call))


@pytest.mark.parametrize(
    ("tool", "wire"),
    [
        (WEATHER, {"name": "weather", "description": "Tells the weather.", "input_schema": SCHEMA}),
        (Tool("now"), {"name": "now", "input_schema": {"type": "object", "properties": {}}}),
        (Tool("now", parameters={}), {"name": "now", "input_schema": {"type": "object", "properties": {}}}),
        (Tool("now", strict=True, parameters=SCHEMA), {"name": "now", "input_schema": SCHEMA, "strict": True}),
    ],
)
def test_tools(tool: Tool, wire: dict[str, Any]) -> None:
    assert body_for(hi(tools=(tool,)))["tools"] == [wire]


SERIAL = {"disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    ("choice", "parallel", "wire"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", **SERIAL}),
        ("auto", None, {"type": "auto"}),
        ("auto", False, {"type": "auto", **SERIAL}),
        ("none", False, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("required", False, {"type": "any", **SERIAL}),
        (NamedTool("weather"), True, {"type": "tool", "name": "weather"}),
        (NamedTool("weather"), False, {"type": "tool", "name": "weather", **SERIAL}),
    ],
)
def test_tool_choices(choice: Any, parallel: bool | None, wire: dict[str, Any] | None) -> None:
    chat = hi(tools=(WEATHER,), tool_choice=choice, parallel_tool_calls=parallel)
    assert body_for(chat).get("tool_choice") == wire


def test_without_tools_there_is_no_choice() -> None:
    assert "tool_choice" not in body_for(hi(tool_choice="auto", parallel_tool_calls=False))


@pytest.mark.parametrize(
    ("wishes", "wire"),
    [
        ({"stop": ("END",)}, {"stop_sequences": ["END"]}),
        ({"user": "u-1"}, {"metadata": {"user_id": "u-1"}}),
        ({"stream": True}, {"stream": True}),
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({"top_p": 0.2}, {"top_p": 0.2}),
        ({"temperature": 0.5, "top_p": 1.0}, {"temperature": 0.5}),
        ({"temperature": 1.0, "top_p": 0.9}, {"top_p": 0.9}),
        ({"temperature": 1.0, "top_p": 1.0}, {}),
        (
            {"response_format": JsonSchema("city", SCHEMA)},
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        ),
        ({"response_format": "text"}, {}),
    ],
)
def test_parameters(wishes: dict[str, Any], wire: dict[str, Any]) -> None:
    plain = body_for(hi(max_tokens=5000))
    assert body_for(hi(max_tokens=5000, **wishes)) == plain | wire


@pytest.mark.parametrize(
    ("stream", "max_output", "limit"),
    [(True, 64_000, 64_000), (False, 64_000, 21_333), (False, 8192, 8192)],
)
def test_an_unsaid_limit_is_the_models_or_what_can_be_waited_for(stream: bool, max_output: int, limit: int) -> None:
    assert body_for(hi(stream=stream), max_output=max_output)["max_tokens"] == limit


@pytest.mark.parametrize(
    ("effort", "upstream", "thinking", "level"),
    [
        (None, BUDGETED, None, None),
        (None, ADAPTIVE, None, None),
        ("none", BUDGETED, {"type": "disabled"}, None),
        ("none", ADAPTIVE, {"type": "between_tools"}, None),
        ("none", "claude-haiku-5-5", {"type": "disabled"}, None),
        ("minimal", BUDGETED, {"type": "enabled", "budget_tokens": 1024}, None),
        ("high", BUDGETED, {"type": "enabled", "budget_tokens": 24_576}, None),
        ("minimal", ADAPTIVE, {"type": "adaptive"}, "low"),
        ("xhigh", ADAPTIVE, {"type": "adaptive"}, "xhigh"),
    ],
)
def test_effort(effort: Effort | None, upstream: str, thinking: dict[str, Any] | None, level: str | None) -> None:
    body = body_for(hi(reasoning_effort=effort, stream=True), upstream)
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == level


@pytest.mark.parametrize(
    ("upstream", "kind"),
    [
        ("claude-3-7-sonnet-20250219", "enabled"),
        ("claude-sonnet-4-20250514", "enabled"),
        ("claude-opus-4-1-20250805", "enabled"),
        ("claude-sonnet-4-5", "enabled"),
        ("claude-haiku-4-5@20251001", "enabled"),
        ("anthropic.claude-opus-4-5-20251101-v1:0", "enabled"),
        ("claude-sonnet-4-6", "adaptive"),
        ("claude-opus-4-8", "adaptive"),
        ("claude-haiku-5-5", "adaptive"),
        ("claude-sonnet-5", "adaptive"),
        ("claude-fable-5-2", "adaptive"),
    ],
)
def test_models_up_to_4_5_think_in_a_budget_and_later_ones_by_effort(upstream: str, kind: str) -> None:
    assert body_for(hi(reasoning_effort="low"), upstream)["thinking"]["type"] == kind


def test_effort_and_schema_share_the_output_config() -> None:
    wanted = body_for(hi(reasoning_effort="low", response_format=JsonSchema("city", SCHEMA)), ADAPTIVE)["output_config"]
    assert wanted == {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}}


@given(st.sampled_from(list(BUDGETS)), st.integers(SMALLEST_BUDGET + 1, 200_000))
def test_a_budget_fits_the_limit_and_leaves_room_for_words(effort: Effort, max_tokens: int) -> None:
    budget = body_for(hi(reasoning_effort=effort, max_tokens=max_tokens))["thinking"]["budget_tokens"]
    assert SMALLEST_BUDGET <= budget < max_tokens
    assert budget <= max(SMALLEST_BUDGET, max_tokens / 2)


def test_every_effort_is_known() -> None:
    for effort in get_args(Effort.__value__):
        assert body_for(hi(reasoning_effort=effort))["thinking"]
        assert body_for(hi(reasoning_effort=effort), ADAPTIVE)["thinking"]


FORCED = {"tools": (WEATHER,), "tool_choice": "required"}


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"temperature": 1.5}, "temperature of at most 1"),
        ({"temperature": 0.5, "top_p": 0.5}, "not both"),
        ({"temperature": 0.5, "reasoning_effort": "low"}, "no temperature while it reasons"),
        ({"top_p": 0.5, "reasoning_effort": "low"}, "top_p of at least"),
        ({"max_tokens": 1024, "reasoning_effort": "low"}, "max_tokens above 1024"),
        ({"reasoning_effort": "low", **FORCED}, "cannot be made to call a tool"),
        ({"reasoning_effort": "low", "prefix": "Once"}, "cannot continue an answer while"),
        ({"response_format": JsonSchema("city", SCHEMA), "prefix": "{"}, "follows a schema"),
        ({"stop": ("END", "\n")}, "white space alone"),
    ],
)
def test_what_claude_cannot_do_together_is_refused_with_the_remedy(wishes: dict[str, Any], told: str) -> None:
    with pytest.raises(Rejected, match=told):
        body_for(hi(**wishes))


@pytest.mark.parametrize(
    "wishes",
    [
        {"temperature": 0.5, "reasoning_effort": "none"},
        {"temperature": 1.0, "reasoning_effort": "low"},
        {"top_p": 0.95, "reasoning_effort": "low"},
        {"reasoning_effort": "none", **FORCED},
        {"reasoning_effort": "none", "prefix": "Once"},
    ],
)
def test_what_claude_can_do_together_is_not_refused(wishes: dict[str, Any]) -> None:
    assert body_for(hi(**wishes))


def test_a_prefix_is_the_open_end_of_the_assistants_turn_without_white_space() -> None:
    chat = Chat((said("user", "Tell."), said("assistant", "Well: ")), prefix="Once upon \n")
    assert body_for(chat)["messages"][1:] == [assistant(text("Well: "), text("Once upon"))]
    assert body_for(hi(prefix="Once upon \n"))["messages"] == [user(text("Hi")), assistant(text("Once upon"))]


def test_a_blank_prefix_is_none() -> None:
    assert body_for(hi(prefix=" \n"))["messages"] == [user(text("Hi"))]


def test_an_assistants_turn_at_the_end_does_not_end_in_white_space() -> None:
    assert turns(said("user", "Hi"), said("assistant", "Well, "))[-1] == assistant(text("Well,"))


ROLES = st.sampled_from(["system", "developer", "user", "assistant"])


@given(st.lists(st.tuples(ROLES, st.text(max_size=4)), min_size=1, max_size=8), st.text(max_size=4))
def test_turns_always_alternate_and_none_is_empty(told: list[tuple[str, str]], prefix: str) -> None:
    body = body_for(Chat(tuple(said(role, words) for role, words in told), prefix=prefix))
    roles = [turn["role"] for turn in body["messages"]]
    assert all(first != second for first, second in pairwise(roles))
    blocks = [block for turn in body["messages"] for block in turn["content"]]
    assert all(turn["content"] for turn in body["messages"])
    assert all(block["text"].strip() for block in blocks)
