"""Reading `generateContent` and `streamGenerateContent` as Google does, into a neutral chat."""

import re
from collections.abc import Iterator
from typing import Literal, cast

from pydantic_core import ErrorDetails, to_json

from local.simulators.personas.gemini.fields import Body, Content, Declaration, GenerationConfig
from local.simulators.personas.gemini.fields import Part as GooglePart
from local.simulators.personas.gemini.rules import check
from local.simulators.personas.protocol import Asked, Question, Refused
from local.simulators.personas.reading import checked, dotted, effort_of
from turnout.core.chat import Chat, Effort, Image, JsonSchema, Message, NamedTool, Part, Role, Text, Tool, ToolCall

MODELS_PATH: str = "/v1beta/models"
CHAT_PATH = re.compile(r"/v1(?:beta)?/models/([\w.-]+):(generateContent|streamGenerateContent)")
ROLES: dict[str, Role] = {"user": "user", "model": "assistant", "function": "user"}


def key(asked: Asked) -> str:
    """The API key, in the header or the query."""
    return asked.headers.get("x-goog-api-key", "").strip() or asked.query.get("key", "")


def read(asked: Asked) -> Question:
    """The question. Raises Refused."""
    found = CHAT_PATH.fullmatch(asked.path)
    if asked.method != "POST" or not found:
        raise Refused("unknown_path")
    model, method = found.groups()
    if not key(asked):
        raise Refused("no_key")
    stream = method == "streamGenerateContent"
    if stream and asked.query.get("alt") != "sse":
        raise Refused("invalid_body", "This simulator streams server-sent events only: add ?alt=sse.")
    body = checked(Body, asked.body, complaint)
    check(body, model)
    thinking = body.generation_config.thinking_config
    return Question(chat_of(body, stream), model, thoughts=bool(thinking and thinking.include_thoughts))


def complaint(error: ErrorDetails) -> tuple[str, str]:
    """The vendor's words for the commonest mistakes."""
    *path, name = error["loc"]
    within = f" at '{'.'.join(map(str, path))}'" if path else ""
    words = {
        "extra_forbidden": f'Invalid JSON payload received. Unknown name "{name}"{within}: Cannot find field.',
        "missing": f"* GenerateContentRequest.{dotted(error)}: {name} is not specified",
    }
    return words.get(error["type"], f"Invalid value at '{dotted(error)}': {error['msg']}"), dotted(error)


def chat_of(body: Body, stream: bool) -> Chat:
    """The neutral chat; a turn of the model's at the end is the start of the answer."""
    system = [body.system_instruction] if body.system_instruction else []
    turns = [Message("system", tuple(parts_of(content))) for content in system]
    turns += [message for content in body.contents for message in messages_of(content)]
    prefix = turns.pop().text if turns[-1].role == "assistant" else ""
    config = body.generation_config
    tools, choice = tools_of(body)
    return Chat(
        messages=tuple(turns),
        prefix=prefix,
        stream=stream,
        tools=tools,
        tool_choice=choice,
        response_format=format_of(config),
        stop=tuple(config.stop_sequences or ()),
        max_tokens=config.max_output_tokens,
        seed=config.seed,
        n=config.candidate_count or 1,
        reasoning_effort=effort(config),
    )


def effort(config: GenerationConfig) -> Effort | None:
    """How hard to think, by level or by budget."""
    thinking = config.thinking_config
    if thinking is None:
        return None
    level = cast("Effort | None", thinking.thinking_level and thinking.thinking_level.lower())
    return level or effort_of(thinking.thinking_budget)


def tools_of(body: Body) -> tuple[tuple[Tool, ...], Literal["auto", "none", "required"] | NamedTool | None]:
    """The functions that may be called, and whether one must be."""
    offered = [tool_of(one) for tools in body.tools for one in tools.function_declarations]
    config = body.tool_config.function_calling_config if body.tool_config else None
    if config is None or config.mode in {"AUTO", "VALIDATED", "MODE_UNSPECIFIED"}:
        return tuple(offered), "auto" if config else None
    if config.mode == "NONE":
        return tuple(offered), "none"
    allowed = config.allowed_function_names or [tool.name for tool in offered]
    left = tuple(tool for tool in offered if tool.name in allowed)
    return left, NamedTool(left[0].name) if len(left) == 1 else "required"


def tool_of(one: Declaration) -> Tool:
    """One function."""
    return Tool(one.name, one.description, one.parameters_json_schema or one.parameters)


def format_of(config: GenerationConfig) -> Literal["text", "json_object"] | JsonSchema:
    """The response format."""
    schema = config.response_json_schema or config.response_schema
    if schema:
        return JsonSchema("answer", schema)
    return "json_object" if config.response_mime_type == "application/json" else "text"


def messages_of(content: Content) -> Iterator[Message]:
    """The neutral turns in one turn: each function's answer is one, before the rest."""
    for part in content.parts:
        if answered := part.function_response:
            yield Message("tool", (Text(to_json(answered.response).decode()),), tool_call_id=answered.id)
    calls = tuple(
        ToolCall(part.function_call.id, part.function_call.name, to_json(part.function_call.args or {}).decode())
        for part in content.parts
        if part.function_call
    )
    parts = tuple(parts_of(content))
    if parts or calls:
        yield Message(ROLES[content.role], parts, tool_calls=calls)


def parts_of(content: Content) -> Iterator[Part]:
    """Texts and pictures, no thoughts."""
    for part in content.parts:
        if picture := picture_of(part):
            yield picture
        elif part.text and not part.thought:
            yield Text(part.text)


def picture_of(part: GooglePart) -> Image | None:
    """The picture, if the part is one."""
    if part.inline_data:
        return Image(data=part.inline_data.data, media_type=part.inline_data.mime_type)
    return Image(url=part.file_data.file_uri, media_type=part.file_data.mime_type) if part.file_data else None
