"""Reading `POST /v1/messages` as Anthropic does, into a neutral chat."""

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic_core import ErrorDetails, to_json

from local.simulators.personas.anthropic_messages.fields import Block, Body, Turn
from local.simulators.personas.anthropic_messages.rules import blocks, check, thinks
from local.simulators.personas.protocol import Asked, Question, Refused
from local.simulators.personas.reading import bearer, checked, dotted, effort_of
from turnout.core.chat import Chat, Effort, Image, JsonSchema, Message, NamedTool, Part, Text, Tool, ToolCall

MODELS_PATH: str = "/v1/models"
CHAT_PATH = "/v1/messages"
EFFORTS: dict[str | None, Effort] = {
    None: "high",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "xhigh",
}
CHOICES: dict[str | None, Literal["auto", "required", "none"] | None] = {
    None: None,
    "auto": "auto",
    "any": "required",
    "none": "none",
}


def key(asked: Asked) -> str:
    """The API key; the vendor takes it as a bearer token too."""
    return asked.headers.get("x-api-key", "").strip() or bearer(asked)


def read(asked: Asked) -> Question:
    """The question. Raises Refused."""
    if (asked.method, asked.path) != ("POST", CHAT_PATH):
        raise Refused("unknown_path")
    if not key(asked):
        raise Refused("no_key")
    if "anthropic-version" not in asked.headers:
        raise Refused("invalid_body", "anthropic-version: header is required")
    body = checked(Body, asked.body, complaint)
    check(body)
    # Inside a JSON string the quotes would be escaped, so this finds the key only.
    marked = b'"cache_control"' in asked.body
    shown = body.thinking is None or body.thinking.display != "omitted"
    return Question(chat_of(body), body.model, caches="marked" if marked else "never", thoughts=thinks(body) and shown)


def complaint(error: ErrorDetails) -> tuple[str, str]:
    """The vendor checks with pydantic too."""
    messages = {"missing": "Field required", "extra_forbidden": "Extra inputs are not permitted"}
    return f"{dotted(error)}: {messages.get(error['type'], error['msg'])}", dotted(error)


def chat_of(body: Body) -> Chat:
    """The neutral chat; an assistant's turn at the end is the start of the answer."""
    turns = [*system_of(body), *(message for turn in body.messages for message in messages_of(turn))]
    prefix = turns.pop().text if turns[-1].role == "assistant" else ""
    choice = body.tool_choice
    wanted = body.output_config.format if body.output_config else None
    return Chat(
        messages=tuple(turns),
        prefix=prefix,
        stream=body.stream or False,
        tools=tuple(Tool(tool.name, tool.description or "", tool.input_schema) for tool in body.tools or ()),
        tool_choice=NamedTool(choice.name) if choice and choice.type == "tool" else CHOICES[choice and choice.type],
        parallel_tool_calls=not choice.disable_parallel_tool_use if choice else None,
        response_format=JsonSchema("answer", wanted.schema_) if wanted else "text",
        stop=tuple(body.stop_sequences or ()),
        max_tokens=body.max_tokens,
        reasoning_effort=effort(body),
    )


def effort(body: Body) -> Effort | None:
    """How hard to think: by the budget, or as the effort says."""
    if not thinks(body) or body.thinking is None:
        return None
    return effort_of(body.thinking.budget_tokens) or EFFORTS[body.output_config and body.output_config.effort]


def system_of(body: Body) -> Iterator[Message]:
    """The system prompt as a turn."""
    if body.system:
        text = body.system if isinstance(body.system, str) else "".join(block.text for block in body.system)
        yield Message("system", (Text(text),))


def messages_of(turn: Turn) -> Iterator[Message]:
    """The neutral turns in one turn: each tool result is one, before the rest."""
    for block in blocks(turn):
        if block.type == "tool_result":
            yield Message("tool", (Text(result_of(block)),), tool_call_id=block.tool_use_id)
    parts = tuple(parts_of(blocks(turn)))
    calls = tuple(
        ToolCall(block.id, block.name, to_json(block.input).decode())
        for block in blocks(turn)
        if block.type == "tool_use"
    )
    if parts or calls:
        yield Message(turn.role, parts, tool_calls=calls)


def parts_of(content: Sequence[Block]) -> Iterator[Part]:
    """Texts and pictures."""
    for block in content:
        if block.type == "text":
            yield Text(block.text)
        elif block.type == "image" and block.source:
            yield Image(block.source.url, block.source.data, block.source.media_type)


def result_of(block: Block) -> str:
    """A tool result's text."""
    content = block.content or ""
    return content if isinstance(content, str) else "".join(part.text for part in content)
