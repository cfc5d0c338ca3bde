"""The fields of Google's requests, no others: https://ai.google.dev/api/generate-content."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Proto(BaseModel):
    """A message of protocol buffers as JSON: names in camel case, or as they are in the .proto; none unknown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Blob(Proto):
    """A picture as base64."""

    mime_type: str
    data: str
    display_name: str = ""


class FileData(Proto):
    """A picture by URI."""

    file_uri: str
    mime_type: str = ""
    display_name: str = ""


class FunctionCall(Proto):
    """A call that the model made."""

    name: str
    args: dict[str, Any] | None = None
    id: str = ""


class FunctionResponse(Proto):
    """What a function answered."""

    name: str
    response: dict[str, Any]
    id: str = ""


class Part(Proto):
    """A part of a turn: one of these is set."""

    text: str = ""
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    thought: bool = False
    thought_signature: str = ""
    media_resolution: dict[str, Any] | None = None
    video_metadata: dict[str, Any] | None = None


class Content(Proto):
    """A turn."""

    role: Literal["user", "model", "function"] = "user"
    parts: list[Part] = []


class Declaration(Proto):
    """A function offered; `parameters` takes a subset of OpenAPI's schemas, `parameters_json_schema` JSON's own."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$")]
    description: str = ""
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    behavior: str | None = None


class ToolSet(Proto):
    """Functions, and tools of Google's own."""

    function_declarations: list[Declaration] = []
    google_search: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None
    url_context: dict[str, Any] | None = None


class FunctionCallingConfig(Proto):
    """The tool choice."""

    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] = "AUTO"
    allowed_function_names: list[str] = []


class ToolConfig(Proto):
    """The tool choice, wrapped."""

    function_calling_config: FunctionCallingConfig | None = None
    retrieval_config: dict[str, Any] | None = None


class ThinkingConfig(Proto):
    """How to think: a level for Gemini 3, a budget for what came before."""

    include_thoughts: bool = False
    thinking_budget: int | None = None
    thinking_level: Literal["MINIMAL", "LOW", "MEDIUM", "HIGH", "minimal", "low", "medium", "high"] | None = None


class GenerationConfig(Proto):
    """How to answer."""

    candidate_count: Annotated[int, Field(ge=1, le=8)] | None = None
    stop_sequences: Annotated[list[str], Field(max_length=5)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: float | None = None
    seed: int | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    response_logprobs: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_mime_type: Literal["text/plain", "application/json", "text/x.enum"] | None = None
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    response_modalities: list[str] | None = None
    thinking_config: ThinkingConfig | None = None
    media_resolution: str | None = None
    speech_config: dict[str, Any] | None = None
    enable_enhanced_civic_answers: bool | None = None


class Body(Proto):
    """The body of `generateContent` and `streamGenerateContent`."""

    contents: Annotated[list[Content], Field(min_length=1)]
    system_instruction: Content | None = None
    tools: list[ToolSet] = []
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig = GenerationConfig()
    safety_settings: list[dict[str, str]] | None = None
    cached_content: str | None = None
    labels: dict[str, str] | None = None
    store: bool | None = None
    service_tier: str | None = None
