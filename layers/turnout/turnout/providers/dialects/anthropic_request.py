"""The body of a Messages request: a chat in Anthropic's words.

https://platform.claude.com/docs/en/api/messages/create. Where the format has no word for a wish, the wish is refused
with `Rejected`, so that another target may grant it; nothing is bent to fit. A message's `name` and an image's
`detail`, which are hints, have no counterpart. Prompt caching is not asked for: writing to the cache costs a quarter
more than reading the prompt, and only the client knows whether it will ask again.
"""

import re
from typing import Any, cast

from turnout.core.chat import JSON, Chat, Image, JsonSchema, NamedTool, Tool, ToolCall
from turnout.core.errors import Rejected
from turnout.core.models import Model
from turnout.providers.dialects.anthropic_thinking import kept_in, thinking_fields
from turnout.providers.dialects.blocks import Words

LONGEST_UNSTREAMED = 21_333
"""Tokens that take ten minutes at 128 000 an hour; the vendor's own SDK refuses to wait for more without a stream."""

TOOL_CHOICES = {"auto": "auto", "none": "none", "required": "any"}

NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")


def body_of(chat: Chat, model: Model) -> JSON:
    """The body for this chat. Raises Rejected for what the format cannot say."""
    max_tokens = chat.max_tokens or (model.max_output if chat.stream else min(model.max_output, LONGEST_UNSTREAMED))
    system, turns = WORDS.said(chat)
    _trim_open_end(turns)
    thinking, effort = thinking_fields(chat.reasoning_effort, model.upstream, max_tokens)
    body = _without_none(
        model=model.upstream,
        max_tokens=max_tokens,
        messages=turns,
        system=system or None,
        tools=[_tool(tool) for tool in chat.tools] or None,
        tool_choice=_tool_choice(chat),
        thinking=thinking,
        output_config=_without_none(effort=effort, format=_format(chat)) or None,
        stop_sequences=list(chat.stop) or None,
        temperature=_sampling(chat.temperature),
        top_p=_sampling(chat.top_p),
        metadata={"user_id": chat.user} if chat.user else None,
        stream=chat.stream or None,
    )
    _refuse_conflicts(chat, body)
    return body


def _without_none(**fields: Any) -> JSON:
    return {name: value for name, value in fields.items() if value is not None}


def _sampling(value: float | None) -> float | None:
    """1 is both formats' default; left out, it cannot clash with the other parameter or with thinking."""
    return None if value == 1 else value


def _refuse_conflicts(chat: Chat, body: JSON) -> None:
    """What the vendor would answer with 400, said sooner and with the remedy."""
    thinks = body.get("thinking", {}).get("type") in {"enabled", "adaptive"}
    forced = body.get("tool_choice", {}).get("type") in {"any", "tool"}
    conflicts = (
        (body.get("temperature", 0) > 1, "takes a temperature of at most 1; lower it"),
        ("temperature" in body and "top_p" in body, "takes temperature or top_p, not both; leave one out"),
        (thinks and "temperature" in body, "takes no temperature while it reasons; leave out one of the two"),
        (thinks and body.get("top_p", 1) < 0.95, "takes a top_p of at least 0.95 while it reasons; raise it"),
        (thinks and forced, "cannot be made to call a tool while it reasons; let tool_choice be auto"),
        (thinks and chat.prefix, "cannot continue an answer while it reasons; leave out reasoning_effort"),
        (chat.prefix and _format(chat), "cannot continue an answer that follows a schema"),
        (any(not word.strip() for word in chat.stop), "takes no stop sequence of white space alone"),
    )
    for conflict, remedy in conflicts:
        if conflict:
            raise Rejected(f"Claude {remedy}")


def _trim_open_end(turns: list[JSON]) -> None:
    """An assistant's turn at the end, which the model continues, may not end in white space."""
    if turns and turns[-1]["role"] == "assistant" and "text" in (last := turns[-1]["content"][-1]):
        last["text"] = last["text"].rstrip()


def _result(call_id: str, content: list[JSON]) -> JSON:
    return _without_none(type="tool_result", tool_use_id=_id(call_id), content=content or None)


def _call(call: ToolCall, arguments: JSON) -> JSON:
    return {"type": "tool_use", "id": _id(call.id), "name": call.name, "input": arguments}


def _id(name: str) -> str:
    """A tool call's id; another vendor's may hold signs that Anthropic refuses."""
    return NOT_IN_AN_ID.sub("_", name)


def _image(image: Image) -> JSON:
    if image.url:
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.data}}


WORDS = Words(
    name="Claude",
    text=lambda text: {"type": "text", "text": text},
    image=_image,
    call=_call,
    result=_result,
    is_result=lambda block: block["type"] == "tool_result",
    thoughts=lambda call: ((kept["at"], cast("JSON", kept["block"])) for kept in kept_in(call)),
)


def _tool(tool: Tool) -> JSON:
    schema = {"type": "object", **(tool.parameters or {"properties": {}})}
    return _without_none(name=tool.name, description=tool.description or None, input_schema=schema, strict=tool.strict)


def _tool_choice(chat: Chat) -> JSON | None:
    if not chat.tools:
        return None
    serial = {"disable_parallel_tool_use": True} if chat.parallel_tool_calls is False else {}
    match chat.tool_choice:
        case None:
            return {"type": "auto", **serial} if serial else None
        case NamedTool(name):
            return {"type": "tool", "name": name, **serial}
        case "none":
            return {"type": "none"}
        case choice:
            return {"type": TOOL_CHOICES[choice], **serial}


def _format(chat: Chat) -> JSON | None:
    """Structured output, the schema as it is: what the vendor cannot follow it refuses.

    https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    """
    wanted = chat.response_format
    return {"type": "json_schema", "schema": dict(wanted.schema)} if isinstance(wanted, JsonSchema) else None
