"""The body of a generateContent request: https://ai.google.dev/api/generate-content#request-body."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic_core import from_json

from turnout.core.chat import JSON, Chat, Image, JsonSchema, Message, NamedTool, Part, Role, Text, Tool, ToolCall
from turnout.providers.dialects.gemini_families import Family, family_of

ROLES: dict[Role, str] = {"user": "user", "tool": "user", "assistant": "model"}

MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}

# Google wants to know the type of what it fetches, and takes these:
# https://ai.google.dev/gemini-api/docs/image-understanding#supported-formats
TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "heic": "image/heic",
    "heif": "image/heif",
}

# Where a client may have kept a signature: as we hand it out, and as Google's OpenAI endpoint does
# (https://ai.google.dev/gemini-api/docs/thought-signatures#openai).
SIGNATURE_KEYS = ("gemini", "google")

# What Google documents for calls that another model made, or that lost their signature:
# https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
NO_SIGNATURE = "skip_thought_signature_validator"


def body_of(chat: Chat, upstream: str) -> JSON:
    """The request's body. Google needs at least one turn, so system messages alone are sent as the user's."""
    family = family_of(upstream)
    system = [{"text": message.text} for message in chat.messages if message.role not in ROLES and message.text]
    turns = _turns(chat, family)
    return _present(
        systemInstruction={"parts": system} if system and turns else None,
        contents=turns or [{"role": "user", "parts": system}],
        tools=[{"functionDeclarations": [_declaration(tool) for tool in chat.tools]}] if chat.tools else None,
        toolConfig=_tool_config(chat) if chat.tools else None,
        generationConfig=_generation_config(chat, family),
    )


def _present(**fields: object) -> JSON:
    """Without what the client did not say; zeros and False are said."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _turns(chat: Chat, family: Family) -> list[JSON]:
    names = {call.id: call.name for message in chat.messages for call in message.tool_calls}
    turns: list[JSON] = []
    for message in chat.messages:
        if message.role in ROLES:
            _add(turns, ROLES[message.role], _parts(message, names, family))
    if chat.prefix:
        _add(turns, "model", [{"text": chat.prefix}])
    return turns


def _add(turns: list[JSON], role: str, parts: list[JSON]) -> None:
    """One more turn, or more of the last one: Google wants the roles to alternate, and no turn empty."""
    if turns and turns[-1]["role"] == role:
        turns[-1]["parts"].extend(parts)
    elif parts:
        turns.append({"role": role, "parts": parts})


def _parts(message: Message, names: Mapping[str, str], family: Family) -> list[JSON]:
    if message.role == "tool":
        return _result(message, names)
    refusal = [{"text": message.refusal}] if message.refusal else []
    return _media(message.parts) + refusal + _calls(message.tool_calls, family)


def _media(parts: Iterable[Part]) -> list[JSON]:
    return [_image(part) if isinstance(part, Image) else {"text": part.text} for part in parts if part != Text("")]


def _image(image: Image) -> JSON:
    if image.data:
        return {"inlineData": {"mimeType": image.media_type, "data": image.data}}
    return {"fileData": _present(fileUri=image.url, mimeType=image.media_type or _type_of(image.url))}


def _type_of(url: str) -> str:
    path = url.partition("#")[0].partition("?")[0]
    return TYPES.get(path.rpartition(".")[2].lower(), "")


def _calls(calls: tuple[ToolCall, ...], family: Family) -> list[JSON]:
    """Function calls; of those made at once only the first must be signed."""
    return [
        _present(
            functionCall=_present(id=call.id, name=call.name) | {"args": _arguments(call.arguments)},
            thoughtSignature=_signature(call) or (NO_SIGNATURE if family.signed and not place else None),
        )
        for place, call in enumerate(calls)
    ]


def _signature(call: ToolCall) -> str:
    extra = call.extra or {}
    found = (extra[key].get("thought_signature") for key in SIGNATURE_KEYS if isinstance(extra.get(key), Mapping))
    return next((signature for signature in found if isinstance(signature, str)), "")


def _result(message: Message, names: Mapping[str, str]) -> list[JSON]:
    """A tool's result. It names its function, which OpenAI's form leaves out, and is always an object."""
    name = names.get(message.tool_call_id) or message.name
    response = _present(id=message.tool_call_id, name=name) | {"response": _object(message.text, "result")}
    return [{"functionResponse": response}, *_media(part for part in message.parts if isinstance(part, Image))]


def _arguments(text: str) -> JSON:
    return _object(text, "arguments") if text.strip() else {}


def _object(text: str, name: str) -> JSON:
    """The JSON object that `text` is; else one that holds it under `name`. NaN is no JSON: that stays text."""
    try:
        value: Any = from_json(text, allow_inf_nan=False)
    except ValueError:
        value = None
    return cast("JSON", value) if isinstance(value, dict) else {name: text}


def _declaration(tool: Tool) -> JSON:
    return _present(name=tool.name, description=tool.description, parametersJsonSchema=tool.parameters)


def _tool_config(chat: Chat) -> JSON | None:
    """How functions may be called; VALIDATED is AUTO with arguments held to their schema.

    https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes
    """
    if isinstance(chat.tool_choice, NamedTool):
        return {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [chat.tool_choice.name]}}
    strict = any(tool.strict for tool in chat.tools)
    if strict and chat.tool_choice in {None, "auto"}:
        return {"functionCallingConfig": {"mode": "VALIDATED"}}
    return {"functionCallingConfig": {"mode": MODES[chat.tool_choice]}} if chat.tool_choice else None


def _generation_config(chat: Chat, family: Family) -> JSON:
    """https://ai.google.dev/api/generate-content#generationconfig ."""
    return _present(
        temperature=chat.temperature,
        topP=chat.top_p,
        maxOutputTokens=chat.max_tokens,
        stopSequences=list(chat.stop),
        seed=chat.seed,
        candidateCount=chat.n if chat.n > 1 else None,
        frequencyPenalty=chat.frequency_penalty,
        presencePenalty=chat.presence_penalty,
        responseLogprobs=chat.logprobs or None,
        logprobs=chat.top_logprobs if chat.logprobs else None,
        mediaResolution=_resolution(chat),
        thinkingConfig=family.thinking.get(chat.reasoning_effort) if chat.reasoning_effort else None,
        responseMimeType="application/json" if chat.response_format != "text" else None,
        responseJsonSchema=chat.response_format.schema if isinstance(chat.response_format, JsonSchema) else None,
    )


def _resolution(chat: Chat) -> str | None:
    """One setting for all pictures: high when one needs it, low when none needs more."""
    details = {part.detail for message in chat.messages for part in message.parts if isinstance(part, Image)}
    if "high" in details:
        return "MEDIA_RESOLUTION_HIGH"
    return "MEDIA_RESOLUTION_LOW" if details == {"low"} else None
