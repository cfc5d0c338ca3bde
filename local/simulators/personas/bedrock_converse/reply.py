"""What Bedrock answers: a message, or the events of one from `messageStart` to `metadata`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
"""

from collections.abc import Iterator, Sequence

from pydantic_core import from_json

from local.event_stream import event
from local.simulators.mind import tokens
from local.simulators.personas.protocol import Frame, FrameKind, Reply
from turnout.core.chat import JSON
from turnout.core.events import Usage

STREAM_TYPE: str = "application/vnd.amazon.eventstream"
STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}
HIDDEN = "[REDACTED]"
SIGNATURE = "RXJyb3IgZnJlZSBhbmQgc2ltdWxhdGVk"
LATENCY = {"latencyMs": 5}
PADDING = "abcdefghijklmnopqrstuvwxyz"
"""AWS hides the length of a frame behind a field of some length."""


def headers(request_id: str) -> dict[str, str]:
    """The request's id."""
    return {"x-amzn-requestid": request_id}


def listing(models: Sequence[str]) -> JSON:
    """`GET /foundation-models`, which AWS has on another host."""
    rows = [{"modelId": model, "modelName": model, "responseStreamingSupported": True} for model in models]
    return {"modelSummaries": rows}


def body(reply: Reply) -> JSON:
    """The whole answer."""
    content = [whole for whole, _ in blocks_of(reply)]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason(reply),
        "usage": usage(reply.usage),
        "metrics": LATENCY,
    }


def stop_reason(reply: Reply) -> str:
    """Why it ended; it is a guardrail that declines."""
    choice = reply.choices[0]
    if choice.refusal:
        return "guardrail_intervened"
    return "stop_sequence" if any(reply.stops) else STOP_REASONS[choice.finish or "stop"]


def usage(usage: Usage) -> JSON:
    """The counts: the buckets of the prompt are disjoint, reasoning is part of the output."""
    return {
        "inputTokens": usage.input,
        "outputTokens": usage.completion,
        "totalTokens": usage.prompt + usage.completion,
        "cacheReadInputTokens": usage.cached_input,
        "cacheWriteInputTokens": usage.cache_write,
    }


type Piece = tuple[str, FrameKind, JSON]


def blocks_of(reply: Reply) -> Iterator[tuple[JSON, list[Piece]]]:
    """(the whole block, the events between its start and its stop) of each; a guardrail speaks for the model."""
    choice = reply.choices[0]
    if choice.reasoning:
        yield reasoning_block(reply)
    if text := choice.text + choice.refusal:
        yield {"text": text}, [delta("token", {"text": token}) for token in tokens.split(text)]
    for call in choice.tool_calls:
        start: JSON = {"toolUseId": f"tooluse_{call.id}", "name": call.name}
        parts = ["", *tokens.split(call.arguments)]
        pieces = [delta("arguments", {"toolUse": {"input": part}}) for part in parts]
        # A tool's name comes with the start of its block: there the model already speaks.
        begun: Piece = ("contentBlockStart", "token", {"start": {"toolUse": start}})
        yield {"toolUse": start | {"input": from_json(call.arguments)}}, [begun, *pieces]


def reasoning_block(reply: Reply) -> tuple[JSON, list[Piece]]:
    """Nova hides what it thinks; others sign it."""
    text, hides = reply.choices[0].reasoning, "amazon.nova" in reply.question.model
    if hides:
        return (
            {"reasoningContent": {"reasoningText": {"text": HIDDEN}}},
            [delta("token", {"reasoningContent": {"text": HIDDEN}})],
        )
    pieces = [delta("token", {"reasoningContent": {"text": token}}) for token in tokens.split(text)]
    sealed = delta("closing", {"reasoningContent": {"signature": SIGNATURE}})
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": SIGNATURE}}}, [*pieces, sealed]


def delta(kind: FrameKind, more: JSON) -> Piece:
    """What is added to a block."""
    return "contentBlockDelta", kind, {"delta": more}


def frames(reply: Reply) -> Iterator[Frame]:
    """`messageStart`, the blocks, `messageStop`, and the counts in `metadata`."""
    yield frame("messageStart", "opening", {"role": "assistant"})
    for index, (_, pieces) in enumerate(blocks_of(reply)):
        for name, kind, data in pieces:
            yield frame(name, kind, data | {"contentBlockIndex": index})
        yield frame("contentBlockStop", "closing", {"contentBlockIndex": index})
    yield frame("messageStop", "end", {"stopReason": stop_reason(reply)})
    yield frame("metadata", "closing", {"usage": usage(reply.usage), "metrics": LATENCY})


def frame(name: str, kind: FrameKind, data: JSON) -> Frame:
    """An event in the binary framing."""
    return Frame(kind, event(name, data | {"p": PADDING[: 5 + len(name) % 20]}))
