"""The body of a Converse request: a chat in Bedrock's words.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. Where the format or the family of
the model has no word for a wish, the wish is refused with `Rejected`, so that another target may grant it. A message's
`name`, an image's `detail` and the chat's `user`, which are hints, have no counterpart.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, cast

from pydantic_core import from_json, to_json

from turnout.core.chat import JSON, Chat, Image, JsonSchema, Message, NamedTool, Part, Tool, ToolCall
from turnout.core.errors import Rejected
from turnout.core.models import Model
from turnout.providers.dialects.bedrock_families import Family, family_of
from turnout.providers.dialects.bedrock_reasoning import kept_in

INSTRUCTIONS = frozenset({"system", "developer"})

TOOL_CHOICES = {"auto": "auto", "required": "any"}

FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}

NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_.:-]")
LONGEST_ID = 64


def body_of(chat: Chat, model: Model) -> JSON:
    """The body for this chat. Raises Rejected for what cannot be said."""
    family, effort = family_of(model.upstream), chat.reasoning_effort
    system, turns = _said(chat)
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


def _said(chat: Chat) -> tuple[list[JSON], list[JSON]]:
    """The instructions and the turns. Instructions alone are said by the user, since there must be a turn."""
    system = [block for message in chat.messages if message.role in INSTRUCTIONS for block in _blocks(message.parts)]
    turns = _turns(chat)
    return (system, turns) if turns else ([], [{"role": "user", "content": system}])


def _turns(chat: Chat) -> list[JSON]:
    """User and assistant in turn: neighbours of one role are merged, tool results come first in theirs."""
    said = [(_role(message), _content(message)) for message in chat.messages if message.role not in INSTRUCTIONS]
    said.append(("assistant", _texts(chat.prefix)))
    turns: list[JSON] = []
    for role, run in groupby((turn for turn in said if turn[1]), key=lambda turn: turn[0]):
        blocks = [block for _, content in run for block in content]
        turns.append({"role": role, "content": sorted(blocks, key=lambda block: "toolResult" not in block)})
    return turns


def _role(message: Message) -> str:
    return "assistant" if message.role == "assistant" else "user"


def _content(message: Message) -> list[JSON]:
    if message.role == "tool":
        return [{"toolResult": {"toolUseId": _id(message.tool_call_id), "content": _blocks(message.parts)}}]
    return list(_assistant_blocks(message)) if message.role == "assistant" else _blocks(message.parts)


def _assistant_blocks(message: Message) -> Iterator[JSON]:
    """Text and tool calls, and the reasoning that led to them, each block where it stood in the text."""
    text, at = message.text + message.refusal, 0
    for call in message.tool_calls:
        for kept in kept_in(call):
            yield from _texts(text[at : kept["at"]])
            at = max(at, kept["at"])
            yield {"reasoningContent": kept["block"]}
        yield from _texts(text[at:])
        at = len(text)
        yield {"toolUse": {"toolUseId": _id(call.id), "name": call.name, "input": _arguments(call)}}
    yield from _texts(text[at:])


def _arguments(call: ToolCall) -> JSON:
    try:
        arguments: object = from_json(call.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise Rejected(f"Bedrock takes a tool call's arguments as a JSON object, and those of {call.id!r} are none")
    return cast("JSON", arguments)


def _id(name: str) -> str:
    """A tool call's id; another vendor's may hold signs that Bedrock refuses, or be too long."""
    return NOT_IN_AN_ID.sub("_", name)[-LONGEST_ID:]


def _blocks(parts: Iterable[Part]) -> list[JSON]:
    return [block for part in parts for block in ([_image(part)] if isinstance(part, Image) else _texts(part.text))]


def _texts(text: str) -> list[JSON]:
    """One block, or none: Bedrock refuses a text without anything in it."""
    return [{"text": text}] if text.strip() else []


def _image(image: Image) -> JSON:
    if image.media_type not in FORMATS or not image.data:
        raise Rejected(f"Bedrock takes pictures as base64, of the types {', '.join(FORMATS)}")
    return {"image": {"format": FORMATS[image.media_type], "source": {"bytes": image.data}}}


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
