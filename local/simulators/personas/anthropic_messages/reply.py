"""What Anthropic answers: a message, or the events of one from `message_start` to `message_stop`.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from collections.abc import Iterator, Sequence

from pydantic_core import from_json, to_json

from local.simulators.mind import tokens
from local.simulators.personas.protocol import Frame, FrameKind, Reply
from turnout.core.chat import JSON
from turnout.core.events import Choice, Usage

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
SIGNATURE = "RXJyb3IgZnJlZSBhbmQgc2ltdWxhdGVk"


def headers(request_id: str) -> dict[str, str]:
    """The request's id."""
    return {"request-id": f"req_{request_id}"}


def listing(models: Sequence[str]) -> JSON:
    """`GET /v1/models`."""
    rows = [
        {"type": "model", "id": model, "display_name": model, "created_at": "2025-10-01T00:00:00Z"} for model in models
    ]
    ends: JSON = {"first_id": models[0], "last_id": models[-1]} if models else {"first_id": None, "last_id": None}
    return {"data": rows, "has_more": False, **ends}


def body(reply: Reply) -> JSON:
    """The whole answer."""
    blocks = [whole for _, whole, _ in blocks_of(reply)]
    return message(reply, blocks) | ending(reply) | {"usage": usage(reply.usage, reply.usage.completion)}


def message(reply: Reply, content: Sequence[JSON]) -> JSON:
    """A message that has not ended."""
    return {
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "model": reply.question.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }


def ending(reply: Reply) -> JSON:
    """Why it ended."""
    choice, stop = reply.choices[0], reply.stops[0] if reply.stops else ""
    if choice.refusal:
        details = {"type": "refusal", "category": "general_harms", "explanation": choice.refusal}
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
    reason = "stop_sequence" if stop else STOP_REASONS[choice.finish or "stop"]
    return {"stop_reason": reason, "stop_sequence": stop or None}


def usage(usage: Usage, output: int) -> JSON:
    """The counts: the buckets of the prompt are disjoint, thinking is part of the output."""
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached_input,
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning if output > 1 else 0},
        "service_tier": "standard",
    }


type Delta = tuple[FrameKind, JSON]


def blocks_of(reply: Reply) -> Iterator[tuple[JSON, JSON, list[Delta]]]:
    """(as it starts, whole, its deltas) of each content block; a refusal says nothing."""
    choice = reply.choices[0]
    if choice.refusal:
        return
    if reply.question.thoughts and choice.reasoning:
        yield thinking_block(choice)
    if choice.text:
        pieces: list[Delta] = [("token", {"type": "text_delta", "text": token}) for token in tokens.split(choice.text)]
        yield {"type": "text", "text": ""}, {"type": "text", "text": choice.text}, pieces
    for call in choice.tool_calls:
        start: JSON = {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "input": {}}
        parts = ["", *tokens.split(call.arguments)]
        pieces = [("arguments", {"type": "input_json_delta", "partial_json": part}) for part in parts]
        yield start, start | {"input": from_json(call.arguments)}, pieces


def thinking_block(choice: Choice) -> tuple[JSON, JSON, list[Delta]]:
    """The thinking, and the signature that proves it is Claude's."""
    whole = {"type": "thinking", "thinking": choice.reasoning, "signature": SIGNATURE}
    pieces: list[Delta] = [
        ("token", {"type": "thinking_delta", "thinking": token}) for token in tokens.split(choice.reasoning)
    ]
    sealed: Delta = ("closing", {"type": "signature_delta", "signature": SIGNATURE})
    return whole | {"thinking": "", "signature": ""}, whole, [*pieces, sealed]


def frames(reply: Reply) -> Iterator[Frame]:
    """`message_start`, the blocks, `message_delta`, `message_stop`; a ping before the first piece."""
    start = message(reply, []) | {"usage": usage(reply.usage, 1)}
    yield event("opening", {"type": "message_start", "message": start})
    for index, (begun, _, deltas) in enumerate(blocks_of(reply)):
        # A tool's name comes with the start of its block: there the model already speaks.
        kind = "token" if begun["type"] == "tool_use" else "opening"
        yield event(kind, {"type": "content_block_start", "index": index, "content_block": begun})
        if index == 0:
            yield event("opening", {"type": "ping"})
        for said, delta in deltas:
            yield event(said, {"type": "content_block_delta", "index": index, "delta": delta})
        yield event("closing", {"type": "content_block_stop", "index": index})
    counts = usage(reply.usage, reply.usage.completion)
    yield event("closing", {"type": "message_delta", "delta": ending(reply), "usage": counts})
    yield event("end", {"type": "message_stop"})


def event(kind: FrameKind, data: JSON) -> Frame:
    """An event under the name that its data has as type."""
    return Frame(kind, b"event: " + data["type"].encode() + b"\ndata: " + to_json(data) + b"\n\n")
