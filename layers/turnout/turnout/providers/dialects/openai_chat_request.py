"""The request of OpenAI's chat completions, with what compatible vendors want otherwise.

https://platform.openai.com/docs/api-reference/chat/create. A vendor's `quirks` hold its documented differences:

| quirk           | value and meaning                                                                            |
| --------------- | -------------------------------------------------------------------------------------------- |
| any field       | the vendor's name for it, e.g. max_tokens = "max_completion_tokens", seed = "random_seed";   |
|                 | "omit" where it has none and the field asks nothing of the model, e.g. stream_options        |
| developer       | the role that stands for developer, e.g. "system"                                            |
| efforts         | the words that reasoning_effort may take, e.g. "low medium high"; the nearest one is sent    |
| reasoning_none  | "thinking_disabled": no effort is said as {"thinking": {"type": "disabled"}}                 |
| reasoning_again | the field in which an assistant's turn with tool calls must carry its reasoning again        |
| extra_content   | the key of `extra_content` on tool calls that the vendor wants to see again, e.g. "google"   |
| tool_id_length  | tool call ids must be letters and digits, so many                                            |
| prefix          | "prefix_flag": the start of an answer is marked with "prefix": true                          |
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, get_args

from turnout.core.chat import JSON, Chat, Effort, Image, JsonSchema, Message, NamedTool, Part, Text, Tool, ToolCall
from turnout.core.models import Model
from turnout.providers.dialects.protocol import WireRequest

type Quirks = Mapping[str, str]

PATH = "/chat/completions"
EXTRA_KEY = "openai_chat"
"""Under which `ToolCall.extra` holds what this dialect itself must say again."""
EFFORTS: tuple[Effort, ...] = get_args(Effort.__value__)


def request(chat: Chat, model: Model) -> WireRequest:
    """The request for this chat: what the client did not say is not sent."""
    quirks = model.vendor.quirks
    fields = {"model": model.upstream, "messages": _messages(chat, quirks), **_wishes(chat), **_effort(chat, quirks)}
    body = {quirks.get(name, name): value for name, value in fields.items() if value is not None}
    body.pop("omit", None)
    key = model.vendor.key
    return WireRequest(PATH, body, {"authorization": f"Bearer {key}"} if key else {})


def _wishes(chat: Chat) -> JSON:
    return {
        "tools": [_tool(tool) for tool in chat.tools] or None,
        "tool_choice": _tool_choice(chat.tool_choice),
        "parallel_tool_calls": chat.parallel_tool_calls,
        "response_format": _response_format(chat.response_format),
        "stop": list(chat.stop) or None,
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "max_tokens": chat.max_tokens,
        "seed": chat.seed,
        "n": chat.n if chat.n > 1 else None,
        "frequency_penalty": chat.frequency_penalty,
        "presence_penalty": chat.presence_penalty,
        "logit_bias": chat.logit_bias,
        "logprobs": chat.logprobs,
        "top_logprobs": chat.top_logprobs,
        "user": chat.user or None,
        "stream": chat.stream or None,
        "stream_options": {"include_usage": True} if chat.stream else None,
    }


def _effort(chat: Chat, quirks: Quirks) -> JSON:
    wish = chat.reasoning_effort
    if wish is None:
        return {}
    if wish == "none" and quirks.get("reasoning_none") == "thinking_disabled":
        return {"thinking": {"type": "disabled"}}
    known = [effort for effort in EFFORTS if effort in quirks.get("efforts", wish).split()]
    rank = EFFORTS.index
    return {"reasoning_effort": min(known, key=lambda effort: (abs(rank(effort) - rank(wish)), -rank(effort)))}


def _messages(chat: Chat, quirks: Quirks) -> list[JSON]:
    turns = [_message(message, quirks) for message in chat.messages]
    if chat.prefix:
        flag = {"prefix": True} if quirks.get("prefix") == "prefix_flag" else {}
        turns.append({"role": "assistant", "content": chat.prefix, **flag})
    return turns


def _message(message: Message, quirks: Quirks) -> JSON:
    optional = {
        "name": message.name,
        "tool_calls": [_tool_call(call, quirks) for call in message.tool_calls],
        "tool_call_id": _tool_id(message.tool_call_id, quirks),
        **_reasoning_again(message, quirks),
    }
    role = quirks.get("developer", message.role) if message.role == "developer" else message.role
    return {"role": role, "content": _content(message)} | {name: value for name, value in optional.items() if value}


def _content(message: Message) -> str | list[JSON] | None:
    """Text alone goes as a string, which every vendor takes. A refusal goes as what it is: the assistant's words."""
    if any(isinstance(part, Image) for part in message.parts):
        return [_part(part) for part in message.parts]
    return message.text or message.refusal or (None if message.tool_calls else "")


def _part(part: Part) -> JSON:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Image():
            url = part.url or f"data:{part.media_type};base64,{part.data}"
            detail = {} if part.detail == "auto" else {"detail": part.detail}
            return {"type": "image_url", "image_url": {"url": url, **detail}}


def _tool_call(call: ToolCall, quirks: Quirks) -> JSON:
    key = quirks.get("extra_content", "")
    extra = {"extra_content": {key: call.extra[key]}} if call.extra and key in call.extra else {}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": _tool_id(call.id, quirks), "type": "function", "function": function, **extra}


def _tool_id(ours: str, quirks: Quirks) -> str:
    """The id itself, or, where the vendor would refuse it, one that always comes out the same for it."""
    length = int(quirks.get("tool_id_length", 0))
    if not ours or not length or re.fullmatch(f"[A-Za-z0-9]{{{length}}}", ours):
        return ours
    return sha256(ours.encode()).hexdigest()[:length]


def _reasoning_again(message: Message, quirks: Quirks) -> JSON:
    """E.g. https://api-docs.deepseek.com/guides/thinking_mode: a turn with tool calls is refused without it."""
    field = quirks.get("reasoning_again")
    kept = [call.extra[EXTRA_KEY] for call in message.tool_calls if call.extra and EXTRA_KEY in call.extra]
    return {field: kept[0].get("reasoning")} if field and kept else {}


def _tool(tool: Tool) -> JSON:
    function: JSON = {"name": tool.name, "parameters": tool.parameters or {"type": "object", "properties": {}}}
    return {"type": "function", "function": function | _said(description=tool.description or None, strict=tool.strict)}


def _tool_choice(choice: str | NamedTool | None) -> str | JSON | None:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def _response_format(wish: str | JsonSchema) -> JSON | None:
    if isinstance(wish, JsonSchema):
        optional = _said(description=wish.description or None, strict=wish.strict)
        return {"type": "json_schema", "json_schema": {"name": wish.name, "schema": wish.schema, **optional}}
    return None if wish == "text" else {"type": wish}


def _said(**fields: Any) -> JSON:
    return {name: value for name, value in fields.items() if value is not None}
