"""What OpenAI answers: a chat.completion, or chunks of one that end with `[DONE]`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from local.simulators.mind import tokens
from local.simulators.personas.protocol import Frame, FrameKind, Reply
from turnout.core.chat import JSON, ToolCall
from turnout.core.events import Choice, Usage


def headers(request_id: str) -> dict[str, str]:
    """The request's id."""
    return {"x-request-id": request_id}


def listing(models: Sequence[str]) -> JSON:
    """`GET /v1/models`."""
    rows = [{"id": model, "object": "model", "created": 1_760_000_000, "owned_by": "system"} for model in models]
    return {"object": "list", "data": rows}


def body(reply: Reply) -> JSON:
    """The whole answer."""
    choices = [whole_choice(at, choice) for at, choice in enumerate(reply.choices)]
    return envelope(reply, "chat.completion") | {"choices": choices, "usage": usage(reply.usage)}


def envelope(reply: Reply, kind: str) -> JSON:
    """What every object of this answer starts with."""
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": kind,
        "created": reply.created,
        "model": reply.question.model,
        "service_tier": "default",
        "system_fingerprint": reply.fingerprint,
    }


def whole_choice(at: int, choice: Choice) -> JSON:
    """One of the `n`."""
    message: JSON = {
        "role": "assistant",
        "content": choice.text if choice.text or not (choice.tool_calls or choice.refusal) else None,
        "refusal": choice.refusal or None,
        "annotations": [],
    }
    if choice.tool_calls:
        message["tool_calls"] = list(map(whole_call, choice.tool_calls))
    logprobs = {"content": choice.logprobs, "refusal": None} if choice.logprobs else None
    return {"index": at, "message": message, "logprobs": logprobs, "finish_reason": choice.finish}


def whole_call(call: ToolCall) -> JSON:
    """A tool call."""
    return {"id": f"call_{call.id}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def usage(usage: Usage) -> JSON:
    """The counts: cached tokens are part of the prompt, reasoning tokens part of the completion."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def frames(reply: Reply) -> Iterator[Frame]:
    """Role, pieces and finish of each choice, the usage if it was asked for, `[DONE]`."""
    for at, choice in enumerate(reply.choices):
        yield chunk(reply, "opening", at, {"role": "assistant", "content": "", "refusal": None})
        for kind, delta, logprobs in deltas(choice):
            yield chunk(reply, kind, at, delta, logprobs=logprobs)
        yield chunk(reply, "closing", at, {}, finish=choice.finish)
    if reply.question.usage:
        counts: JSON = {"choices": [], "usage": usage(reply.usage)}
        yield event("closing", envelope(reply, "chat.completion.chunk") | counts)
    yield Frame("end", b"data: [DONE]\n\n")


def deltas(choice: Choice) -> Iterator[tuple[FrameKind, JSON, Mapping[str, Any] | None]]:
    """What the choice says, piece by piece."""
    for at, token in enumerate(tokens.split(choice.text)):
        yield "token", {"content": token}, choice.logprobs[at] if choice.logprobs else None
    for token in tokens.split(choice.refusal):
        yield "token", {"refusal": token}, None
    for at, call in enumerate(choice.tool_calls):
        yield "token", {"tool_calls": [{"index": at, **whole_call(call), "function": named(call)}]}, None
        for token in tokens.split(call.arguments):
            yield "arguments", {"tool_calls": [{"index": at, "function": {"arguments": token}}]}, None


def named(call: ToolCall) -> JSON:
    """The function of a call's first piece: its arguments are still to come."""
    return {"name": call.name, "arguments": ""}


def chunk(
    reply: Reply,
    kind: FrameKind,
    at: int,
    delta: JSON,
    *,
    finish: str | None = None,
    logprobs: Mapping[str, Any] | None = None,
) -> Frame:
    """One chunk of one choice."""
    told = {"content": [logprobs], "refusal": None} if logprobs else None
    choice = {"index": at, "delta": delta, "logprobs": told, "finish_reason": finish}
    nothing_yet = {"usage": None} if reply.question.usage else {}
    return event(kind, envelope(reply, "chat.completion.chunk") | {"choices": [choice]} | nothing_yet)


def event(kind: FrameKind, data: JSON) -> Frame:
    """A data line."""
    return Frame(kind, b"data: " + to_json(data) + b"\n\n")
