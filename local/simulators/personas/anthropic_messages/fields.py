"""The fields of Anthropic's requests, no others: https://platform.claude.com/docs/en/api/messages."""

from typing import Annotated, Any, Literal

from pydantic import Field

from local.simulators.personas.reading import Loose, Strict


class Source(Loose):
    """Where a picture or a document is."""

    type: Literal["base64", "url", "file", "text", "content"]
    media_type: str = ""
    data: str = ""
    url: str = ""


class Block(Loose):
    """A part of a turn, of any type."""

    type: str
    text: str = ""
    source: Source | None = None
    id: str = ""
    name: str = ""
    input: dict[str, Any] | None = None
    tool_use_id: str = ""
    content: "str | list[Block] | None" = None
    thinking: str = ""
    signature: str = ""


class Turn(Strict):
    """A turn; there is no system role here."""

    role: Literal["user", "assistant"]
    content: str | list[Block]


class ToolOffered(Loose):
    """A tool of the client's."""

    type: str | None = None
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]
    description: str | None = None
    input_schema: dict[str, Any]


class Choice(Strict):
    """The tool choice."""

    type: Literal["auto", "any", "tool", "none"]
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class Thinking(Strict):
    """How to think."""

    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: Annotated[int, Field(ge=1024)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(Strict):
    """The schema of the answer."""

    type: Literal["json_schema"]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class OutputConfig(Strict):
    """Effort and format."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class Body(Strict):
    """The body of `POST /v1/messages`."""

    model: Annotated[str, Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)]
    messages: Annotated[list[Turn], Field(min_length=1)]
    system: str | list[Block] | None = None
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    tools: list[ToolOffered] | None = None
    tool_choice: Choice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    metadata: dict[str, Any] | None = None
    service_tier: Literal["auto", "standard_only"] | None = None
    cache_control: dict[str, Any] | None = None
    inference_geo: str | None = None
