"""What OpenAI accepts: the body of `POST /v1/chat/completions`, checked as strictly as the vendor does."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic_core import ErrorDetails

from local.simulators.personas.protocol import Asked, Question, Refused
from local.simulators.personas.reading import Loose, Strict, bracketed, checked, image_at
from turnout.core.chat import Chat, Effort, JsonSchema, Message, NamedTool, Part, Text, Tool, ToolCall

MODELS_PATH = "/v1/models"
CHAT_PATH = "/v1/chat/completions"


class ImageUrl(Loose):
    url: Annotated[str, Field(min_length=1)]


class ContentPart(Loose):
    type: Literal["text", "image_url", "input_audio", "file", "refusal"]
    text: str = ""
    image_url: ImageUrl | None = None


class CalledFunction(Loose):
    name: str
    arguments: str


class Call(Loose):
    id: str
    function: CalledFunction


class Turn(Loose):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str = ""


class FunctionOffered(Strict):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolOffered(Strict):
    type: Literal["function"]
    function: FunctionOffered


class ChosenFunction(Strict):
    name: str


class ChosenTool(Strict):
    type: Literal["function"]
    function: ChosenFunction


class SchemaFormat(Strict):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]
    description: str | None = None
    strict: bool | None = None


class Format(Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class StreamOptions(Strict):
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


def key(asked: Asked) -> str:
    """The bearer token."""
    scheme, _, token = asked.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def read(asked: Asked) -> Question:
    """The question. Raises Refused."""
    if (asked.method, asked.path) != ("POST", CHAT_PATH):
        raise Refused("unknown_path", f"Unknown request URL: {asked.method} {asked.path}. Please check the URL.")
    if not key(asked):
        raise Refused("no_key")
    body = checked(Body, asked.body, complaint)
    check_turns(body.messages)
    check_limits(body)
    asks_usage = body.stream_options is not None and body.stream_options.include_usage
    return Question(chat_of(body), body.model, usage=asks_usage)


def complaint(error: ErrorDetails) -> tuple[str, str]:
    """The vendor's words for the commonest mistakes."""
    where = bracketed(error)
    words = {
        "missing": f"Missing required parameter: '{where}'.",
        "extra_forbidden": f"Unknown parameter: '{where}'.",
    }
    return words.get(error["type"], f"Invalid value for '{where}': {error['msg'].lower()}."), where


def check_turns(turns: Sequence[Turn]) -> None:
    """Each tool call is answered at once, and nothing else is. Raises Refused."""
    owed = set[str]()
    for at, turn in enumerate(turns):
        if turn.role == "tool" and turn.tool_call_id not in owed:
            detail = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            raise Refused("invalid_body", f"Invalid parameter: {detail}", f"messages[{at}].role")
        if turn.role == "tool":
            owed.discard(turn.tool_call_id)
        elif owed:
            raise unanswered(owed, at)
        else:
            owed = {call.id for call in turn.tool_calls or ()}
    if owed:
        raise unanswered(owed, len(turns))


def unanswered(owed: set[str], at: int) -> Refused:
    """Tool calls that no tool message follows."""
    detail = "An assistant message with 'tool_calls' must be followed by tool messages responding to each"
    return Refused("invalid_body", f"{detail} 'tool_call_id'. Missing: {', '.join(sorted(owed))}", f"messages[{at}]")


def check_limits(body: Body) -> None:
    """What a model of OpenAI's own refuses: its reasoning models know `max_completion_tokens` only."""
    if body.max_tokens is not None and re.match(r"(gpt-5|o\d)", body.model):
        detail = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
        raise Refused("invalid_body", f"{detail} instead.", "max_tokens")
    if body.response_format and body.response_format.type == "json_schema" and not body.response_format.json_schema:
        field = "response_format.json_schema"
        raise Refused("invalid_body", f"Missing required parameter: '{field}'.", field)


def chat_of(body: Body) -> Chat:
    """The neutral chat; an assistant's turn at the end is the start of the answer."""
    turns = [turn_of(turn) for turn in body.messages]
    prefix = turns.pop().text if turns[-1].role == "assistant" else ""
    stop = body.stop or ()
    return Chat(
        messages=tuple(turns),
        prefix=prefix,
        stream=body.stream or False,
        tools=tuple(map(tool_of, body.tools or ())),
        tool_choice=choice_of(body.tool_choice),
        parallel_tool_calls=body.parallel_tool_calls,
        response_format=format_of(body.response_format),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        seed=body.random_seed if body.seed is None else body.seed,
        n=body.n or 1,
        reasoning_effort=body.reasoning_effort,
        logprobs=body.logprobs,
        top_logprobs=body.top_logprobs,
    )


def turn_of(turn: Turn) -> Message:
    """One message."""
    calls = [ToolCall(call.id, call.function.name, call.function.arguments) for call in turn.tool_calls or ()]
    content = turn.content or ""
    parts = (Text(content),) if isinstance(content, str) else tuple(map(part_of, content))
    return Message(turn.role, parts, tool_calls=tuple(calls), tool_call_id=turn.tool_call_id)


def part_of(part: ContentPart) -> Part:
    """One part of a message's content."""
    return image_at(part.image_url.url) if part.image_url else Text(part.text)


def tool_of(tool: ToolOffered) -> Tool:
    """One tool."""
    return Tool(tool.function.name, tool.function.description or "", tool.function.parameters, tool.function.strict)


CHOICES: Mapping[str | None, Literal["none", "auto", "required"] | None] = {
    None: None,
    "none": "none",
    "auto": "auto",
    "required": "required",
    "any": "required",
}


def choice_of(choice: str | ChosenTool | None) -> Literal["none", "auto", "required"] | NamedTool | None:
    """The tool choice; "any" is Mistral's word for "required"."""
    return NamedTool(choice.function.name) if isinstance(choice, ChosenTool) else CHOICES[choice]


def format_of(wanted: Format | None) -> Literal["text", "json_object"] | JsonSchema:
    """The response format."""
    if wanted is None or wanted.type == "text":
        return "text"
    if wanted.json_schema is None:
        return "json_object"
    return JsonSchema(wanted.json_schema.name, wanted.json_schema.schema_)
