"""The body of a Converse request: a chat in Bedrock's words.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. Where the format or the family of
the model has no word for a wish, the wish is refused with `Rejected`, so that another target may grant it. A message's
`name`, an image's `detail` and the chat's `user`, which are hints, have no counterpart.
"""

import re
from typing import Any

from pydantic_core import to_json

from turnout.core.chat import JSON, Chat, Image, JsonSchema, NamedTool, Tool, ToolCall
from turnout.core.errors import Rejected
from turnout.core.models import Model
from turnout.providers.dialects.bedrock_families import Family, family_of
from turnout.providers.dialects.bedrock_reasoning import kept_in
from turnout.providers.dialects.blocks import Words

TOOL_CHOICES = {"auto": "auto", "required": "any"}

FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}

NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_.:-]")
LONGEST_ID = 64


def body_of(chat: Chat, model: Model) -> JSON:
    """The body for this chat. Raises Rejected for what cannot be said."""
    family, effort = family_of(model.upstream), chat.reasoning_effort
    system, turns = WORDS.said(chat)
    body = _present(
        system=system,
        messages=turns,
        inferenceConfig=_inference(chat),
        toolConfig=_tool_config(chat, model),
        outputConfig=_present(textFormat=_format(chat), effort=effort and family.efforts.get(effort)),
        additionalModelRequestFields=effort and family.fields.get(effort),
    )
    _refuse_conflicts(chat, family, body)
    return body


def _present(**fields: object) -> JSON:
    """Without what the client did not say; zeros and False are said."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _inference(chat: Chat) -> JSON:
    return _present(
        maxTokens=chat.max_tokens,
        temperature=chat.temperature,
        topP=chat.top_p,
        stopSequences=list(chat.stop),
    )


def _refuse_conflicts(chat: Chat, family: Family, body: JSON) -> None:
    """What the vendor would answer with 400, said sooner and with the remedy."""
    limits = body.get("inferenceConfig", {}).keys() & {"maxTokens", "temperature", "topP"}
    tools, called = "toolConfig" in body, any(turn.tool_calls or turn.role == "tool" for turn in chat.messages)
    conflicts = (
        ((chat.temperature or 0) > 1, "Bedrock takes a temperature of at most 1; lower it"),
        (
            chat.reasoning_effort in family.unbounded and limits,
            "This model takes no max_tokens, temperature or top_p at its highest reasoning_effort; leave them out",
        ),
        (
            chat.stream and tools and not family.streams_tools,
            "This model cannot call tools in a stream; ask without stream",
        ),
        (
            called and not tools,
            "Bedrock takes a conversation with tool calls only if it may call tools; send tools, with no tool_choice",
        ),
    )
    for conflict, remedy in conflicts:
        if conflict:
            raise Rejected(remedy)


def _id(name: str) -> str:
    """A tool call's id; another vendor's may hold signs that Bedrock refuses, or be too long."""
    return NOT_IN_AN_ID.sub("_", name)[-LONGEST_ID:]


def _image(image: Image) -> JSON:
    if image.media_type not in FORMATS or not image.data:
        raise Rejected(f"Bedrock takes pictures as base64, of the types {', '.join(FORMATS)}")
    return {"image": {"format": FORMATS[image.media_type], "source": {"bytes": image.data}}}


def _call(call: ToolCall, arguments: JSON) -> JSON:
    return {"toolUse": {"toolUseId": _id(call.id), "name": call.name, "input": arguments}}


WORDS = Words(
    name="Bedrock",
    text=lambda text: {"text": text},
    image=_image,
    call=_call,
    result=lambda call_id, content: {"toolResult": {"toolUseId": _id(call_id), "content": content}},
    is_result=lambda block: "toolResult" in block,
    thoughts=lambda call: ((kept["at"], {"reasoningContent": kept["block"]}) for kept in kept_in(call)),
)


def _tool_config(chat: Chat, model: Model) -> JSON:
    """The tools and how they may be called. The format has no "none", so then there are no tools."""
    if chat.tool_choice == "none":
        return {}
    strict = "json_schema" in model.capabilities
    return _present(
        tools=[{"toolSpec": _tool(tool, strict=strict)} for tool in chat.tools],
        toolChoice=_tool_choice(chat) if chat.tools else None,
    )


def _tool(tool: Tool, *, strict: bool) -> JSON:
    """`strict` only for models that can be held to a schema; the others refuse the word, and follow it unforced."""
    schema = {"type": "object", **(tool.parameters or {"properties": {}})}
    return _present(
        name=tool.name,
        description=tool.description,
        inputSchema={"json": schema},
        strict=tool.strict if strict else None,
    )


def _tool_choice(chat: Chat) -> JSON | None:
    if isinstance(chat.tool_choice, NamedTool):
        return {"tool": {"name": chat.tool_choice.name}}
    return {TOOL_CHOICES[chat.tool_choice]: {}} if chat.tool_choice else None


def _format(chat: Chat) -> JSON | None:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html ."""
    wanted: Any = chat.response_format
    if not isinstance(wanted, JsonSchema):
        return None
    schema = to_json(wanted.schema).decode()
    definition = _present(name=wanted.name, description=wanted.description) | {"schema": schema}
    return {"type": "json_schema", "structure": {"jsonSchema": definition}}
