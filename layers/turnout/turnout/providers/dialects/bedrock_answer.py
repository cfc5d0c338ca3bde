"""A Converse answer as events, block by block.

A whole answer is read as the stream that it might have been, so there is one reading of each thing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from turnout.core.errors import Garbled, StreamCut
from turnout.core.events import Delta, Done, FinishReason, ToolDelta, Usage
from turnout.providers.dialects.bedrock_reasoning import REDACTED, Kept, extra_of, reasoning_block
from turnout.providers.dialects.bedrock_wire import (
    Block,
    BlockDelta,
    BlockStart,
    BlockStop,
    Counts,
    Growth,
    MessageStop,
    Metadata,
    Reasoning,
    ReasoningGrowth,
    ReasoningText,
    ToolGrowth,
    ToolUse,
    Whole,
    frame_in,
    read,
)

FINISHES: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
"""A reason that is not here counts as "stop": Bedrock may add some, and the answer is whole."""

MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})
"""Reasons that say: what the model made cannot be read."""


@dataclass(slots=True)
class OpenBlock:
    """A block that has begun: `call` is its number among the tool calls, None for any other block."""

    call: int | None = None
    arguments: str = ""
    reasoning: str = ""
    signature: str = ""
    redacted: str = ""


@dataclass(slots=True)
class ConverseDecoder:
    """One answer. `finished` once the last frame was seen."""

    finished: bool = False
    _stop: str = ""
    _usage: Usage | None = None
    _open: dict[int, OpenBlock] = field(default_factory=dict[int, OpenBlock])
    _calls: int = 0
    _arguments_cut: bool = False
    _reasoning: list[Kept] = field(default_factory=list[Kept])
    """What was thought since the last tool call."""
    _length: int = 0
    """Characters of text so far."""

    def feed(self, event: str, data: str) -> Iterator[Delta | Done]:
        """The events in one frame. Raises Garbled, StreamCut, or what an error in-band means."""
        match frame_in(event, data):
            case BlockStart(content_block_index=index, start=start):
                yield from self.open(index, start.tool_use)
            case BlockDelta(content_block_index=index, delta=growth):
                yield from self.grow(index, growth)
            case BlockStop(content_block_index=index):
                yield from self.shut(index)
            case MessageStop(stop_reason=reason):
                yield from self.stop(reason)
            case Metadata(usage=counts):
                self.count(counts)
            case _:
                pass

    def close(self) -> Iterator[Delta | Done]:
        """The `Done`; without its counts where the last frame is missing. Raises StreamCut without the one before."""
        if not self._stop:
            raise StreamCut("Bedrock's stream ended before its end")
        yield Done(self._usage)

    def open(self, index: int, call: ToolUse | None) -> Iterator[Delta]:
        """A block begins."""
        self._open[index] = OpenBlock(self._calls if call else None)
        if call:
            yield Delta(tool=ToolDelta(self._calls, call.tool_use_id, call.name, extra=extra_of(self._reasoning)))
            self._calls, self._reasoning = self._calls + 1, []

    def grow(self, index: int, growth: Growth) -> Iterator[Delta]:
        """A block grows. Raises Garbled for a part of a tool call that had not begun."""
        block = self._open.setdefault(index, OpenBlock())
        if growth.tool_use:
            yield self._more_arguments(block, growth.tool_use.input)
        if thought := growth.reasoning_content:
            block.reasoning += thought.text
            block.signature += thought.signature
            block.redacted += thought.redacted_content
        shown = thought.text if thought and thought.text != REDACTED else ""
        self._length += len(growth.text)
        if growth.text or shown:
            yield Delta(text=growth.text, reasoning=shown)

    def shut(self, index: int) -> Iterator[Delta]:
        """A block is whole. A tool that takes nothing gets an empty object."""
        block = self._open.pop(index, OpenBlock())
        if block.call is not None and not block.arguments:
            yield self._more_arguments(block, "{}")
        self._arguments_cut |= block.call is not None and not _is_json(block.arguments)
        if block.reasoning or block.redacted:
            kept = reasoning_block(block.reasoning, block.signature, block.redacted)
            self._reasoning.append({"at": self._length, "block": kept})

    def stop(self, reason: str) -> Iterator[Delta]:
        """The answer is whole. Raises StreamCut when a part of it is missing, Garbled when it cannot be read."""
        if reason in MALFORMED:
            raise Garbled(f"The model's answer cannot be read: {reason}")
        calling = any(block.call is not None for block in self._open.values())
        if reason == "tool_use" and (calling or self._arguments_cut):
            raise StreamCut("Bedrock's stream left out a part of a tool call's arguments")
        self._stop = reason
        yield Delta(finish=FINISHES.get(reason, "stop"), native_finish=reason)

    def count(self, counts: Counts | None) -> None:
        """The last frame."""
        self.finished = bool(self._stop)
        self._usage = _usage(counts) if counts else None

    def _more_arguments(self, block: OpenBlock, text: str) -> Delta:
        if block.call is None:
            raise Garbled("Bedrock sent a part of a tool call that had not begun")
        block.arguments += text
        return Delta(tool=ToolDelta(block.call, arguments=text))


def whole(body: Any) -> Iterator[Delta | Done]:
    """The events of a whole answer. Raises Garbled."""
    told, answer = read(Whole, body), ConverseDecoder()
    for index, block in enumerate(told.output.message.content):
        yield from answer.open(index, block.tool_use)
        for growth in _growths(block):
            yield from answer.grow(index, growth)
        yield from answer.shut(index)
    yield from answer.stop(told.stop_reason)
    answer.count(told.usage)
    yield from answer.close()


def _growths(block: Block) -> Iterator[Growth]:
    """A whole block as what would have been added to an empty one."""
    call = block.tool_use and ToolGrowth(input=to_json(block.tool_use.input or {}).decode())
    yield Growth(text=block.text, tool_use=call, reasoning_content=_thought(block.reasoning_content or Reasoning()))


def _thought(reasoning: Reasoning) -> ReasoningGrowth:
    told = reasoning.reasoning_text or ReasoningText()
    return ReasoningGrowth(text=told.text, signature=told.signature or "", redacted_content=reasoning.redacted_content)


def _is_json(text: str) -> bool:
    try:
        from_json(text)
    except ValueError:
        return False
    return True


def _usage(counts: Counts) -> Usage:
    """Bedrock counts reasoning as output and does not tell it apart."""
    return Usage(
        input=counts.input_tokens,
        cached_input=counts.cache_read_input_tokens or 0,
        cache_write=counts.cache_write_input_tokens or 0,
        output=counts.output_tokens,
    )
