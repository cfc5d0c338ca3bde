"""OpenAI's own SDK takes our simulator for OpenAI."""

from collections.abc import AsyncIterator
from typing import Literal

import openai
import pytest
from openai.types.chat import (
    ChatCompletionFunctionToolParam,
    ChatCompletionMessageFunctionToolCallParam,
    ChatCompletionMessageParam,
)
from pydantic import BaseModel

from local.simulators import Simulator
from tests.contract.simulators.conftest import TLS

MODEL = "gpt-5.2"
WEATHER: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "kelvin"]}},
            "required": ["city", "unit"],
        },
    },
}
TIME: ChatCompletionFunctionToolParam = {"type": "function", "function": {"name": "get_time"}}


class Step(BaseModel):
    explanation: str
    kind: Literal["sum", "product"]


class Solution(BaseModel):
    steps: list[Step]
    result: float
    certain: bool


@pytest.fixture
async def client(openai_chat: Simulator) -> AsyncIterator[openai.AsyncOpenAI]:
    http = openai.DefaultAsyncHttpxClient(verify=TLS)
    async with openai.AsyncOpenAI(
        base_url=openai_chat.base_url, api_key="sk-simulated", max_retries=0, http_client=http
    ) as client:
        yield client


def user(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


async def test_a_whole_answer_echoes_the_user_and_counts_tokens(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=user("good morning"), seed=7)
    assert answer.choices[0].message.content == "You said: good morning"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.system_fingerprint == "fp_simulated_7"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (5, 5)
    assert answer.usage.total_tokens == 10


async def test_a_stream_has_a_role_the_words_a_finish_and_the_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=MODEL, messages=user("good morning"), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == "You said: good morning"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 5
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_a_stream_counts_nothing_unless_asked(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model=MODEL, messages=user("hello"), stream=True)
    chunks = [chunk async for chunk in stream]
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


async def test_a_required_tool_is_called_with_arguments_of_its_schema(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=MODEL, messages=user("hello"), tools=[WEATHER], tool_choice="required"
    )
    calls = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content is None
    assert calls is not None
    assert calls[0].type == "function"
    assert calls[0].function.name == "get_weather"
    assert calls[0].function.arguments == '{"city":"city","unit":"celsius"}'


@pytest.mark.parametrize(("parallel", "names"), [(True, ["get_weather", "get_time"]), (False, ["get_weather"])])
async def test_all_named_tools_are_called_if_allowed(
    client: openai.AsyncOpenAI, parallel: bool, names: list[str]
) -> None:
    async with client.chat.completions.stream(
        model=MODEL,
        messages=user("use get_weather and get_time"),
        tools=[WEATHER, TIME],
        parallel_tool_calls=parallel,
    ) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls or []
    assert [call.function.name for call in calls] == names
    assert len({call.id for call in calls}) == len(names)


async def test_a_tools_result_is_quoted(client: openai.AsyncOpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = user("use get_weather")
    called = await client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    calls = called.choices[0].message.tool_calls or []
    again: ChatCompletionMessageFunctionToolCallParam = {
        "id": calls[0].id,
        "type": "function",
        "function": {"name": "get_weather", "arguments": "{}"},
    }
    messages.append({"role": "assistant", "tool_calls": [again]})
    messages.append({"role": "tool", "tool_call_id": calls[0].id, "content": "20 degrees"})
    answer = await client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content == "The tool said: 20 degrees"


async def test_a_schema_is_followed(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(model=MODEL, messages=user("2 + 2"), response_format=Solution)
    solution = answer.choices[0].message.parsed
    assert solution is not None
    assert solution.steps[0].kind == "sum"


async def test_an_image_is_seen(client: openai.AsyncOpenAI) -> None:
    url = "data:image/png;base64,iVBORw0KGgo="
    answer = await client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}],
            }
        ],
    )
    assert answer.choices[0].message.content == "You said: look (with 1 image)"
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3 + 256 + 1


async def test_several_answers_differ_and_all_count(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=user("hi"), n=2)
    assert [choice.message.content for choice in answer.choices] == ["You said: hi", "You said: hi (answer 2)"]
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 4 + 8


@pytest.mark.parametrize(
    ("limits", "text", "finish"),
    [
        ({"max_completion_tokens": 2}, "You said", "length"),
        ({"stop": ["three"]}, "You said: one two ", "stop"),
        ({"stop": ["three", "two"]}, "You said: one ", "stop"),
    ],
)
async def test_limits_are_kept(client: openai.AsyncOpenAI, limits: dict[str, object], text: str, finish: str) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=user("one two three"), extra_body=limits)
    assert answer.choices[0].message.content == text
    assert answer.choices[0].finish_reason == finish


async def test_reasoning_is_hidden_but_counted(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=user("think"), reasoning_effort="high")
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 128
    assert answer.usage.completion_tokens == 128 + 4


async def test_a_long_prompt_is_cached_the_second_time(client: openai.AsyncOpenAI) -> None:
    long = "all work and no play " * 400
    counts = list[int]()
    for tail in ("first", "second"):
        answer = await client.chat.completions.create(model=MODEL, messages=user(long + tail))
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        counts.append(answer.usage.prompt_tokens_details.cached_tokens or 0)
    assert counts[0] == 0
    assert 1024 <= counts[1] <= 2003
    assert counts[1] % 128 == 0


async def test_logprobs_are_those_of_the_words(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=user("hi"), logprobs=True, top_logprobs=2)
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert "".join(token.token for token in logprobs.content or ()) == "You said: hi"
    assert all(len(token.top_logprobs) == 2 for token in logprobs.content or ())


async def test_the_start_of_an_answer_is_continued(client: openai.AsyncOpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [*user("good morning"), {"role": "assistant", "content": "You said:"}]
    answer = await client.chat.completions.create(model=MODEL, messages=messages)
    assert answer.choices[0].message.content == " good morning"


async def test_the_models_are_listed() -> None:
    async with (
        Simulator("openai_chat", models=("one", "two")) as simulator,
        openai.AsyncOpenAI(base_url=simulator.base_url, api_key="sk-simulated", max_retries=0) as client,
    ):
        assert [model.id async for model in client.models.list()] == ["one", "two"]
        with pytest.raises(openai.NotFoundError, match="three"):
            await client.chat.completions.create(model="three", messages=user("hi"))


ERRORS: dict[str, tuple[type[openai.APIStatusError], int, str | None]] = {
    "context_length": (openai.BadRequestError, 400, "context_length_exceeded"),
    "bad_parameter": (openai.BadRequestError, 400, "decimal_above_max_value"),
    "unauthorized": (openai.AuthenticationError, 401, "invalid_api_key"),
    "forbidden": (openai.PermissionDeniedError, 403, "unsupported_country_region_territory"),
    "model_missing": (openai.NotFoundError, 404, "model_not_found"),
    "request_timeout": (openai.APIStatusError, 408, "request_timeout"),
    "conflict": (openai.ConflictError, 409, "conflict"),
    "too_large": (openai.APIStatusError, 413, "request_too_large"),
    "unprocessable": (openai.UnprocessableEntityError, 422, None),
    "rate_limited_seconds": (openai.RateLimitError, 429, "rate_limit_exceeded"),
    "rate_limited_date": (openai.RateLimitError, 429, "rate_limit_exceeded"),
    "quota_exhausted": (openai.RateLimitError, 429, "insufficient_quota"),
    "server_error": (openai.InternalServerError, 500, None),
    "bad_gateway_html": (openai.InternalServerError, 502, None),
    "unavailable": (openai.InternalServerError, 503, None),
    "gateway_timeout": (openai.InternalServerError, 504, None),
    "overloaded": (openai.InternalServerError, 529, "overloaded"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ERRORS)
async def test_each_failing_status_is_the_right_exception(
    openai_chat: Simulator, client: openai.AsyncOpenAI, name: str, stream: bool
) -> None:
    kind, status, code = ERRORS[name]
    openai_chat.fault(name)
    with pytest.raises(kind) as raised:
        await client.chat.completions.create(model=MODEL, messages=user("hi"), stream=stream)
    assert (raised.value.status_code, raised.value.code) == (status, code)


@pytest.mark.parametrize("name", ["refused", "reset", "truncated_json_closed"])
async def test_a_failing_connection_is_a_connection_error(
    openai_chat: Simulator, client: openai.AsyncOpenAI, name: str
) -> None:
    openai_chat.fault(name)
    with pytest.raises(openai.APIConnectionError):
        await client.chat.completions.create(model=MODEL, messages=user("hi"))


@pytest.mark.parametrize(
    "name", ["error_before_first_token", "error_after_first_token", "lifecycle_then_error", "cut_after_first_token"]
)
async def test_an_error_within_a_stream_is_raised(
    openai_chat: Simulator, client: openai.AsyncOpenAI, name: str
) -> None:
    openai_chat.fault(name)
    stream = await client.chat.completions.create(model=MODEL, messages=user("hi"), stream=True)
    with pytest.raises(openai.APIError):
        _ = [chunk async for chunk in stream]


async def test_filter_and_refusal_come_in_openais_own_way(openai_chat: Simulator, client: openai.AsyncOpenAI) -> None:
    openai_chat.fault("content_filter", times=1)
    filtered = await client.chat.completions.create(model=MODEL, messages=user("good morning"))
    assert filtered.choices[0].finish_reason == "content_filter"
    openai_chat.fault("refusal", times=1)
    async with client.chat.completions.stream(model=MODEL, messages=user("good morning")) as stream:
        refused = await stream.get_final_completion()
    assert (refused.choices[0].message.refusal or "").startswith("I'm sorry")
    assert not refused.choices[0].message.content
