"""Google's own SDK takes our simulator for Gemini."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

from local.simulators import Simulator
from tests.contract.simulators.conftest import TLS

MODEL = "gemini-3-flash-preview"
WEATHER = types.FunctionDeclaration(
    name="get_weather",
    parameters=types.Schema(
        type=types.Type.OBJECT,
        properties={"city": types.Schema(type=types.Type.STRING), "days": types.Schema(type=types.Type.INTEGER)},
        required=["city"],
    ),
)
TIME = types.FunctionDeclaration(name="get_time", parameters_json_schema={"type": "object"})


class Colour(BaseModel):
    name: str
    shades: list[int]


@pytest.fixture
async def models(gemini: Simulator) -> AsyncIterator[genai.models.AsyncModels]:
    tls = {"verify": TLS}
    options = types.HttpOptions(
        base_url=gemini.url, api_version="v1beta", client_args=tls, async_client_args={"ssl": TLS}
    )
    client = genai.Client(api_key="simulated-key", http_options=options)
    yield client.aio.models
    await client.aio.aclose()
    client.close()


def config(**fields: Any) -> types.GenerateContentConfig:
    """The SDK must not call our tools by itself."""
    off = types.AutomaticFunctionCallingConfig(disable=True)
    return types.GenerateContentConfig(automatic_function_calling=off, **fields)


def forced(*names: str) -> types.ToolConfig:
    calling = types.FunctionCallingConfig(
        mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=list(names) or None
    )
    return types.ToolConfig(function_calling_config=calling)


def finish_of(response: types.GenerateContentResponse) -> types.FinishReason | None:
    return response.candidates[0].finish_reason if response.candidates else None


def usage_of(response: types.GenerateContentResponse) -> types.GenerateContentResponseUsageMetadata:
    assert response.usage_metadata is not None
    return response.usage_metadata


async def test_a_whole_answer_echoes_the_user_and_counts_tokens(models: genai.models.AsyncModels) -> None:
    answer = await models.generate_content(
        model=MODEL, contents="good day", config=config(system_instruction="Be brief.")
    )
    usage = usage_of(answer)
    assert answer.text == "You said: good day"
    assert finish_of(answer) == types.FinishReason.STOP
    assert (usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count) == (11, 5, 16)


async def test_a_stream_adds_up_to_the_same_answer(models: genai.models.AsyncModels) -> None:
    chunks = [chunk async for chunk in await models.generate_content_stream(model=MODEL, contents="good day")]
    assert "".join(chunk.text or "" for chunk in chunks) == "You said: good day"
    assert [finish_of(chunk) for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert finish_of(chunks[-1]) == types.FinishReason.STOP
    assert [usage_of(chunk).candidates_token_count for chunk in chunks] == [0, 1, 2, 3, 4, 5, 5]


@pytest.mark.parametrize("names", [(), ("get_weather",)])
async def test_a_required_tool_is_called(models: genai.models.AsyncModels, names: tuple[str, ...]) -> None:
    answer = await models.generate_content(
        model=MODEL,
        contents="hi",
        config=config(tools=[types.Tool(function_declarations=[WEATHER, TIME])], tool_config=forced(*names)),
    )
    assert answer.function_calls
    assert [(call.name, call.args) for call in answer.function_calls] == [("get_weather", {"city": "city", "days": 1})]


async def test_all_named_tools_are_called(models: genai.models.AsyncModels) -> None:
    stream = await models.generate_content_stream(
        model=MODEL,
        contents="use get_weather and get_time",
        config=config(tools=[types.Tool(function_declarations=[WEATHER, TIME])]),
    )
    calls = [call async for chunk in stream for call in chunk.function_calls or ()]
    assert [call.name for call in calls] == ["get_weather", "get_time"]


@pytest.mark.parametrize("keep_signature", [True, False])
async def test_a_tools_result_is_quoted_if_the_signature_came_back(
    models: genai.models.AsyncModels, keep_signature: bool
) -> None:
    tools = config(tools=[types.Tool(function_declarations=[WEATHER])])
    asked = types.Content(role="user", parts=[types.Part(text="use get_weather")])
    called = await models.generate_content(model=MODEL, contents=asked, config=tools)
    assert called.candidates
    turn = called.candidates[0].content
    assert turn is not None
    assert turn.parts
    if not keep_signature:
        turn.parts[0].thought_signature = None
    result = types.Part.from_function_response(name="get_weather", response={"result": "20 degrees"})
    contents = [asked, turn, types.Content(role="user", parts=[result])]
    if not keep_signature:
        with pytest.raises(errors.ClientError, match="thought_signature"):
            await models.generate_content(model=MODEL, contents=contents, config=tools)
        return
    answer = await models.generate_content(model=MODEL, contents=contents, config=tools)
    assert answer.text == 'The tool said: {"result":"20 degrees"}'


@pytest.mark.parametrize("field", ["response_schema", "response_json_schema"])
async def test_a_schema_is_followed(models: genai.models.AsyncModels, field: str) -> None:
    schema = Colour if field == "response_schema" else Colour.model_json_schema()
    answer = await models.generate_content(
        model=MODEL, contents="a colour", config=config(response_mime_type="application/json", **{field: schema})
    )
    assert Colour.model_validate_json(answer.text or "") == Colour(name="name", shades=[1])


async def test_an_image_is_seen(models: genai.models.AsyncModels) -> None:
    image = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")
    answer = await models.generate_content(model=MODEL, contents=[image, "look"])
    assert answer.text == "You said: look (with 1 image)"


async def test_thoughts_are_shown_if_asked_for_and_counted(models: genai.models.AsyncModels) -> None:
    thinking = types.ThinkingConfig(include_thoughts=True, thinking_level=types.ThinkingLevel.LOW)
    answer = await models.generate_content(model=MODEL, contents="hi", config=config(thinking_config=thinking))
    assert answer.candidates
    assert answer.candidates[0].content
    assert answer.candidates[0].content.parts
    assert [bool(part.thought) for part in answer.candidates[0].content.parts] == [True, False]
    assert usage_of(answer).thoughts_token_count == 32
    assert usage_of(answer).total_token_count == 4 + 32 + 4


@pytest.mark.parametrize(
    ("limits", "text", "finish"),
    [
        ({"max_output_tokens": 2}, "You said", types.FinishReason.MAX_TOKENS),
        ({"stop_sequences": ["two"]}, "You said: one ", types.FinishReason.STOP),
    ],
)
async def test_limits_are_kept(
    models: genai.models.AsyncModels, limits: dict[str, Any], text: str, finish: types.FinishReason
) -> None:
    answer = await models.generate_content(model=MODEL, contents="one two three", config=config(**limits))
    assert (answer.text, finish_of(answer)) == (text, finish)


async def test_several_candidates_differ(models: genai.models.AsyncModels) -> None:
    answer = await models.generate_content(model=MODEL, contents="hi", config=config(candidate_count=2))
    assert len(answer.candidates or []) == 2
    assert usage_of(answer).candidates_token_count == 4 + 8


async def test_a_long_prompt_is_cached_the_second_time(models: genai.models.AsyncModels) -> None:
    counts = [
        usage_of(await models.generate_content(model=MODEL, contents="work and play " * 500 + tail))
        for tail in ("first", "second")
    ]
    assert counts[0].cached_content_token_count is None
    assert (counts[1].cached_content_token_count or 0) >= 1024


ERRORS: dict[str, tuple[type[errors.APIError], int, str]] = {
    "context_length": (errors.ClientError, 400, "INVALID_ARGUMENT"),
    "bad_parameter": (errors.ClientError, 400, "INVALID_ARGUMENT"),
    "unauthorized": (errors.ClientError, 401, "UNAUTHENTICATED"),
    "forbidden": (errors.ClientError, 403, "PERMISSION_DENIED"),
    "model_missing": (errors.ClientError, 404, "NOT_FOUND"),
    "request_timeout": (errors.ClientError, 408, "DEADLINE_EXCEEDED"),
    "conflict": (errors.ClientError, 409, "ABORTED"),
    "too_large": (errors.ClientError, 413, "INVALID_ARGUMENT"),
    "unprocessable": (errors.ClientError, 422, "INVALID_ARGUMENT"),
    "rate_limited_seconds": (errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    "rate_limited_date": (errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    "quota_exhausted": (errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    "server_error": (errors.ServerError, 500, "INTERNAL"),
    "bad_gateway_html": (errors.ServerError, 502, "Bad Gateway"),
    "unavailable": (errors.ServerError, 503, "UNAVAILABLE"),
    "gateway_timeout": (errors.ServerError, 504, "DEADLINE_EXCEEDED"),
    "overloaded": (errors.ServerError, 529, "UNAVAILABLE"),
}


@pytest.mark.parametrize("name", ERRORS)
async def test_each_failing_status_is_the_right_exception(
    gemini: Simulator, models: genai.models.AsyncModels, name: str
) -> None:
    kind, code, status = ERRORS[name]
    gemini.fault(name)
    with pytest.raises(kind) as raised:
        await models.generate_content(model=MODEL, contents="hi")
    assert (raised.value.code, raised.value.status) == (code, status)
    with pytest.raises(kind):
        _ = [chunk async for chunk in await models.generate_content_stream(model=MODEL, contents="hi")]


@pytest.mark.parametrize("name", ["error_before_first_token", "error_after_first_token", "lifecycle_then_error"])
async def test_an_error_within_a_stream_is_raised(
    gemini: Simulator, models: genai.models.AsyncModels, name: str
) -> None:
    gemini.fault(name)
    stream = await models.generate_content_stream(model=MODEL, contents="hi")
    with pytest.raises(errors.ServerError, match="INTERNAL"):
        _ = [chunk async for chunk in stream]


async def test_filter_and_refusal_come_in_googles_own_way(gemini: Simulator, models: genai.models.AsyncModels) -> None:
    gemini.fault("content_filter", times=1)
    filtered = await models.generate_content(model=MODEL, contents="good day")
    assert finish_of(filtered) == types.FinishReason.SAFETY
    gemini.fault("refusal", times=1)
    refused = await models.generate_content(model=MODEL, contents="good day")
    assert refused.candidates is None
    assert refused.prompt_feedback is not None
    assert refused.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
