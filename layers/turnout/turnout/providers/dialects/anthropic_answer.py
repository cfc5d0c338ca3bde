"""A Messages answer as events, block by block.

A whole answer is read as the stream that it might have been: each block begins with all that it holds, and ends at
once. So there is one reading of each thing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from turnout.core.chat import JSON
from turnout.core.errors import Garbled, StreamCut
from turnout.core.events import Delta, Done, FinishReason, ToolDelta, Usage
from turnout.providers.dialects.anthropic_thinking import Kept, RedactedThinking, Thinking, extra_of
from turnout.providers.dialects.anthropic_wire import (
    Block,
    BlockDelta,
    BlockStart,
    BlockStop,
    Counts,
    Growth,
    Head,
    MessageDelta,
    MessageStart,
    MessageStop,
    Stop,
    frame_in,
    message_in,
)

FINISHES: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "refusal": "content_filter",
}
"""A reason that is not here counts as "stop": the vendor may add some, and the answer is whole."""

REFUSED = "Claude declined to answer."
"""The refusal's text where the vendor gives none."""


@dataclass(slots=True)
class OpenBlock:
    """A block that has begun: `call` is its number among the tool calls, `pieces` are of its thinking or arguments."""

    block: Block
    call: int
    pieces: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class MessagesDecoder:
    """One answer. `finished` once the last frame was seen."""

    finished: bool = False
    _id: str = ""
    _counts: JSON = field(default_factory=dict[str, Any])
    _open: dict[int, OpenBlock] = field(default_factory=dict[int, OpenBlock])
    _calls: int = 0
    _arguments_cut: bool = False
    _thinking: list[Kept] = field(default_factory=list[Kept])
    """What was thought since the last tool call."""
    _length: int = 0
    """Characters of text so far."""
    _stop: Stop = field(default_factory=Stop)

    def feed(self, event: str, data: str) -> Iterator[Delta | Done]:
        """The events in one frame. Raises Garbled, StreamCut, or what an error in-band means."""
        match frame_in(event, data):
            case MessageStart(message=head):
                self.begin(head)
            case BlockStart(index=index, content_block=block):
                yield from self.open(index, block)
            case BlockDelta(index=index, delta=growth):
                yield from self._grow(index, growth)
            case BlockStop(index=index):
                yield from self.shut(index)
            case MessageDelta(delta=stop, usage=counts):
                self.stop(stop, counts)
            case MessageStop():
                yield from self.finish()
            case _:
                pass

    def close(self) -> Iterator[Delta | Done]:
        """The `Done`. The last frame may be missing, the reason for which the answer ends may not: StreamCut."""
        if not self.finished:
            yield from self.finish()
        yield Done(_usage(Counts.model_validate(self._counts)) if self._counts else None, self._id)

    def begin(self, head: Head) -> None:
        """The answer begins."""
        self._id = head.id
        self._count(head.usage)

    def open(self, index: int, block: Block) -> Iterator[Delta]:
        """A block begins, with what it already holds."""
        self._open[index] = OpenBlock(block, self._calls)
        if block.type == "tool_use":
            yield Delta(tool=ToolDelta(self._calls, block.id, block.name, extra=extra_of(self._thinking)))
            self._calls, self._thinking = self._calls + 1, []
        yield from self._say(block.text, block.thinking)

    def shut(self, index: int) -> Iterator[Delta]:
        """A block is whole."""
        opened = self._opened(index)
        del self._open[index]
        if opened.block.type == "tool_use":
            yield from self._shut_call(opened)
        elif kept := _kept(opened):
            self._thinking.append({"at": self._length, "block": kept})

    def stop(self, stop: Stop, counts: Counts | None) -> None:
        """Why the answer ends, and its final counts."""
        self._count(counts)
        if stop.stop_reason:
            self._stop = stop

    def finish(self) -> Iterator[Delta]:
        """The answer is whole. Raises StreamCut when a part of it is missing."""
        reason = self._stop.stop_reason
        if not reason or self._open:
            raise StreamCut("Anthropic's stream ended in the middle of an answer")
        if reason == "tool_use" and self._arguments_cut:
            raise StreamCut("Anthropic's stream left out a part of a tool call's arguments")
        self.finished = True
        yield Delta(refusal=_refusal(self._stop), finish=FINISHES.get(reason, "stop"), native_finish=reason)

    def _opened(self, index: int) -> OpenBlock:
        try:
            return self._open[index]
        except KeyError:
            raise Garbled("Anthropic sent a part of a block that had not begun") from None

    def _grow(self, index: int, growth: Growth) -> Iterator[Delta]:
        opened = self._opened(index)
        opened.pieces.append(growth.thinking or growth.partial_json)
        opened.block.signature += growth.signature
        yield from self._say(growth.text, growth.thinking)
        if growth.partial_json and opened.block.type == "tool_use":
            yield Delta(tool=ToolDelta(opened.call, arguments=growth.partial_json))

    def _shut_call(self, opened: OpenBlock) -> Iterator[Delta]:
        """Arguments that did not come in pieces stand in the block itself; a tool without any gets an empty object."""
        arguments = "".join(opened.pieces)
        if not arguments:
            arguments = to_json(opened.block.input or {}).decode()
            yield Delta(tool=ToolDelta(opened.call, arguments=arguments))
        self._arguments_cut |= not _is_json(arguments)

    def _say(self, text: str, thinking: str) -> Iterator[Delta]:
        self._length += len(text)
        if text or thinking:
            yield Delta(text=text, reasoning=thinking)

    def _count(self, counts: Counts | None) -> None:
        if counts:
            self._counts |= counts.model_dump(exclude_none=True)


def whole(body: Any) -> Iterator[Delta | Done]:
    """The events of a whole answer. Raises Garbled, or what an error in its place means."""
    message = message_in(body)
    if not message.stop_reason:
        raise Garbled("Anthropic's answer has no stop_reason")
    answer = MessagesDecoder()
    answer.begin(message)
    for index, block in enumerate(message.content):
        yield from answer.open(index, block)
        yield from answer.shut(index)
    answer.stop(message, None)
    yield from answer.finish()
    yield from answer.close()


def _kept(opened: OpenBlock) -> Thinking | RedactedThinking | None:
    block = opened.block
    if block.type == "thinking":
        text = block.thinking + "".join(opened.pieces)
        return {"type": "thinking", "thinking": text, "signature": block.signature}
    return {"type": "redacted_thinking", "data": block.data} if block.type == "redacted_thinking" else None


def _is_json(text: str) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _refusal(stop: Stop) -> str:
    if stop.stop_reason != "refusal":
        return ""
    return (stop.stop_details and stop.stop_details.explanation) or REFUSED


def _usage(counts: Counts) -> Usage:
    thought = counts.output_tokens_details.thinking_tokens if counts.output_tokens_details else 0
    return Usage(
        input=counts.input_tokens or 0,
        cached_input=counts.cache_read_input_tokens or 0,
        cache_write=_written(counts),
        output=max(0, (counts.output_tokens or 0) - thought),
        reasoning=thought,
    )


def _written(counts: Counts) -> int:
    """The sum over lifetimes where only the details are told."""
    if counts.cache_creation_input_tokens is not None or counts.cache_creation is None:
        return counts.cache_creation_input_tokens or 0
    return counts.cache_creation.ephemeral_5m_input_tokens + counts.cache_creation.ephemeral_1h_input_tokens
