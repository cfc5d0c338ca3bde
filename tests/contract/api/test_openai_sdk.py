"""OpenAI's Python SDK against the endpoints: what it sends is understood, what it gets it can read."""

import asyncio
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from tests.contract.api.conftest import Serve
from tests.fakes import FakeRequestLog
from tests.unit.api.world import CALLS, HELLO, USAGE, Script, Stuck, World
from turnout.core import errors
from turnout.core.chat import JsonSchema
from turnout.core.events import Delta, Done
from turnout.core.records import Record

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]
TOOLS: list[ChatCompletionToolParam] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("f", "g")
]


class Weather(BaseModel):
    city: str
    celsius: int


async def test_a_plain_answer(serve: Serve) -> None:
    world = World({"alpha": [list(HELLO)]})
    async with serve(world) as client:
        answer = await client.chat.completions.create(model="alpha", messages=HI)
    assert answer.choices[0].message.content == "Hello"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (10, 7, 17)
    assert answer.usage.prompt_tokens_details
    assert answer.usage.prompt_tokens_details.cached_tokens == 2
    assert answer.model_extra
    assert answer.model_extra["turnout"]["vendor"] == "alpha-vendor"
    assert answer._request_id == world.log.rows[0].id  # pyright: ignore[reportPrivateUsage] - its documented name


async def test_the_turnout_object_travels_as_extra_body(serve: Serve) -> None:
    world = World({"beta": [list(HELLO)]})
    async with serve(world) as client:
        wishes = {"turnout": {"models": ["beta"], "tags": {"app": "shop"}}}
        answer = await client.chat.completions.create(model="auto", messages=HI, extra_body=wishes)
    assert answer.model == "beta"
    assert world.log.rows[0].tags["app"] == "shop"


async def test_a_stream_with_usage(serve: Serve) -> None:
    async with serve(World({"alpha": [list(HELLO)]})) as client:
        stream = await client.chat.completions.create(
            model="alpha", messages=HI, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "Hello"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage
    assert chunks[-1].usage.total_tokens == 17
    assert chunks[-1].model_extra
    assert chunks[-1].model_extra["turnout"]["cost_usd"] > 0


async def test_several_choices(serve: Serve) -> None:
    script: Script = [
        *(Delta(n, text) for n, text in enumerate("ab")),
        *(Delta(n, finish="stop") for n in (0, 1)),
        Done(USAGE),
    ]
    async with serve(World({"alpha": [script]})) as client:
        answer = await client.chat.completions.create(model="alpha", messages=HI, n=2)
    assert [choice.message.content for choice in answer.choices] == ["a", "b"]


async def test_parallel_calls_and_their_results_go_round(serve: Serve) -> None:
    world = World({"alpha": [list(CALLS), list(HELLO)]})
    async with serve(world) as client:
        first = await client.chat.completions.create(
            model="alpha", messages=HI, tools=TOOLS, tool_choice="required", parallel_tool_calls=True
        )
        message = first.choices[0].message
        results: list[Any] = [
            {"role": "tool", "tool_call_id": call.id, "content": "42"} for call in message.tool_calls or ()
        ]
        turns: list[Any] = [*HI, message, *results]
        second = await client.chat.completions.create(model="alpha", messages=turns, tools=TOOLS)
    assert second.choices[0].message.content == "Hello"
    assistant = world.vendors.calls[1].chat.messages[1]
    assert [(call.id, call.name, call.arguments) for call in assistant.tool_calls] == [
        ("c1", "f", '{"a":1}'),
        ("c2", "g", "{}"),
    ]
    assert assistant.tool_calls[1].extra == {"google": {"thought_signature": "s"}}


async def test_what_the_sdk_puts_together_from_a_stream_can_be_sent_back(serve: Serve) -> None:
    world = World({"alpha": [[Delta(reasoning="hm"), *CALLS], list(HELLO)]})
    async with serve(world) as client:
        async with client.chat.completions.stream(model="alpha", messages=HI, tools=TOOLS) as stream:
            message = (await stream.get_final_completion()).choices[0].message
        results: list[Any] = [
            {"role": "tool", "tool_call_id": call.id, "content": "42"} for call in message.tool_calls or ()
        ]
        turns: list[Any] = [*HI, message, *results]
        answer = await client.chat.completions.create(model="alpha", messages=turns, tools=TOOLS)
    assert answer.choices[0].message.content == "Hello"
    assert [call.arguments for call in world.vendors.calls[1].chat.messages[1].tool_calls] == ['{"a":1}', "{}"]


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the SDK's own, about its `parsed`
async def test_an_answer_that_follows_a_schema_is_parsed_and_can_be_sent_back(serve: Serve) -> None:
    script: Script = [Delta(text='{"city": "Bern", "celsius": 21}'), Delta(finish="stop"), Done(USAGE)]
    world = World({"alpha": [script, list(HELLO)]})
    async with serve(world) as client:
        answer = await client.chat.completions.parse(model="alpha", messages=HI, response_format=Weather)
        turns: list[Any] = [*HI, answer.choices[0].message, *HI]
        await client.chat.completions.create(model="alpha", messages=turns)
    assert answer.choices[0].message.parsed == Weather(city="Bern", celsius=21)
    wanted = world.vendors.calls[0].chat.response_format
    assert isinstance(wanted, JsonSchema)
    assert (wanted.name, wanted.strict, set(wanted.schema["properties"])) == ("Weather", True, {"city", "celsius"})


async def test_the_models(serve: Serve) -> None:
    async with serve(World()) as client:
        names = [model.id async for model in client.models.list()]
        one = await client.models.retrieve("alpha-vendor/alpha")
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("alhpa")
    assert names[0] == "auto"
    assert "alpha" in names
    assert one.owned_by == "alpha-vendor"


FAILURES: list[tuple[errors.VendorError, type[openai.APIStatusError], int]] = [
    (errors.Rejected("The vendor answered 400"), openai.BadRequestError, 400),
    (errors.ContextTooLong("too long"), openai.BadRequestError, 400),
    (errors.Throttled("slow down", retry_after=3), openai.RateLimitError, 429),
    (errors.QuotaExhausted("no credit"), openai.RateLimitError, 429),
    (errors.AccessDenied("bad key"), openai.InternalServerError, 502),
    (errors.Unreachable("refused"), openai.InternalServerError, 502),
    (errors.Overloaded("busy"), openai.InternalServerError, 503),
    (errors.TimedOut("too slow"), openai.InternalServerError, 504),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("error", "raised", "status"), FAILURES, ids=[row[0].code for row in FAILURES])
async def test_a_vendors_failure_raises_what_the_sdk_has_for_it(
    serve: Serve, error: errors.VendorError, raised: type[openai.APIStatusError], status: int, *, stream: bool
) -> None:
    async with serve(World({"lonely": [[error]]})) as client:
        with pytest.raises(raised) as caught:
            await client.chat.completions.create(model="lonely", messages=HI, stream=stream)
    assert (caught.value.status_code, caught.value.code, caught.value.type) == (status, error.code, error.type)
    assert caught.value.response.headers.get("retry-after") == ("3" if error.retry_after else None)
    assert error.message in caught.value.message


async def test_the_clients_own_mistakes_raise_what_the_sdk_has_for_them(serve: Serve) -> None:
    world = World(max_body_bytes=5000)
    async with serve(world) as client:
        with pytest.raises(openai.NotFoundError, match="Did you mean alpha"):
            await client.chat.completions.create(model="alhpa", messages=HI)
        with pytest.raises(openai.BadRequestError) as wrong:
            await client.chat.completions.create(model="alpha", messages=HI, temperature=3)
        with pytest.raises(openai.APIStatusError) as large:
            await client.chat.completions.create(model="alpha", messages=[{"role": "user", "content": "x" * 500_000}])
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="sk-wrong").chat.completions.create(model="alpha", messages=HI)
    assert wrong.value.param == "temperature"
    assert large.value.status_code == 413
    assert len(world.log.rows) == 1


async def test_a_stream_that_breaks_raises_and_never_ends_as_if_it_were_whole(serve: Serve) -> None:
    world = World({"lonely": [[Delta(text="Hel"), errors.StreamCut("The stream ended early")]]})
    seen: list[str] = []

    async def read_on() -> None:
        stream = await client.chat.completions.create(model="lonely", messages=HI, stream=True)
        async for chunk in stream:
            seen.append(chunk.choices[0].delta.content or "")  # noqa: PERF401 - what was seen before it breaks counts

    async with serve(world) as client:
        with pytest.raises(openai.APIError, match="The stream ended early") as caught:
            await read_on()
    assert "".join(seen) == "Hel"
    assert caught.value.code == "vendor_stream_cut"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_closes_the_exchange_and_its_row_says_so(serve: Serve, *, stream: bool) -> None:
    written = asyncio.Event()

    class Log(FakeRequestLog):
        async def write(self, record: Record) -> None:
            await super().write(record)
            written.set()

    stuck = Stuck((Delta(text="Hel"),))
    world = World(ask=stuck.ask, log=Log())
    async with serve(world) as client:
        asking = asyncio.create_task(read(client, stream=stream))
        await stuck.waiting.wait()
        asking.cancel()
        await written.wait()
    assert stuck.closed
    assert world.log.rows[0].outcome == "aborted"


async def read(client: openai.AsyncOpenAI, *, stream: bool) -> None:
    if not stream:
        await client.chat.completions.create(model="alpha", messages=HI)
        return
    async with await client.chat.completions.create(model="alpha", messages=HI, stream=True) as chunks:
        async for _ in chunks:
            pass
