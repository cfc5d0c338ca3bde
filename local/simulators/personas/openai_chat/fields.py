"""The fields of chat completions, OpenAI's and those of vendors that follow it; no others.

https://platform.openai.com/docs/api-reference/chat/create
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from local.simulators.personas.reading import Loose, Strict
from turnout.core.chat import Effort


class ImageUrl(Loose):
    """A picture, by URL or as a data URL."""

    url: Annotated[str, Field(min_length=1)]


class ContentPart(Loose):
    """A part of a turn's content."""

    type: Literal["text", "image_url", "input_audio", "file", "refusal"]
    text: str = ""
    image_url: ImageUrl | None = None


class CalledFunction(Loose):
    """What a model called, the arguments as JSON text."""

    name: str
    arguments: str


class Call(Loose):
    """A call that the model made."""

    id: str
    function: CalledFunction


class Turn(Loose):
    """A message; vendors differ in what else it may hold."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str = ""


class FunctionOffered(Strict):
    """A function that may be called."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolOffered(Strict):
    """A tool, which is a function."""

    type: Literal["function"]
    function: FunctionOffered


class ChosenFunction(Strict):
    """The name of the function that must be called."""

    name: str


class ChosenTool(Strict):
    """The tool choice that forces one tool."""

    type: Literal["function"]
    function: ChosenFunction


class SchemaFormat(Strict):
    """The schema of the answer."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class Format(Strict):
    """The response format."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class StreamOptions(Strict):
    """What else a stream is to hold."""

    include_usage: bool = False
    include_obfuscation: bool = True


class Body(Strict):
    """The fields of OpenAI, then those of the vendors that follow its format (DeepSeek, Mistral, xAI)."""

    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[list[Turn], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[ToolOffered], Field(min_length=1)] | None = None
    tool_choice: Literal["none", "auto", "required", "any"] | ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: Format | None = None
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    seed: int | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    reasoning_effort: Effort | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    service_tier: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    modalities: list[str] | None = None
    random_seed: int | None = None
    safe_prompt: bool | None = None
    prompt_mode: str | None = None
    thinking: dict[str, Any] | None = None
