"""A streamed answer as server-sent events, chunk by chunk as OpenAI sends them.

https://platform.openai.com/docs/api-reference/chat/streaming
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from turnout.api import explain
from turnout.api.openai import completion_id, usage_counts
from turnout.api.wire import ChatChunk, ChunkChoice, Sent, encode
from turnout.core.events import Delta, Done, Failed, FinishReason, ModeEvent, Started, ToolDelta, Usage
from turnout.core.records import Record
from turnout.core.verdict import Verdict
from turnout.pipeline import Exchange

DONE = b"data: [DONE]\n\n"


async def stream(exchange: Exchange, *, include_usage: bool) -> AsyncGenerator[bytes]:
    """The frames of an answer, ending in `[DONE]`. The first comes with the first words of a model.

    Raises what the events raise, and then has not ended: whoever sends the frames says so.
    """
    chunks = Chunks(exchange.record, include_usage)
    async for event in exchange.events:
        if frames := b"".join(map(frame, chunks.of(event))):
            yield frames
    yield b"".join(map(frame, chunks.last())) + DONE


def frame(value: Sent) -> bytes:
    """One server-sent event; JSON has no line breaks in it."""
    return b"data: " + encode(value) + b"\n\n"


@dataclass(slots=True)
class Chunks:
    """Turns events into chunks. A chunk that ends the only answer is held until it is known not to be the last of all.

    For the last one carries the `turnout` object, complete with costs, which only the end of the events settles. Where
    several models answer, none waits for another: each ends at once, and the last chunk is one more.
    """

    record: Record
    include_usage: bool
    models: dict[int, str] = field(default_factory=dict[int, str])
    begun: set[int] = field(default_factory=set[int])
    held: ChatChunk | None = None
    verdict: Verdict | None = None
    done: Done = field(default_factory=Done)

    def of(self, event: ModeEvent) -> Iterator[ChatChunk]:
        """The chunks that an event gives, if any."""
        match event:
            case Started():
                yield from self._started(event)
            case Delta():
                yield from self._said(event)
            case Failed():
                yield self._failed(event)
            case Verdict():
                self.verdict = event
            case Done():
                self.done = event

    def last(self) -> Iterator[ChatChunk]:
        """What is due when the events have ended."""
        if self.held and self.include_usage:
            yield self.held
        last = self.held if self.held and not self.include_usage else self._chunk(*self._closing())
        last["system_fingerprint"] = self.done.fingerprint or None
        if self.include_usage:
            last["usage"] = usage_counts(self.done.usage or Usage())
        last["turnout"] = explain.note(self.record, self.verdict)
        yield last

    def _closing(self) -> Iterator[ChunkChoice]:
        """Many a client looks at the first choice of every chunk; only that of `usage` has none, as with OpenAI."""
        if self._several and not self.include_usage:
            yield _piece(0, {})

    @property
    def _several(self) -> bool:
        return self.record.mode == "compare"

    def _started(self, event: Started) -> Iterator[ChatChunk]:
        self.models[event.choice] = event.model.name
        if event.resumed:
            chunk = self._chunk(_piece(event.choice, {}))
            chunk["turnout"] = {"resumed_on": event.model.id}
            yield chunk

    def _failed(self, event: Failed) -> ChatChunk:
        self.models[event.choice] = event.model.name
        chunk = self._chunk(_piece(event.choice, {}))
        error = {"model": event.model.id, "code": event.error.code, "message": event.error.message}
        chunk["turnout"] = {"failed": {"index": event.choice, **error}}
        return chunk

    def _said(self, delta: Delta) -> Iterator[ChatChunk]:
        if self.held:
            yield self.held
            self.held = None
        if delta.choice not in self.begun:
            self.begun.add(delta.choice)
            yield self._chunk(_piece(delta.choice, {"role": "assistant", "content": "", "refusal": None}))
        if (said := _said_in(delta)) or delta.logprobs:
            yield self._chunk(_piece(delta.choice, said, delta.logprobs))
        if delta.finish:
            ending = self._chunk(_piece(delta.choice, {}, finish=delta.finish))
            if self._several:
                yield ending
            else:
                self.held = ending

    def _chunk(self, *choices: ChunkChoice) -> ChatChunk:
        chunk: ChatChunk = {
            "id": completion_id(self.record),
            "object": "chat.completion.chunk",
            "created": int(self.record.at),
            "model": self.models.get(choices[0]["index"] if choices else 0) or self.record.model,
            "system_fingerprint": None,
            "choices": list(choices),
        }
        if self.include_usage:
            chunk["usage"] = None
        return chunk


def _piece(
    index: int,
    delta: Mapping[str, Any],
    logprobs: Mapping[str, Any] | None = None,
    finish: FinishReason | None = None,
) -> ChunkChoice:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}


def _said_in(delta: Delta) -> dict[str, Any]:
    said: dict[str, Any] = {"content": delta.text, "reasoning_content": delta.reasoning, "refusal": delta.refusal}
    said = {name: text for name, text in said.items() if text}
    if delta.tool:
        said["tool_calls"] = [_tool_piece(delta.tool)]
    return said


def _tool_piece(piece: ToolDelta) -> dict[str, Any]:
    """The first piece of a call has its id, type and name; the others have more of its arguments."""
    function: dict[str, str] = {"name": piece.name} if piece.name else {}
    told: dict[str, Any] = {"index": piece.index, "function": function | {"arguments": piece.arguments}}
    if piece.id:
        told |= {"id": piece.id, "type": "function"}
    if piece.extra:
        told["extra_content"] = piece.extra
    return told
