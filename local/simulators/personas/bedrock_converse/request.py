"""Reading `converse` and `converse-stream` as Bedrock does, into a neutral chat."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic_core import ErrorDetails, from_json, to_json

from local.simulators.personas.bedrock_converse.fields import Body, Picture, ToolConfig, ToolResult, Turn
from local.simulators.personas.bedrock_converse.rules import check
from local.simulators.personas.protocol import Asked, Question, Refused
from local.simulators.personas.reading import checked, dotted
from turnout.core.chat import Chat, Effort, Image, JsonSchema, Message, NamedTool, Part, Text, Tool, ToolCall

MODELS_PATH: str = "/foundation-models"
CHAT_PATH = re.compile(r"/model/(.+)/(converse|converse-stream)")
SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/\d{8}/[a-z0-9-]+/bedrock/aws4_request, ?"
    r"SignedHeaders=[a-z0-9;-]*\bhost\b[a-z0-9;-]*, ?Signature=[0-9a-f]{64}"
)
EFFORTS: dict[str | None, Effort] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "xhigh",
}
MAKERS = {"amazon": "Amazon", "meta": "Meta", "anthropic": "Anthropic"}


def key(asked: Asked) -> str:
    """The id of the access key that signed the request; whether the signature holds only AWS can tell."""
    found = SIGNED.fullmatch(asked.headers.get("authorization", ""))
    return found[1] if found and "x-amz-date" in asked.headers else ""


def read(asked: Asked) -> Question:
    """The question. Raises Refused."""
    found = CHAT_PATH.fullmatch(asked.path)
    if asked.method != "POST" or not found:
        raise Refused("unknown_path")
    if not key(asked):
        raise Refused("no_key")
    model, stream = found[1], found[2] == "converse-stream"
    body = checked(Body, asked.body, complaint)
    check(body, model, stream)
    marked = b'"cachePoint"' in asked.body
    return Question(chat_of(body, stream), model, caches="marked" if marked else "never", thoughts=True)


def complaint(error: ErrorDetails) -> tuple[str, str]:
    """Bedrock's words for what is wrong with a field."""
    where = dotted(error)
    return f"1 validation error detected: Value at '{where}' failed to satisfy constraint: {error['msg']}", where


def chat_of(body: Body, stream: bool) -> Chat:
    """The neutral chat; an assistant's turn at the end is the start of the answer."""
    system = [Message("system", (Text(block.text),)) for block in body.system if block.text]
    turns = [*system, *(message for turn in body.messages for message in messages_of(turn))]
    prefix = turns.pop().text if turns[-1].role == "assistant" else ""
    limits, tools = body.inference_config, body.tool_config
    return Chat(
        messages=tuple(turns),
        prefix=prefix,
        stream=stream,
        tools=tools_of(tools) if tools else (),
        tool_choice=choice_of(tools) if tools else None,
        response_format=format_of(body),
        stop=tuple(limits.stop_sequences or ()),
        max_tokens=limits.max_tokens,
        reasoning_effort=effort(body),
    )


def effort(body: Body) -> Effort | None:
    """How hard to think: by Nova's own field, or by the one for all."""
    reasoning = body.additional_model_request_fields.reasoning_config
    if reasoning:
        return EFFORTS.get(reasoning.max_reasoning_effort, "medium") if reasoning.type == "enabled" else "none"
    return EFFORTS.get(body.output_config.effort)


def tools_of(config: ToolConfig) -> tuple[Tool, ...]:
    """The tools that may be called."""
    specs = [tool.tool_spec for tool in config.tools if tool.tool_spec]
    return tuple(Tool(spec.name, spec.description or "", spec.input_schema.json_) for spec in specs)


def choice_of(config: ToolConfig) -> Literal["auto", "required"] | NamedTool | None:
    """Whether one must be."""
    choice = config.tool_choice
    if choice is None:
        return None
    if choice.tool:
        return NamedTool(choice.tool.name)
    return "auto" if choice.any is None else "required"


def format_of(body: Body) -> Literal["text"] | JsonSchema:
    """The response format. Raises Refused for a schema that is no JSON."""
    wanted = body.output_config.text_format
    if wanted is None:
        return "text"
    try:
        return JsonSchema("answer", from_json(wanted.structure.json_schema.schema_))
    except ValueError:
        raise Refused("invalid_body", "The value at outputConfig.textFormat.structure.jsonSchema is no JSON.") from None


def messages_of(turn: Turn) -> Iterator[Message]:
    """The neutral turns in one turn: each tool result is one, before the rest."""
    for block in turn.content:
        if block.tool_result:
            result = block.tool_result
            yield Message("tool", (Text(result_of(result)),), tool_call_id=result.tool_use_id)
    parts = tuple(parts_of(turn))
    uses = [block.tool_use for block in turn.content if block.tool_use]
    calls = tuple(ToolCall(use.tool_use_id, use.name, to_json(use.input).decode()) for use in uses)
    if parts or calls:
        yield Message(turn.role, parts, tool_calls=calls)


def parts_of(turn: Turn) -> Iterator[Part]:
    """Texts and pictures."""
    for block in turn.content:
        if block.text is not None:
            yield Text(block.text)
        elif block.image:
            yield picture_of(block.image)


def picture_of(picture: Picture) -> Image:
    """A picture, as base64."""
    return Image(data=picture.source.bytes, media_type=f"image/{picture.format}")


def result_of(result: ToolResult) -> str:
    """A tool result's text; JSON as JSON."""
    return "".join(block.text or (to_json(block.json_).decode() if block.json_ else "") for block in result.content)
