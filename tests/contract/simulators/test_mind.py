"""What a simulated model says: laws of its tokens, schemas, cache and answers."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, create_model

from local.simulators.mind import tokens
from local.simulators.mind.answering import REASONING_TOKENS, answer, answers
from local.simulators.mind.cache import PromptCache, cacheable
from local.simulators.mind.schema import instance
from turnout.core.chat import Chat, JsonSchema, Message, Text, Tool, ToolCall

words = st.text(alphabet=st.characters(codec="utf-8"), max_size=200)


def chat(text: str, **fields: Any) -> Chat:
    return Chat(messages=(Message("user", (Text(text),)),), **fields)


@given(words)
def test_tokens_add_up_to_the_text(text: str) -> None:
    assert "".join(tokens.split(text)) == text
    assert tokens.count(text) <= len(text)


@given(words, st.integers(1, 20))
def test_no_answer_has_more_tokens_than_it_may(text: str, limit: int) -> None:
    said = answer(chat(text, max_tokens=limit))
    assert said.tokens + said.reasoning_tokens <= limit
    whole = f"You said: {text}"
    assert said.choice.text == whole or (whole.startswith(said.choice.text) and said.choice.finish == "length")


@given(words, st.text(min_size=1, max_size=3))
def test_no_answer_has_a_stop_sequence_in_it(text: str, stop: str) -> None:
    said = answer(chat(text, stop=(stop,)))
    assert stop not in said.choice.text
    assert said.stop in {"", stop}


@given(words, st.integers(0, 30))
def test_an_answer_goes_on_where_another_was_cut(text: str, at: int) -> None:
    whole = answer(chat(text)).choice.text
    assert whole[:at] + answer(chat(text, prefix=whole[:at])).choice.text == whole


@given(words, st.integers(1, 4))
def test_the_same_chat_gets_the_same_answers(text: str, n: int) -> None:
    once, again = answers(chat(text, n=n)), answers(chat(text, n=n))
    assert once == again
    assert len({said.choice.text for said in once}) == n


@pytest.mark.parametrize(("effort", "hidden"), REASONING_TOKENS.items())
def test_effort_costs_hidden_tokens(effort: Any, hidden: int) -> None:
    assert answer(chat("hi", reasoning_effort=effort)).reasoning_tokens == hidden


def test_an_answer_that_is_all_thinking_is_empty() -> None:
    said = answer(chat("hi", reasoning_effort="high", max_tokens=100))
    assert (said.choice.text, said.choice.finish, said.reasoning_tokens) == ("", "length", 100)


WEATHER, TIME = Tool("get_weather"), Tool("get_time")


@pytest.mark.parametrize(
    ("text", "fields", "called"),
    [
        ("hello", {}, []),
        ("call a tool", {}, ["get_weather"]),
        ("what does get_time say", {}, ["get_time"]),
        ("get_time, then get_weather", {}, ["get_weather", "get_time"]),
        ("get_time, then get_weather", {"parallel_tool_calls": False}, ["get_weather"]),
        ("get_timely", {}, []),
        ("call a tool", {"tool_choice": "none"}, []),
        ("hello", {"tool_choice": "required"}, ["get_weather"]),
        ("hello get_time", {"tool_choice": "required"}, ["get_time"]),
    ],
)
def test_tools_are_called_when_asked_for(text: str, fields: dict[str, Any], called: list[str]) -> None:
    said = answer(chat(text, tools=(WEATHER, TIME), **fields)).choice
    assert [call.name for call in said.tool_calls] == called
    assert said.finish == ("tool_calls" if called else "stop")


def test_after_the_results_the_model_speaks() -> None:
    turns = (
        Message("user", (Text("use get_weather and get_time"),)),
        Message("assistant", tool_calls=(ToolCall("1", "get_weather", "{}"), ToolCall("2", "get_time", "{}"))),
        Message("tool", (Text("mild"),), tool_call_id="1"),
        Message("tool", (Text("noon"),), tool_call_id="2"),
    )
    assert answer(Chat(turns, tools=(WEATHER, TIME))).choice.text == "The tool said: mild; noon"


simple = st.sampled_from([bool, int, float, str, None, list[int], dict[str, int], list[str] | None, int | str])


def whole(low: int, span: int) -> Any:
    return int, Field(ge=low, le=low + span)


def text(least: int, span: int) -> Any:
    return str, Field(min_length=least, max_length=least + span)


span = st.integers(0, 9)
bounded = st.builds(whole, st.integers(-50, 50), span) | st.builds(text, span, span)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[type[BaseModel]]:
    names = st.text(alphabet="abcdef", min_size=1, max_size=6)
    required: st.SearchStrategy[Any] = st.tuples(inner, st.just(...))
    fields = st.dictionaries(names, required | bounded, max_size=4)
    return fields.map(thing)


def thing(fields: dict[str, Any]) -> type[BaseModel]:
    return cast("Any", create_model)("Thing", **fields)


nested = st.recursive(simple, lambda inner: objects(inner) | objects(inner).map(lambda one: list[one]), max_leaves=8)


@given(nested)
def test_an_instance_is_what_its_schema_allows(kind: Any) -> None:
    adapter = TypeAdapter[Any](kind)
    adapter.validate_python(instance(adapter.json_schema()))


class Tree(BaseModel):
    label: str
    children: list["Tree"]
    parent: "Tree | None"


def test_a_schema_that_names_itself_comes_to_an_end() -> None:
    tree = Tree.model_validate(instance(Tree.model_json_schema()))
    assert tree.label == "label"
    assert tree.children[0].parent is not None


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": 5}, 5),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": ["null", "string"]}, "text"),
        ({"type": "STRING", "nullable": True}, "text"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "string", "minLength": 6}, "textxx"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "integer", "exclusiveMinimum": 4}, 5),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "integer", "minimum": 8, "multipleOf": 5}, 10),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"type": "array", "items": {"type": "boolean"}, "maxItems": 0}, []),
        ({"prefixItems": [{"type": "integer"}, {"type": "null"}]}, [1, None]),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"oneOf": [{"type": "boolean"}, {"type": "integer"}]}, True),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "integer"}}}, 1),
        (
            {"allOf": [{"properties": {"x": {"type": "integer"}}}, {"required": ["y"]}], "type": "object"},
            {"x": 1, "y": "y"},
        ),
        ({"type": "object", "properties": {"city": {"type": "string"}}}, {"city": "city"}),
        (True, "text"),
    ],
)
def test_each_keyword_is_obeyed(schema: Any, expected: object) -> None:
    assert instance(schema) == expected


def test_a_format_is_followed_and_the_limit_still_cuts() -> None:
    wanted = JsonSchema("answer", {"type": "object", "properties": {"n": {"type": "integer"}}})
    assert answer(chat("hi", response_format=wanted)).choice.text == '{"n":1}'
    assert answer(chat("hi", response_format="json_object")).choice.text == '{"answer":"You said: hi"}'
    assert answer(chat("hi", response_format=wanted, max_tokens=1)).choice.finish == "length"


def test_the_cache_knows_the_longest_start_that_it_has_seen() -> None:
    cache, start = PromptCache(), "one two three four " * 300
    assert cache.read("m", chat(start + "and five")) == 0
    known = cache.read("m", chat(start + "and six"))
    assert 1024 <= known <= cacheable(chat(start + "and six")) <= 1280
    assert cache.read("another", chat(start + "and six")) == 0
    assert cache.read("m", chat("something else " + start)) == 0
    assert cache.read("m", chat("short")) == cache.read("m", chat("short")) == 0
