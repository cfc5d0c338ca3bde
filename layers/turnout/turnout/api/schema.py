"""The body of `POST /v1/chat/completions`: OpenAI's fields, and the `turnout` object beside them.

https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, FailFast, Field

from turnout.api.messages import FreeJSON, MessageTurn, ToolChoice, ToolItem, Wire
from turnout.core.chat import Effort, Goal, SecondOpinion

type Penalty = Annotated[float, Field(ge=-2, le=2)]
type Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
type Stop = Annotated[str, Field(min_length=1, max_length=1000)]
type ModelName = Annotated[str, Field(min_length=1, max_length=200)]
type ModelNames = Annotated[tuple[ModelName, ...], Field(max_length=32)]
type Milliseconds = Annotated[int, Field(gt=0, le=900_000)]
type Short = Annotated[str, Field(max_length=512)]

MAX_CHOICES = 8

IGNORED = {
    "metadata": "labels for OpenAI's dashboard; `turnout.tags` are the labels of this gateway",
    "modalities": "text is the only one there is",
    "prompt_cache_key": "a hint for OpenAI's cache; it changes no answer",
    "prompt_cache_options": "the same",
    "prompt_cache_retention": "the same",
    "safety_identifier": "a label for OpenAI's abuse detection; `user` is passed on",
    "service_tier": "`auto` and `default` are what every vendor does anyway",
    "store": "whether OpenAI keeps the answer; this gateway keeps none",
    "messages[].annotations": "part of an answer that clients send back",
    "messages[].parsed": "the same; the SDKs' reading of `content`",
    "messages[].reasoning_content": "the same; what a vendor wants to see again is in `extra_content`",
    "messages[].tool_calls[].function.parsed_arguments": "the SDKs' reading of `arguments`",
    "messages[].tool_calls[].index": "part of an answer that was put together from a stream",
}
"""Fields of OpenAI's that are accepted and have no effect, and why none is needed. All others count or are refused."""

REFUSED = {
    "audio": "only text and images are passed on",
    "function_call": "use 'tool_choice'",
    "functions": "use 'tools'",
    "moderation": "call a moderation model yourself",
    "prediction": "no other vendor has it",
    "verbosity": "say in the prompt how long the answer should be",
    "web_search_options": "offer the search as a tool",
}
"""The fields of OpenAI's that are refused, and what to do instead."""


OPTIONS_OF_MODES: Mapping[str, tuple[str, ...]] = {
    "max_model_latency_ms": ("compare", "blend", "judge"),
    "strategy": ("failover", "blend"),
    "synthesizer": ("blend",),
    "layers": ("blend",),
    "samples": ("blend",),
    "judge": ("judge",),
    "criteria": ("judge",),
    "second_opinion": ("judge",),
}
"""The options of `turnout` that only some modes have."""


class TextFormat(Wire):
    """Plain text."""

    type: Literal["text"]


class JsonObjectFormat(Wire):
    """Some JSON object."""

    type: Literal["json_object"]


class SchemaSpec(Wire):
    """A JSON schema and its name."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    schema_: Annotated[FreeJSON, Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class JsonSchemaFormat(Wire):
    """JSON that follows a schema."""

    type: Literal["json_schema"]
    json_schema: SchemaSpec


def _off(value: bool) -> bool:
    if value:
        raise ValueError("cannot be had here; leave it out")
    return value


class StreamOptions(Wire):
    """`include_obfuscation` pads OpenAI's own chunks against traffic analysis."""

    include_usage: bool | None = None
    include_obfuscation: Annotated[bool, AfterValidator(_off)] | None = None


class TurnoutOptions(Wire):
    """How to choose among models. OpenAI's clients send it as `extra_body={"turnout": {...}}`."""

    goal: Goal | None = None
    mode: Annotated[str, Field(max_length=64)] = "failover"
    models: ModelNames = ()
    fallbacks: ModelNames = ()
    task: Annotated[str, Field(max_length=64)] = ""
    max_cost_usd: Annotated[float, Field(gt=0)] | None = None
    max_latency_ms: Milliseconds | None = None
    max_model_latency_ms: Milliseconds | None = None
    tags: Annotated[dict[str, Short], Field(max_length=16)] = Field(default_factory=dict)
    session: Annotated[str, Field(max_length=128)] = ""
    strategy: Annotated[str, Field(max_length=64)] = ""
    synthesizer: Annotated[str, Field(max_length=200)] = ""
    layers: Annotated[int, Field(ge=1, le=3)] = 2
    samples: Annotated[int, Field(ge=2, le=8)] = 4
    judge: Annotated[str, Field(max_length=200)] = ""
    criteria: Annotated[tuple[Short, ...], Field(max_length=16)] = ()
    second_opinion: SecondOpinion | None = None


class ChatRequest(Wire, defer_build=False):
    """One request for a chat completion. `null` is the same as leaving a field out."""

    model: ModelName
    messages: Annotated[list[MessageTurn], Field(min_length=1), FailFast()]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[ToolItem], Field(max_length=128), FailFast()] | None = None
    tool_choice: Literal["auto", "none", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")] | None = (
        None
    )
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    reasoning_effort: Effort | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    user: Short | None = None
    turnout: TurnoutOptions | None = None

    # Accepted, and without effect: see IGNORED.
    metadata: Annotated[dict[str, Short], Field(max_length=16)] | None = None
    modalities: list[Literal["text"]] | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt_cache_retention: str | None = None
    safety_identifier: str | None = None
    service_tier: Literal["auto", "default"] | None = None
    store: bool | None = None


class ModeRequest(ChatRequest):
    """The same on the path of a mode of its own, where `turnout.models` names the models."""

    model: ModelName = "auto"
