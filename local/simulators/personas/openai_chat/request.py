"""What OpenAI accepts: the body of `POST /v1/chat/completions`, checked as strictly as the vendor does."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic_core import ErrorDetails

from local.simulators.personas.openai_chat.fields import Body, ChosenTool, ContentPart, Format, ToolOffered, Turn
from local.simulators.personas.protocol import Asked, Question, Refused
from local.simulators.personas.reading import bearer, bracketed, checked, image_at
from turnout.core.chat import Chat, JsonSchema, Message, NamedTool, Part, Text, Tool, ToolCall

MODELS_PATH: str = "/v1/models"
CHAT_PATH = "/v1/chat/completions"
COUNTS_UNASKED = "stral"
"""Part of the names of Mistral's models, whose streams always end with the usage."""


def key(asked: Asked) -> str:
    """The bearer token."""
    return bearer(asked)


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
    return Question(chat_of(body), body.model, usage=asks_usage or COUNTS_UNASKED in body.model)


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
