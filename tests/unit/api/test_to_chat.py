"""A valid body becomes the core's words, and loses nothing on the way."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from tests.unit.api.world import BODY
from turnout.api.body import parse
from turnout.api.openai import to_chat
from turnout.api.schema import IGNORED, ChatRequest
from turnout.core.chat import Image, JsonSchema, Message, NamedTool, Options, Request, Text, Tool, ToolCall

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}


def read(**changes: Any) -> Request:
    return to_chat(parse(to_json(BODY | changes)))


def test_every_kind_of_turn_keeps_what_it_says() -> None:
    request = read(
        messages=[
            {"role": "developer", "content": "Be brief.", "name": "boss"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Which?"},
                    {"type": "image_url", "image_url": {"url": "https://a.test/a.png", "detail": "low"}},
                    {"type": "image_url", "image_url": {"url": "data:image/PNG;base64,QUJD"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "hm",
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "f", "arguments": '{"a":1}'},
                        "extra_content": {"google": {"thought_signature": "x"}},
                        "index": 0,
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "42"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "So"}, {"type": "refusal", "refusal": "no"}]},
        ]
    )
    assert request.chat.messages == (
        Message("developer", (Text("Be brief."),), "boss"),
        Message(
            "user",
            (
                Text("Which?"),
                Image(url="https://a.test/a.png", detail="low"),
                Image(data="QUJD", media_type="image/png"),
            ),
        ),
        Message("assistant", tool_calls=(ToolCall("c1", "f", '{"a":1}', {"google": {"thought_signature": "x"}}),)),
        Message("tool", (Text("42"),), tool_call_id="c1"),
        Message("assistant", (Text("So"),), refusal="no"),
    )


def test_every_parameter_arrives() -> None:
    request = read(
        stream=True,
        stream_options={"include_usage": True},
        tools=[
            {"type": "function", "function": {"name": "f", "description": "d", "parameters": WEATHER, "strict": True}}
        ],
        tool_choice={"type": "function", "function": {"name": "f"}},
        parallel_tool_calls=False,
        response_format={"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER, "strict": True}},
        stop="END",
        temperature=1,
        top_p=0.5,
        max_completion_tokens=50,
        max_tokens=50,
        seed=-1,
        n=2,
        reasoning_effort="low",
        frequency_penalty=-2,
        presence_penalty=2,
        logit_bias={"50256": -100},
        logprobs=True,
        top_logprobs=5,
        user="u1",
    )
    chat = request.chat
    assert chat.stream is True
    assert chat.tools == (Tool("f", "d", WEATHER, True),)
    assert (chat.tool_choice, chat.parallel_tool_calls) == (NamedTool("f"), False)
    assert chat.response_format == JsonSchema("w", WEATHER, "", True)
    assert (chat.stop, chat.temperature, chat.top_p) == (("END",), 1, 0.5)
    assert (chat.max_tokens, chat.seed, chat.n) == (50, -1, 2)
    assert chat.reasoning_effort == "low"
    assert (chat.frequency_penalty, chat.presence_penalty) == (-2, 2)
    assert (chat.logit_bias, chat.logprobs, chat.top_logprobs) == ({"50256": -100}, True, 5)
    assert chat.user == "u1"


def test_the_turnout_object_becomes_options() -> None:
    wishes: dict[str, Any] = {
        "goal": "latency",
        "mode": "failover",
        "models": ["alpha", "beta"],
        "fallbacks": ["lonely"],
        "task": "code",
        "max_cost_usd": 0.5,
        "max_latency_ms": 900,
        "tags": {"team": "red"},
        "session": "s1",
    }
    options = Options(
        goal="latency",
        models=("alpha", "beta"),
        fallbacks=("lonely",),
        task="code",
        max_cost_usd=0.5,
        max_latency_ms=900,
        tags={"team": "red"},
        session="s1",
    )
    assert read(turnout=wishes).options == options
    assert read().options == Options()


def test_null_is_the_same_as_leaving_a_field_out() -> None:
    optional = {name for name, field in ChatRequest.model_fields.items() if not field.is_required()}
    assert read(**dict.fromkeys(optional)) == read()


IGNORED_VALUES: dict[str, Any] = {
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "implicit"},
    "prompt_cache_retention": "24h",
    "safety_identifier": "s",
    "service_tier": "auto",
    "store": True,
}


def test_what_has_no_effect_is_what_the_table_says() -> None:
    assert {name for name in IGNORED if "[" not in name} == IGNORED_VALUES.keys()
    assert read(**IGNORED_VALUES) == read()


def test_every_other_field_has_an_effect() -> None:
    effects: dict[str, Any] = {
        "model": "beta",
        "messages": [{"role": "user", "content": "Bye"}],
        "stream": True,
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "response_format": {"type": "json_object"},
        "turnout": {"session": "s"},
        "stop": ["a"],
        "logit_bias": {"1": 1},
        "logprobs": True,
        "reasoning_effort": "high",
        "user": "u",
    }
    numbers = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "frequency_penalty")
    effects |= dict.fromkeys((*numbers, "presence_penalty"), 1) | {"n": 2}
    dependent = {"stream_options", "tool_choice", "parallel_tool_calls", "top_logprobs"}
    assert effects.keys() | dependent | IGNORED_VALUES.keys() == ChatRequest.model_fields.keys()
    for name, value in effects.items():
        assert read(**{name: value}) != read(), name


def text_part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def image_part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def turn(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def alone(turn: dict[str, Any]) -> list[dict[str, Any]]:
    return [turn]


words = st.text(max_size=20)
names = st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True)
free = st.dictionaries(words, st.none() | st.booleans() | st.integers(-9, 9) | words, max_size=3)
urls = st.sampled_from(["data:image/png;base64,QUJD", "data:image/webp;base64,QQ=="]) | names.map(
    "https://a.test/{}".format
)
parts = st.builds(text_part, words) | st.builds(image_part, urls)
users = st.builds(turn, st.just("user"), words | st.lists(parts, min_size=1, max_size=3))
systems = st.builds(turn, st.sampled_from(["system", "developer"]), words)


@st.composite
def exchanges(draw: st.DrawFn) -> list[dict[str, Any]]:
    """An assistant's turn with calls, and the results of them in any order."""
    ids = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    calls: list[dict[str, Any]] = [
        {"id": name, "type": "function", "function": {"name": draw(names), "arguments": draw(words)}} for name in ids
    ]
    for call in calls:
        if draw(st.booleans()):
            call["extra_content"] = draw(free.filter(bool))
    results = [turn("tool", draw(words)) | {"tool_call_id": name} for name in draw(st.permutations(ids))]
    return [turn("assistant", draw(st.none() | words)) | {"tool_calls": calls}, *results]


turns = st.lists(users.map(alone) | systems.map(alone) | exchanges(), min_size=1, max_size=5)


def written(message: Message) -> dict[str, Any]:
    """A message as OpenAI's clients send it: the way back."""
    told = turn(message.role, [part_written(part) for part in message.parts] or None)
    if message.tool_calls:
        told["tool_calls"] = [call_written(call) for call in message.tool_calls]
    return told | ({"tool_call_id": message.tool_call_id} if message.tool_call_id else {})


def call_written(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, "extra_content": call.extra}


def part_written(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return text_part(part.text)
    url = part.url or f"data:{part.media_type};base64,{part.data}"
    return {"type": "image_url", "image_url": {"url": url, "detail": part.detail}}


@given(turns)
def test_messages_survive_the_way_in_and_back(conversation: list[list[dict[str, Any]]]) -> None:
    sent = [turn for group in conversation for turn in group]
    messages = read(messages=sent).chat.messages
    assert [message.role for message in messages] == [turn["role"] for turn in sent]
    assert [message.text for message in messages] == [text_of(turn["content"]) for turn in sent]
    assert read(messages=[written(message) for message in messages]).chat.messages == messages


def text_of(content: str | list[dict[str, str]] | None) -> str:
    return "".join(part.get("text", "") for part in content) if isinstance(content, list) else content or ""
