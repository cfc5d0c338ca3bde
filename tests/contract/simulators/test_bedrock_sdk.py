"""AWS's own SDK is the judge: what it takes for Converse, asked of the simulator."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, EventStreamError

from local.simulators import Simulator
from tests.contract.simulators.conftest import AT_ONCE, HOLD

MODEL = "us.amazon.nova-pro-v1:0"
NOVA_2 = "global.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}]}


class Asking:
    """The SDK's client, in a thread since it blocks."""

    def __init__(self, url: str, **more: Any) -> None:
        config = Config(retries={"total_max_attempts": 1}, proxies={}, read_timeout=5, **more)
        # The stubs of this service are not installed.
        self.client: Any = boto3.client(  # pyright: ignore[reportUnknownMemberType, reportCallIssue]
            "bedrock-runtime",  # pyright: ignore[reportArgumentType]
            endpoint_url=url,
            region_name="us-east-1",
            config=config,
        )

    async def whole(self, **asked: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self.client.converse, **({"modelId": MODEL} | asked))

    async def stream(self, **asked: Any) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            return list(self.client.converse_stream(**({"modelId": MODEL} | asked))["stream"])

        return await asyncio.to_thread(read)


@pytest.fixture
async def bedrock() -> AsyncIterator[Simulator]:
    async with Simulator("bedrock_converse", pace=AT_ONCE, hold=HOLD) as simulator:
        yield simulator


@pytest.fixture
def client(bedrock: Simulator) -> Asking:
    return Asking(bedrock.url)


def user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"text": text}]}]


def text_of(answer: dict[str, Any]) -> str:
    return "".join(block.get("text", "") for block in answer["output"]["message"]["content"])


def code_of(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def status_of(error: ClientError) -> int:
    told: Any = error.response
    return told["ResponseMetadata"]["HTTPStatusCode"]


def deltas(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]


async def test_a_whole_answer(client: Asking) -> None:
    answer = await client.whole(
        messages=user("grüezi"), system=[{"text": "Be brief."}], inferenceConfig={"maxTokens": 50, "temperature": 0.5}
    )
    assert text_of(answer) == "You said: grüezi"
    assert answer["stopReason"] == "end_turn"
    assert answer["output"]["message"]["role"] == "assistant"
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert usage["outputTokens"] == 4


async def test_a_streamed_answer_is_the_same(client: Asking) -> None:
    events = await client.stream(messages=user("grüezi 🚂"))
    kinds = list(dict.fromkeys(next(iter(event)) for event in events))
    assert kinds == ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]
    assert "".join(delta["text"] for delta in deltas(events)) == "You said: grüezi 🚂"
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    assert events[-1]["metadata"]["usage"] == (await client.whole(messages=user("grüezi 🚂")))["usage"]


async def test_a_tool_is_called_and_its_result_told(client: Asking) -> None:
    answer = await client.whole(messages=user("use the weather tool"), toolConfig=TOOLS)
    assert answer["stopReason"] == "tool_use"
    said = answer["output"]["message"]
    [call] = [block["toolUse"] for block in said["content"]]
    assert (call["name"], call["input"]) == ("weather", {"city": "city"})
    result = {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "20 degrees"}]}}
    turns = [*user("use the weather tool"), said, {"role": "user", "content": [result]}]
    assert text_of(await client.whole(messages=turns, toolConfig=TOOLS)) == "The tool said: 20 degrees"


async def test_a_tool_is_called_in_a_stream(client: Asking) -> None:
    events = await client.stream(messages=user("hi"), toolConfig=TOOLS | {"toolChoice": {"any": {}}})
    [start] = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    assert start["name"] == "weather"
    assert "".join(delta["toolUse"]["input"] for delta in deltas(events)) == '{"city":"city"}'
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"


@pytest.mark.parametrize("choice", [{"auto": {}}, {"any": {}}, {"tool": {"name": "weather"}}])
async def test_a_choice_is_obeyed(client: Asking, choice: dict[str, Any]) -> None:
    answer = await client.whole(messages=user("hi"), toolConfig=TOOLS | {"toolChoice": choice})
    assert answer["stopReason"] == ("end_turn" if "auto" in choice else "tool_use")


async def test_a_picture_is_seen(client: Asking) -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    answer = await client.whole(messages=[{"role": "user", "content": [picture, {"text": "look"}]}])
    assert text_of(answer) == "You said: look (with 1 image)"


@pytest.mark.parametrize(
    ("limits", "text", "reason"),
    [
        ({"maxTokens": 2}, "You said", "max_tokens"),
        ({"stopSequences": ["two"]}, "You said: one ", "stop_sequence"),
    ],
)
async def test_limits_are_kept(client: Asking, limits: dict[str, Any], text: str, reason: str) -> None:
    answer = await client.whole(messages=user("one two three"), inferenceConfig=limits)
    assert (text_of(answer), answer["stopReason"]) == (text, reason)


async def test_a_schema_is_followed(client: Asking) -> None:
    wanted = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"integer"}', "name": "n"}}}
    answer = await client.whole(modelId=CLAUDE, messages=user("2 + 2"), outputConfig={"textFormat": wanted})
    assert text_of(answer) == "1"


async def test_the_start_of_an_answer_is_continued(client: Asking) -> None:
    turns = [*user("good day"), {"role": "assistant", "content": [{"text": "You said:"}]}]
    assert text_of(await client.whole(messages=turns)) == " good day"


async def test_reasoning_is_hidden_by_nova_and_signed_by_others(client: Asking) -> None:
    fields = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}
    hidden = await client.whole(modelId=NOVA_2, messages=user("hi"), additionalModelRequestFields=fields)
    [told] = [block for block in hidden["output"]["message"]["content"] if "reasoningContent" in block]
    assert told["reasoningContent"] == {"reasoningText": {"text": "[REDACTED]"}}
    assert hidden["usage"]["outputTokens"] > 32
    signed = await client.stream(modelId=CLAUDE, messages=user("hi"), outputConfig={"effort": "low"})
    thoughts = [delta["reasoningContent"] for delta in deltas(signed) if "reasoningContent" in delta]
    assert next(iter(thoughts[-1])) == "signature"
    assert "".join(one.get("text", "") for one in thoughts).startswith("The user wrote")


async def test_a_marked_prompt_is_written_to_the_cache_and_read_from_it(client: Asking) -> None:
    system = [{"text": "be kind " * 900}, {"cachePoint": {"type": "default"}}]
    first, again = [(await client.whole(messages=user("hi"), system=system))["usage"] for _ in range(2)]
    assert (first["cacheReadInputTokens"], again["cacheWriteInputTokens"]) == (0, 0)
    assert first["cacheWriteInputTokens"] == again["cacheReadInputTokens"] >= 1024


async def test_a_model_that_is_not_there_is_missing() -> None:
    async with Simulator("bedrock_converse", models=(MODEL,)) as simulator:
        with pytest.raises(ClientError, match="Could not resolve the foundation model"):
            await Asking(simulator.url).whole(modelId="amazon.nova-9-v1:0", messages=user("hi"))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "begins with the model": ({"messages": [{"role": "assistant", "content": [{"text": "x"}]}]}, "start with a user"),
    "one role twice": ({"messages": [*user("a"), *user("b")]}, "must alternate"),
    "empty turn": ({"messages": [{"role": "user", "content": []}]}, "is empty"),
    "blank text": ({"messages": user(" ")}, "is blank"),
    "strange result": (
        {
            "messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": []}}]}],
            "toolConfig": TOOLS,
        },
        "exceeds the number of toolUse",
    ),
    "no result": (
        {
            "messages": [
                *user("a"),
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "x1", "name": "weather", "input": {}}}]},
                *user("b"),
            ],
            "toolConfig": TOOLS,
        },
        "for the following Ids: x1",
    ),
    "calls without tools": (
        {
            "messages": [
                *user("a"),
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "x1", "name": "weather", "input": {}}}]},
                {"role": "user", "content": [{"toolResult": {"toolUseId": "x1", "content": []}}]},
            ]
        },
        "toolConfig field must be defined",
    ),
    "unknown tool": (
        {"messages": user("a"), "toolConfig": TOOLS | {"toolChoice": {"tool": {"name": "other"}}}},
        "not in toolConfig.tools",
    ),
    "no object": (
        {
            "messages": user("a"),
            "toolConfig": {"tools": [{"toolSpec": {"name": "w", "inputSchema": {"json": {"type": "string"}}}}]},
        },
        "must be one of the following: object",
    ),
    "schema for nova": ({"messages": user("a"), "outputConfig": {"effort": "low"}}, "outputConfig"),
    "reasoning for nova 1": (
        {"messages": user("a"), "additionalModelRequestFields": {"reasoningConfig": {"type": "disabled"}}},
        "not supported for this model",
    ),
    "limits at the highest effort": (
        {
            "modelId": NOVA_2,
            "messages": user("a"),
            "inferenceConfig": {"maxTokens": 9},
            "additionalModelRequestFields": {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
        },
        "must be unset",
    ),
    "llama must call": (
        {"modelId": LLAMA, "messages": user("a"), "toolConfig": TOOLS | {"toolChoice": {"any": {}}}},
        "toolConfig.toolChoice.any",
    ),
    "llama stops": (
        {"modelId": LLAMA, "messages": user("a"), "inferenceConfig": {"stopSequences": ["x"]}},
        "stopSequences",
    ),
    "llama goes on": (
        {"modelId": LLAMA, "messages": [*user("a"), {"role": "assistant", "content": [{"text": "x"}]}]},
        "ends with an assistant message",
    ),
    "no schema": (
        {
            "modelId": CLAUDE,
            "messages": user("a"),
            "outputConfig": {
                "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{", "name": "n"}}}
            },
        },
        "is no JSON",
    ),
    "unknown field": (
        {"messages": user("a"), "additionalModelRequestFields": {"top_q": 1}},
        "1 validation error detected: Value at 'additionalModelRequestFields.top_q'",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_bedrock_would_refuse_is_refused(client: Asking, name: str) -> None:
    asked, complaint = WRONG[name]
    with pytest.raises(ClientError, match=complaint) as raised:
        await client.whole(**asked)
    assert code_of(raised.value) == "ValidationException"


async def test_llama_calls_no_tools_in_a_stream(client: Asking) -> None:
    assert (await client.whole(modelId=LLAMA, messages=user("use the weather tool"), toolConfig=TOOLS))["output"]
    with pytest.raises(ClientError, match="streaming mode"):
        await client.stream(modelId=LLAMA, messages=user("hi"), toolConfig=TOOLS)


ERRORS: dict[str, tuple[int, str]] = {
    "context_length": (400, "ValidationException"),
    "bad_parameter": (400, "ValidationException"),
    "unauthorized": (401, "UnrecognizedClientException"),
    "forbidden": (403, "AccessDeniedException"),
    "model_missing": (404, "ResourceNotFoundException"),
    "request_timeout": (408, "ModelTimeoutException"),
    "conflict": (409, "ConflictException"),
    "too_large": (413, "RequestEntityTooLargeException"),
    "unprocessable": (422, "ValidationException"),
    "rate_limited_seconds": (429, "ThrottlingException"),
    "rate_limited_date": (429, "ThrottlingException"),
    "quota_exhausted": (429, "ServiceQuotaExceededException"),
    "server_error": (500, "InternalServerException"),
    "bad_gateway_html": (502, "502"),
    "unavailable": (503, "ServiceUnavailableException"),
    "gateway_timeout": (504, "ServiceUnavailableException"),
    "overloaded": (529, "ServiceUnavailableException"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ERRORS)
async def test_each_failing_status_is_the_right_exception(
    bedrock: Simulator, client: Asking, name: str, stream: bool
) -> None:
    bedrock.fault(name)
    ask = client.stream if stream else client.whole
    with pytest.raises(ClientError) as raised:
        await ask(messages=user("hi"))
    assert (status_of(raised.value), code_of(raised.value)) == ERRORS[name]


@pytest.mark.parametrize("name", ["error_before_first_token", "error_after_first_token", "lifecycle_then_error"])
async def test_an_error_within_a_stream_is_raised(bedrock: Simulator, client: Asking, name: str) -> None:
    bedrock.fault(name)
    with pytest.raises(EventStreamError, match=r"internalServerException.*unexpected error during processing"):
        await client.stream(messages=user("hi"))


@pytest.mark.parametrize("name", ["refused", "reset"])
async def test_a_failing_connection_is_an_error_of_the_transport(bedrock: Simulator, client: Asking, name: str) -> None:
    bedrock.fault(name)
    with pytest.raises((EndpointConnectionError, ConnectionClosedError)):
        await client.whole(messages=user("hi"))


async def test_filter_and_guardrail_come_in_bedrocks_own_way(bedrock: Simulator, client: Asking) -> None:
    for name, reason in (("content_filter", "content_filtered"), ("refusal", "guardrail_intervened")):
        bedrock.fault(name, times=1)
        assert (await client.whole(messages=user("good day")))["stopReason"] == reason


async def test_a_request_that_is_not_signed_is_refused_and_no_credential_is_kept(
    bedrock: Simulator, client: Asking
) -> None:
    await client.whole(messages=user("hi"))
    kept = bedrock.requests[0].headers
    assert kept["authorization"] == "[redacted]"
    assert "x-amz-date" in kept
    with pytest.raises(ClientError, match="Missing Authentication Token"):
        await Asking(bedrock.url, signature_version=UNSIGNED).whole(messages=user("hi"))
