"""The fields of Converse requests, no others.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from local.simulators.personas.reading import Strict

type Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
type CallId = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.:-]{1,64}$")]
type Said = Annotated[str, Field(min_length=1)]
type Fraction = Annotated[float, Field(ge=0, le=1)]
type Nothing = Annotated[dict[str, Any], Field(max_length=0)]


class Camel(Strict):
    """An object whose names are written as in `toolUseId`."""

    model_config = ConfigDict(alias_generator=to_camel)


class Source(Camel):
    """Where a picture is: here, as base64."""

    bytes: Said


class Picture(Camel):
    """A picture."""

    format: Literal["png", "jpeg", "gif", "webp"]
    source: Source


class CachePoint(Camel):
    """The prompt up to here is to be cached."""

    type: Literal["default"]


class ToolUse(Camel):
    """A call that the model made."""

    tool_use_id: CallId
    name: Name
    input: dict[str, Any]


class ResultBlock(Camel):
    """A part of a tool's result."""

    text: str | None = None
    json_: Annotated[Any, Field(alias="json")] = None
    image: Picture | None = None


class ToolResult(Camel):
    """What a tool said."""

    tool_use_id: CallId
    content: list[ResultBlock]
    status: Literal["success", "error"] | None = None


class ReasoningText(Camel):
    """Reasoning that was shown."""

    text: str
    signature: str | None = None


class Reasoning(Camel):
    """Reasoning that comes back."""

    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class Block(Camel):
    """A part of a turn: one of these."""

    text: str | None = None
    image: Picture | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    reasoning_content: Reasoning | None = None
    cache_point: CachePoint | None = None


class Turn(Camel):
    """A turn."""

    role: Literal["user", "assistant"]
    content: list[Block]


class SystemBlock(Camel):
    """A part of the instructions."""

    text: Said | None = None
    cache_point: CachePoint | None = None


class Limits(Camel):
    """How to infer."""

    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Fraction | None = None
    top_p: Fraction | None = None
    stop_sequences: list[Said] | None = None


class Schema(Camel):
    """The parameters of a tool."""

    json_: Annotated[dict[str, Any], Field(alias="json")]


class Spec(Camel):
    """A tool."""

    name: Name
    description: Said | None = None
    input_schema: Schema
    strict: bool | None = None


class Offered(Camel):
    """A tool, or the end of what is to be cached."""

    tool_spec: Spec | None = None
    cache_point: CachePoint | None = None


class Named(Camel):
    """One certain tool."""

    name: Name


class Choice(Camel):
    """The tool choice: one of these."""

    auto: Nothing | None = None
    any: Nothing | None = None
    tool: Named | None = None


class ToolConfig(Camel):
    """The tools, and how they may be called."""

    tools: Annotated[list[Offered], Field(min_length=1)]
    tool_choice: Choice | None = None


class JsonSchema(Camel):
    """A schema, as JSON text."""

    schema_: Annotated[str, Field(alias="schema")]
    name: str | None = None
    description: str | None = None


class Structure(Camel):
    """The structure of the answer."""

    json_schema: JsonSchema


class TextFormat(Camel):
    """The format of the answer."""

    type: Literal["json_schema"]
    structure: Structure


class OutputConfig(Camel):
    """Format and effort."""

    text_format: TextFormat | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class ReasoningConfig(Camel):
    """How Nova is to reason."""

    type: Literal["enabled", "disabled"]
    max_reasoning_effort: Literal["low", "medium", "high"] | None = None


class ModelFields(Camel):
    """What one family of models takes."""

    reasoning_config: ReasoningConfig | None = None


class Body(Camel):
    """The body of `POST /model/{modelId}/converse`."""

    messages: Annotated[list[Turn], Field(min_length=1)]
    system: tuple[SystemBlock, ...] = ()
    inference_config: Limits = Limits()
    tool_config: ToolConfig | None = None
    output_config: OutputConfig = OutputConfig()
    additional_model_request_fields: ModelFields = ModelFields()
    request_metadata: dict[str, str] | None = None
