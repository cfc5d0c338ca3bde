"""OpenAI's chat completions, and the many vendors that speak them: DeepSeek, Mistral, xAI, Ollama, llama.cpp, vLLM.

https://platform.openai.com/docs/api-reference/chat. A streamed and a whole answer are read by the same code: the whole
one is a single chunk whose choices have a `message` instead of a `delta`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic_core import from_json

from turnout.core.errors import Garbled, Overloaded, StreamCut
from turnout.core.events import Delta, Done, FinishReason, ToolDelta, Usage
from turnout.providers.dialects.openai_chat_errors import error, in_band
from turnout.providers.dialects.openai_chat_request import EXTRA_KEY, request
from turnout.providers.dialects.openai_chat_wire import WireAnswer, WireChoice, WireMessage, WireToolCall, read
from turnout.providers.dialects.protocol import Framing

__all__ = ["FRAMING", "error", "reply", "request", "stream"]

FRAMING: Framing = "sse"

FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",  # xAI
    "eos": "stop",  # Together
    "length": "length",
    "model_length": "length",  # Mistral
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
"""A word that is not here counts as stop; what matters of it is kept as the native one."""

FAILED = frozenset({
    "error",  # Mistral, OpenRouter
    "insufficient_system_resource",  # DeepSeek
    "abort",  # vLLM
})  # fmt: skip
"""Finish reasons that say: the vendor could not go on."""


def reply(body: Any) -> Iterator[Delta | Done]:
    """The events of a whole answer. Raises Garbled when it is not one, VendorError for an error in a 200."""
    answer = _Answer(finished=True)
    yield from answer.take(body)
    yield from answer.close()


def stream() -> "_Answer":
    """A decoder for one streamed answer."""
    return _Answer()


@dataclass(slots=True)
class _Call:
    """A tool call whose pieces are coming in."""

    id: str
    named: bool = False
    begun: bool = False


@dataclass(slots=True)
class _Choice:
    """One answer that is coming in."""

    at: int
    to_repeat: str = ""
    """The reasoning so far, if it came in the field whose vendors want to see it again."""
    said: bool = False
    finish: FinishReason | None = None
    calls: list[_Call] = field(default_factory=list[_Call])
    places: dict[int, int] = field(default_factory=dict[int, int])
    """The vendor's number of a tool call to ours."""


@dataclass(slots=True)
class _Answer:
    """An answer that is coming in: a `StreamDecoder`."""

    finished: bool = False
    id: str = ""
    fingerprint: str = ""
    usage: Usage | None = None
    choices: dict[int, _Choice] = field(default_factory=dict[int, _Choice])

    def feed(self, event: str, data: str) -> Iterator[Delta | Done]:
        """See `StreamDecoder`."""
        if data.strip() == "[DONE]":
            self.finished = True
        else:
            yield from self.take(_parsed(event, data))

    def take(self, body: Any) -> Iterator[Delta | Done]:
        """The events in a chunk or in a whole answer."""
        answer = read(body)
        if answer.error or answer.object == "error":
            raise in_band(body)
        self._note(answer)
        for choice in answer.choices or ():
            yield from self._told(choice)

    def close(self) -> Iterator[Delta | Done]:
        """See `StreamDecoder`. The last chunk's `[DONE]` may be missing, the finish of a choice may not."""
        choices = self.choices.values()
        if not all(choice.finish for choice in choices) or not (choices or self.finished):
            raise StreamCut("The stream ended before the answer did")
        if not any(choice.said for choice in choices):
            raise Garbled("The vendor answered with nothing: no text and no tool call")
        yield Done(self.usage, self.id, self.fingerprint)

    def _note(self, answer: WireAnswer) -> None:
        self.id = self.id or answer.id or ""
        self.fingerprint = answer.system_fingerprint or self.fingerprint
        self.usage = (answer.usage and answer.usage.usage) or self.usage

    def _told(self, wire: WireChoice) -> Iterator[Delta]:
        at = wire.index or 0
        choice = self.choices.setdefault(at, _Choice(at))
        message = wire.delta or wire.message or WireMessage()
        choice.to_repeat += message.reasoning_content or ""
        text, thoughts, refused = message.text, message.thoughts, message.refused
        said = bool(text or thoughts or refused)
        if said or wire.logprobs is not None:
            choice.said |= said
            yield Delta(at, text, thoughts, refused, logprobs=wire.logprobs)
        for piece in message.tool_calls or ():
            yield Delta(at, tool=self._tool(choice, piece))
        # A message is whole, whether or not the vendor says why it ended.
        reason = wire.finish_reason or ("stop" if wire.message and not wire.delta else None)
        if reason and not choice.finish:
            yield from _ended(choice, reason)

    def _tool(self, choice: _Choice, piece: WireToolCall) -> ToolDelta:
        """The piece as ours. Its id and name are told once, with the first one."""
        number = _place(choice, piece)
        if new := number == len(choice.calls):
            choice.calls.append(_Call(piece.id or self._made_up_id(choice.at, number)))
            choice.said = True
        call, arguments = choice.calls[number], piece.function.arguments_text if piece.function else ""
        name = (piece.function and piece.function.name) or ""
        told = ToolDelta(
            number,
            call.id if new else "",
            "" if call.named else name,
            arguments,
            _extra(piece, choice.to_repeat if new and number == 0 else ""),
        )
        call.named, call.begun = call.named or bool(name), call.begun or bool(arguments)
        return told

    def _made_up_id(self, choice: int, number: int) -> str:
        """For vendors that give none; unlike any other of the conversation, as each answer has an id of its own."""
        return "call_" + sha256(f"{self.id}/{choice}/{number}".encode()).hexdigest()[:24]


def _parsed(event: str, data: str) -> Any:
    try:
        body = from_json(data)
    except ValueError:
        if event == "error":
            raise in_band(data) from None
        raise Garbled("The vendor sent a line that is not JSON") from None
    if event == "error":
        raise in_band(body)
    return body


def _place(choice: _Choice, piece: WireToolCall) -> int:
    """Which tool call a piece belongs to; the next number if it begins one.

    Vendors that send whole calls at once leave the index out or always send 0: then another id is another call.
    """
    calls, name = choice.calls, piece.function and piece.function.name
    unnumbered = piece.index is None
    place = len(calls) - 1 if piece.index is None else choice.places.get(piece.index, -1)
    another = bool(piece.id and calls and piece.id != calls[place].id) or bool(unnumbered and not piece.id and name)
    if place < 0 or another:
        place = len(calls)
    if piece.index is not None:
        choice.places[piece.index] = place
    return place


def _extra(piece: WireToolCall, thoughts: str) -> Mapping[str, Any] | None:
    """What the vendor wants to see again: Google's signature, or the reasoning that led to the calls."""
    ours = {EXTRA_KEY: {"reasoning": thoughts}} if thoughts else {}
    return (piece.extra_content or {}) | ours or None


def _ended(choice: _Choice, reason: str) -> Iterator[Delta]:
    """The last deltas of a choice. Raises Overloaded when the vendor gave up."""
    if reason in FAILED:
        raise Overloaded(f"The vendor broke off its answer: {reason}")
    choice.finish = _finish(reason, calls=bool(choice.calls))
    for number, call in enumerate(choice.calls):
        if choice.finish == "tool_calls" and not call.begun:  # a call without arguments; clients expect JSON
            yield Delta(choice.at, tool=ToolDelta(number, arguments="{}"))
    choice.said |= choice.finish in {"length", "content_filter"}
    yield Delta(choice.at, finish=choice.finish, native_finish=reason)


def _finish(reason: str, *, calls: bool) -> FinishReason:
    """Google adds details after a colon. OpenAI says stop for a call that was forced; clients look for tool_calls."""
    known = FINISH.get(reason.partition(":")[0].lower(), "stop")
    if known in {"stop", "tool_calls"}:
        return "tool_calls" if calls else "stop"
    return known
