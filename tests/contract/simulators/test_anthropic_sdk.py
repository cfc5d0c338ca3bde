"""Anthropic's own SDK takes our simulator for Anthropic."""

from collections.abc import AsyncIterator

import anthropic
import pytest
from anthropic.types import Message, MessageParam, ToolChoiceParam, ToolParam, ToolUseBlock

from local.simulators import Simulator
from tests.contract.simulators.conftest import TLS

MODEL = "claude-sonnet-5-5"
WEATHER: ToolParam = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
TIME: ToolParam = {"name": "get_time", "input_schema": {"type": "object"}}
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}


@pytest.fixture
async def client(anthropic_messages: Simulator) -> AsyncIterator[anthropic.AsyncAnthropic]:
    http = anthropic.DefaultAsyncHttpxClient(verify=TLS)
    async with anthropic.AsyncAnthropic(
        base_url=anthropic_messages.url, api_key="sk-ant-simulated", max_retries=0, http_client=http
    ) as client:
        yield client


def user(text: str) -> list[MessageParam]:
    return [{"role": "user", "content": text}]


def text_of(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def calls_of(message: Message) -> list[ToolUseBlock]:
    return [block for block in message.content if block.type == "tool_use"]


async def test_a_whole_answer_echoes_the_user_and_counts_tokens(client: anthropic.AsyncAnthropic) -> None:
    answer = await client.messages.create(model=MODEL, max_tokens=100, system="Be brief.", messages=user("good day"))
    assert text_of(answer) == "You said: good day"
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (6 + 5, 5)


async def test_a_stream_adds_up_to_the_same_answer(client: anthropic.AsyncAnthropic) -> None:
    async with client.messages.stream(model=MODEL, max_tokens=100, messages=user("good day")) as stream:
        words = [text async for text in stream.text_stream]
        final = await stream.get_final_message()
    assert words == ["You", " said", ":", " good", " day"]
    assert text_of(final) == "You said: good day"
    assert (final.stop_reason, final.usage.input_tokens, final.usage.output_tokens) == ("end_turn", 5, 5)


async def test_a_stream_has_the_events_of_the_vendor_in_their_order(client: anthropic.AsyncAnthropic) -> None:
    stream = await client.messages.create(model=MODEL, max_tokens=100, messages=user("hi"), stream=True)
    kinds = [event.type async for event in stream]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_weather"}])
async def test_a_required_tool_is_called(client: anthropic.AsyncAnthropic, choice: ToolChoiceParam) -> None:
    answer = await client.messages.create(
        model=MODEL, max_tokens=100, messages=user("hi"), tools=[WEATHER], tool_choice=choice
    )
    assert answer.stop_reason == "tool_use"
    assert [(call.name, call.input) for call in calls_of(answer)] == [("get_weather", {"city": "city"})]


@pytest.mark.parametrize(("alone", "names"), [(False, ["get_weather", "get_time"]), (True, ["get_weather"])])
async def test_all_named_tools_are_called_if_allowed(
    client: anthropic.AsyncAnthropic, alone: bool, names: list[str]
) -> None:
    async with client.messages.stream(
        model=MODEL,
        max_tokens=100,
        messages=user("use get_weather and get_time"),
        tools=[WEATHER, TIME],
        tool_choice={"type": "auto", "disable_parallel_tool_use": alone},
    ) as stream:
        final = await stream.get_final_message()
    assert [block.name for block in final.content if block.type == "tool_use"] == names


async def test_a_tools_result_is_quoted(client: anthropic.AsyncAnthropic) -> None:
    messages = user("use get_weather")
    called = await client.messages.create(model=MODEL, max_tokens=100, messages=messages, tools=[WEATHER])
    result = {"type": "tool_result", "tool_use_id": calls_of(called)[0].id, "content": "20 degrees"}
    answer = await client.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=[*messages, called.to_param(), {"role": "user", "content": [result]}],  # pyright: ignore[reportArgumentType]  # a dict is what the SDK takes
        tools=[WEATHER],
    )
    assert text_of(answer) == "The tool said: 20 degrees"


async def test_a_schema_is_followed(client: anthropic.AsyncAnthropic) -> None:
    answer = await client.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=user("2 + 2"),
        output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
    )
    assert text_of(answer) == '{"answer":1}'


async def test_an_image_is_seen(client: anthropic.AsyncAnthropic) -> None:
    answer = await client.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=[
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
                    },
                    {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                    {"type": "text", "text": "look"},
                ],
            }
        ],
    )
    assert text_of(answer) == "You said: look (with 2 images)"


async def test_thinking_is_shown_signed_and_counted(client: anthropic.AsyncAnthropic) -> None:
    async with client.messages.stream(
        model=MODEL, max_tokens=4000, messages=user("hi"), thinking={"type": "enabled", "budget_tokens": 2000}
    ) as stream:
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].type == "thinking"
    assert final.content[0].signature
    assert final.usage.output_tokens == 32 + 4


@pytest.mark.parametrize(
    ("limits", "text", "reason", "stop"),
    [
        ({"max_tokens": 2}, "You said", "max_tokens", None),
        ({"stop_sequences": ["two"]}, "You said: one ", "stop_sequence", "two"),
    ],
)
async def test_limits_are_kept(
    client: anthropic.AsyncAnthropic, limits: dict[str, object], text: str, reason: str, stop: str | None
) -> None:
    answer = await client.messages.create(
        model=MODEL, max_tokens=100, messages=user("one two three"), extra_body=limits
    )
    assert (text_of(answer), answer.stop_reason, answer.stop_sequence) == (text, reason, stop)


async def test_a_marked_prompt_is_written_to_the_cache_and_read_from_it(client: anthropic.AsyncAnthropic) -> None:
    usages = list[tuple[int, int]]()
    for _ in range(2):
        answer = await client.messages.create(
            model=MODEL,
            max_tokens=100,
            system=[{"type": "text", "text": "be kind " * 900, "cache_control": {"type": "ephemeral"}}],
            messages=user("hi"),
        )
        usage = answer.usage
        usages.append((usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0))
    written, read = usages[0][0], usages[1][1]
    assert usages == [(written, 0), (0, read)]
    assert written == read >= 1024


async def test_the_start_of_an_answer_is_continued(client: anthropic.AsyncAnthropic) -> None:
    messages: list[MessageParam] = [*user("good day"), {"role": "assistant", "content": "You said:"}]
    answer = await client.messages.create(model=MODEL, max_tokens=100, messages=messages)
    assert text_of(answer) == " good day"


async def test_the_models_are_listed() -> None:
    async with (
        Simulator("anthropic_messages", models=("one", "two")) as simulator,
        anthropic.AsyncAnthropic(base_url=simulator.url, api_key="sk-ant-simulated", max_retries=0) as client,
    ):
        assert [model.id async for model in client.models.list()] == ["one", "two"]
        with pytest.raises(anthropic.NotFoundError, match="model: three"):
            await client.messages.create(model="three", max_tokens=9, messages=user("hi"))


ERRORS: dict[str, tuple[type[anthropic.APIStatusError], int, str | None]] = {
    "context_length": (anthropic.BadRequestError, 400, "invalid_request_error"),
    "bad_parameter": (anthropic.BadRequestError, 400, "invalid_request_error"),
    "unauthorized": (anthropic.AuthenticationError, 401, "authentication_error"),
    "forbidden": (anthropic.PermissionDeniedError, 403, "permission_error"),
    "model_missing": (anthropic.NotFoundError, 404, "not_found_error"),
    "request_timeout": (anthropic.APIStatusError, 408, "timeout_error"),
    "conflict": (anthropic.ConflictError, 409, "conflict_error"),
    "too_large": (anthropic.APIStatusError, 413, "request_too_large"),
    "unprocessable": (anthropic.UnprocessableEntityError, 422, "invalid_request_error"),
    "rate_limited_seconds": (anthropic.RateLimitError, 429, "rate_limit_error"),
    "rate_limited_date": (anthropic.RateLimitError, 429, "rate_limit_error"),
    "quota_exhausted": (anthropic.RateLimitError, 429, "rate_limit_error"),
    "server_error": (anthropic.InternalServerError, 500, "api_error"),
    "bad_gateway_html": (anthropic.InternalServerError, 502, None),
    "unavailable": (anthropic.InternalServerError, 503, "api_error"),
    "gateway_timeout": (anthropic.InternalServerError, 504, "timeout_error"),
    "overloaded": (anthropic.InternalServerError, 529, "overloaded_error"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ERRORS)
async def test_each_failing_status_is_the_right_exception(
    anthropic_messages: Simulator, client: anthropic.AsyncAnthropic, name: str, stream: bool
) -> None:
    kind, status, type_ = ERRORS[name]
    anthropic_messages.fault(name)
    with pytest.raises(kind) as raised:
        await client.messages.create(model=MODEL, max_tokens=9, messages=user("hi"), stream=stream)
    assert (raised.value.status_code, raised.value.type) == (status, type_)


async def test_a_spend_limit_is_told_by_its_stable_code(
    anthropic_messages: Simulator, client: anthropic.AsyncAnthropic
) -> None:
    anthropic_messages.fault("quota_exhausted")
    with pytest.raises(anthropic.RateLimitError) as raised:
        await client.messages.create(model=MODEL, max_tokens=9, messages=user("hi"))
    assert raised.value.error_code == "enforced_spend_limit_reached"


@pytest.mark.parametrize("name", ["refused", "reset", "truncated_json_closed"])
async def test_a_failing_connection_is_an_error_of_the_transport(
    anthropic_messages: Simulator, client: anthropic.AsyncAnthropic, name: str
) -> None:
    anthropic_messages.fault(name)
    with pytest.raises(anthropic.APIConnectionError):
        await client.messages.create(model=MODEL, max_tokens=9, messages=user("hi"))


@pytest.mark.parametrize("name", ["error_before_first_token", "error_after_first_token", "lifecycle_then_error"])
async def test_an_error_within_a_stream_is_raised(
    anthropic_messages: Simulator, client: anthropic.AsyncAnthropic, name: str
) -> None:
    anthropic_messages.fault(name)
    stream = await client.messages.create(model=MODEL, max_tokens=9, messages=user("hi"), stream=True)
    with pytest.raises(anthropic.APIStatusError, match="Internal server error"):
        _ = [event async for event in stream]


async def test_filter_and_refusal_come_in_anthropics_own_way(
    anthropic_messages: Simulator, client: anthropic.AsyncAnthropic
) -> None:
    for name, text in (("content_filter", "You said:"), ("refusal", "")):
        anthropic_messages.fault(name, times=1)
        async with client.messages.stream(model=MODEL, max_tokens=100, messages=user("good day")) as stream:
            final = await stream.get_final_message()
        assert final.stop_reason == "refusal"
        assert "".join(block.text for block in final.content if block.type == "text") == text
    assert final.stop_details is not None
    assert final.stop_details.category == "general_harms"
