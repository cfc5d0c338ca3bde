"""The free signals: what is seen of an answer, and when each may be raised at all."""

from typing import Any

import pytest

from turnout.core.chat import Chat, JsonSchema, Tool, ToolCall
from turnout.core.events import Answer, Choice, FinishReason
from turnout.policy.json_schema import follows
from turnout.policy.signals import signals

POINT: dict[str, Any] = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "number"}},
    "required": ["x", "y"],
    "additionalProperties": False,
}
PLAIN, JSON, SHAPED = (
    Chat(()),
    Chat((), response_format="json_object"),
    Chat((), response_format=JsonSchema("p", POINT)),
)
TOOLED = Chat((), tools=(Tool("move", parameters=POINT), Tool("stop")))
FINE = {"cut": False, "refused": False}


def answer(text: str = "", finish: FinishReason = "stop", refusal: str = "", *calls: ToolCall) -> Answer:
    return Answer({0: Choice(text=text, finish=finish, refusal=refusal, tool_calls=list(calls))})


def called(name: str, arguments: str) -> Answer:
    return answer("", "tool_calls", "", ToolCall("1", name, arguments))


@pytest.mark.parametrize(
    ("chat", "said", "found"),
    [
        (PLAIN, answer("hello"), FINE),
        (PLAIN, answer("hel", "length"), {"cut": True, "refused": False}),
        (PLAIN, answer("", "stop", "I will not"), {"cut": False, "refused": True}),
        (PLAIN, answer("", "content_filter"), {"cut": False, "refused": True}),
        (JSON, answer('{"a": 1}'), {**FINE, "bad_json": False}),
        (JSON, answer("[1]"), {**FINE, "bad_json": True}),
        (JSON, answer("Here you are: {}"), {**FINE, "bad_json": True}),
        (JSON, answer('{"a": NaN}'), {**FINE, "bad_json": True}),
        (JSON, answer('{"a":', "length"), {"cut": True, "refused": False}),
        (JSON, answer("", "stop", "no"), {"cut": False, "refused": True}),
        (SHAPED, answer('{"x": 1, "y": 2.5}'), {**FINE, "bad_json": False}),
        (SHAPED, answer('{"x": 1}'), {**FINE, "bad_json": True}),
        (TOOLED, called("move", '{"x": 1, "y": 2}'), {**FINE, "bad_tools": False}),
        (TOOLED, called("stop", ""), {**FINE, "bad_tools": False}),
        (TOOLED, called("stop", '{"now": true}'), {**FINE, "bad_tools": False}),
        (TOOLED, called("move", '{"x": "1", "y": 2}'), {**FINE, "bad_tools": True}),
        (TOOLED, called("move", '{"x": 1, '), {**FINE, "bad_tools": True}),
        (TOOLED, called("move", "[]"), {**FINE, "bad_tools": True}),
        (TOOLED, called("fly", "{}"), {**FINE, "bad_tools": True}),
        (TOOLED, answer("no tool needed"), FINE),
    ],
)
def test_a_signal_is_raised_where_something_is_wrong(chat: Chat, said: Answer, found: dict[str, bool]) -> None:
    assert signals(chat, said) == found


def test_one_bad_choice_of_several_is_enough() -> None:
    several = Answer({0: Choice(text="{}", finish="stop"), 1: Choice(text="{", finish="stop")})
    assert signals(JSON, several)["bad_json"]


TREE: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {"type": "object", "required": ["kids"], "properties": {"kids": {"items": {"$ref": "#/$defs/node"}}}}
    },
}


SCHEMAS: list[tuple[Any, list[Any], list[Any]]] = [
    ({"type": "string"}, ["", "a"], [1, None, {}]),
    ({"type": "integer"}, [1, 1.0], [1.5, True, "1"]),
    ({"type": "number"}, [1, 1.5], [True, "1"]),
    ({"type": "boolean"}, [True], [1]),
    ({"type": ["string", "null"]}, ["a", None], [1]),
    ({"type": "array", "items": {"type": "string"}}, [[], ["a"]], [["a", 1], "a"]),
    ({"enum": ["a", 2]}, ["a", 2], ["b"]),
    ({"const": "a"}, ["a"], ["b"]),
    (POINT, [{"x": 1, "y": 2}], [{"x": 1}, {"x": 1, "y": 2, "z": 3}, {"x": "1", "y": 2}]),
    ({"additionalProperties": {"type": "integer"}}, [{"a": 1}, "text"], [{"a": "1"}]),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ["a", None], [1]),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, [1.5], [1, "a"]),
    ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, [3], [2, 3.5]),
    (TREE, [{"kids": []}, {"kids": [{"kids": []}]}], [{}, {"kids": [{}]}]),
    ({"minLength": 2, "maxLength": 3}, ["ab", "abc", 1], ["a", "abcd"]),
    ({"minItems": 1, "maxItems": 2}, [[1], [1, 2]], [[], [1, 2, 3]]),
    ({"exclusiveMinimum": 0, "exclusiveMaximum": 2}, [1, "a"], [0, 2]),
    ({"maximum": 2}, [2], [3]),
    (False, [], [1]),
    (True, [1], []),
    ({"properties": {"a": False}}, [{}], [{"a": 1}]),
]


@pytest.mark.parametrize(("schema", "good", "bad"), SCHEMAS, ids=str)
def test_a_value_follows_a_schema_or_not(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not follows(schema, value)] == []
    assert [value for value in bad if follows(schema, value)] == []


PASSED_OVER: list[Any] = [
    {"pattern": "^b"},
    {"type": "tuple"},
    {"$ref": "https://example.com/schema"},
    {"$ref": "#/$defs/missing"},
    {"$ref": "#"},
    {"properties": {"a": {}}, "patternProperties": {"^b": {}}, "additionalProperties": False},
    {"prefixItems": [{}], "items": False},
    {"minLength": "a", "minItems": "a", "required": 5},
    {"properties": [], "anyOf": 3, "items": {"type": {}}},
    {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
]


@pytest.mark.parametrize("schema", PASSED_OVER, ids=str)
@pytest.mark.parametrize("value", [{"b": 1}, ["a"]], ids=str)
def test_what_is_not_known_makes_no_sense_or_has_no_end_is_passed_over(schema: Any, value: Any) -> None:
    assert follows(schema, value)
