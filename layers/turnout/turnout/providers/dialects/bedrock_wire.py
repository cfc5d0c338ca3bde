"""The JSON that Bedrock answers with, as far as it is read here: whole answers and the frames of streamed ones.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. Unknown fields, blocks and
frames are passed over. Every field that is missing counts as empty, save those without which nothing can be told.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from turnout.core.errors import Garbled
from turnout.providers.dialects.bedrock_errors import Told, in_band
from turnout.providers.eventstream import EXCEPTION


class Wire(BaseModel):
    """JSON whose names are written as in `toolUseId`."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, defer_build=True)


class Counts(Wire):
    """Tokens; those of the prompt in disjoint buckets."""

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None


class ToolUse(Wire):
    """A tool call; a whole one has its input."""

    tool_use_id: str
    name: str
    input: Any = None


class ReasoningText(Wire):
    """Reasoning, and the proof of whose it is."""

    text: str = ""
    signature: str | None = None


class Reasoning(Wire):
    """Reasoning in a whole answer; what is redacted is base64."""

    reasoning_text: ReasoningText | None = None
    redacted_content: str = ""


class Block(Wire):
    """A piece of content: one of these."""

    text: str = ""
    tool_use: ToolUse | None = None
    reasoning_content: Reasoning | None = None


class Message(Wire):
    """What the model says."""

    content: list[Block]


class Output(Wire):
    """What was made."""

    message: Message


class Whole(Wire):
    """A whole answer."""

    output: Output
    stop_reason: str
    usage: Counts | None = None


class Start(Wire):
    """How a block begins: only a tool call has news."""

    tool_use: ToolUse | None = None


class BlockStart(Wire):
    """A block begins. One of text or reasoning may begin without it."""

    content_block_index: int
    start: Start


class ToolGrowth(Wire):
    """More of a tool call's input, as JSON text."""

    input: str


class ReasoningGrowth(Wire):
    """What is added to reasoning: one of these."""

    text: str = ""
    signature: str = ""
    redacted_content: str = ""


class Growth(Wire):
    """What is added to a block: one of these."""

    text: str = ""
    tool_use: ToolGrowth | None = None
    reasoning_content: ReasoningGrowth | None = None


class BlockDelta(Wire):
    """A block grows."""

    content_block_index: int
    delta: Growth


class BlockStop(Wire):
    """A block is whole."""

    content_block_index: int


class MessageStop(Wire):
    """The answer is whole."""

    stop_reason: str


class Metadata(Wire):
    """The last frame."""

    usage: Counts | None = None


class Other(Wire):
    """A frame without news: `messageStart`, or one that is younger than this module."""


type Frame = BlockStart | BlockDelta | BlockStop | MessageStop | Metadata | Other

FRAMES: dict[str, type[Frame]] = {
    "contentBlockStart": BlockStart,
    "contentBlockDelta": BlockDelta,
    "contentBlockStop": BlockStop,
    "messageStop": MessageStop,
    "metadata": Metadata,
}


def frame_in(event: str, data: str) -> Frame:
    """The frame in one message of the stream. Raises Garbled, or what an error in-band means."""
    try:
        body = from_json(data)
    except ValueError:
        raise Garbled("Bedrock sent a frame that is not JSON") from None
    if event == EXCEPTION:
        raise in_band(read(Told, body))
    return read(FRAMES.get(event, Other), body)


def read[T: BaseModel](kind: type[T], body: Any) -> T:
    """The body as that kind. Raises Garbled."""
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Garbled(f"Bedrock's answer is not what its format promises: {where}: {first['msg']}") from error
