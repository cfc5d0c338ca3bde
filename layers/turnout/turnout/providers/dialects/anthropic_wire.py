"""The JSON that Anthropic answers with, as far as it is read here: whole answers and the frames of streamed ones.

https://platform.claude.com/docs/en/build-with-claude/streaming. Unknown fields, blocks and frames are passed over, as
the vendor's versioning policy asks.
"""

from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import from_json

from turnout.core.errors import Garbled
from turnout.providers.dialects.anthropic_errors import ErrorBody, Told, Wire, in_band


class Tagged(Wire):
    """What every body and frame has."""

    type: str


class CacheCreation(Wire):
    """Tokens written to the cache, by lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class OutputDetails(Wire):
    """What a part of the answer's tokens went into."""

    thinking_tokens: int = 0


class Counts(Wire):
    """Tokens: of the prompt in disjoint buckets, of the answer all. None: not said."""

    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None


class Block(Wire):
    """A piece of content; its `type` tells which of the other fields it has."""

    type: str
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: Any = None


class Growth(Wire):
    """What is added to a block: one of these."""

    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""


class StopDetails(Wire):
    """Why Claude declined."""

    explanation: str | None = None


class Stop(Wire):
    """Why the answer ended."""

    stop_reason: str | None = None
    stop_details: StopDetails | None = None


class Head(Wire):
    """What is known of an answer at its start."""

    id: str = ""
    usage: Counts | None = None


class Message(Head, Stop):
    """A whole answer."""

    type: Literal["message"]
    content: list[Block]


class MessageStart(Wire):
    """The first frame."""

    message: Head


class BlockStart(Wire):
    """A block begins."""

    index: int
    content_block: Block


class BlockDelta(Wire):
    """A block grows."""

    index: int
    delta: Growth


class BlockStop(Wire):
    """A block is whole."""

    index: int


class MessageDelta(Wire):
    """All blocks are whole; `usage` replaces the counts told before, it does not add to them."""

    delta: Stop
    usage: Counts | None = None


class MessageStop(Wire):
    """The last frame."""


class Other(Wire):
    """A frame without news: a ping, or of a type that is younger than this module."""


type Frame = MessageStart | BlockStart | BlockDelta | BlockStop | MessageDelta | MessageStop | Other

FRAMES: dict[str, type[Frame | ErrorBody]] = {
    "message_start": MessageStart,
    "content_block_start": BlockStart,
    "content_block_delta": BlockDelta,
    "content_block_stop": BlockStop,
    "message_delta": MessageDelta,
    "message_stop": MessageStop,
    "error": ErrorBody,
}


def frame_in(event: str, data: str) -> Frame:
    """The frame in one SSE event, whose JSON repeats the event's name. Raises Garbled, or what an error means."""
    try:
        body = from_json(data)
    except ValueError as error:
        garbled = Garbled("Anthropic sent a frame that is not JSON")
        raise (in_band(Told(message=data)) if event == "error" else garbled) from error
    return _read(FRAMES.get(_read(Tagged, body).type, Other), body)


def message_in(body: Any) -> Message:
    """The answer in a whole body. Raises Garbled, or what an error in its place means."""
    return _read(ErrorBody if _read(Tagged, body).type == "error" else Message, body)


def _read[T: Wire](kind: type[T | ErrorBody], body: Any) -> T:
    try:
        read = kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Garbled(f"Anthropic's answer is not what its format promises: {where}: {first['msg']}") from error
    if isinstance(read, ErrorBody):
        raise in_band(read.error)
    return read
