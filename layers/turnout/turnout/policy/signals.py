"""Signals of quality that cost nothing: what can be seen of a whole answer without asking anybody.

Each is a series of its own in the rollups (`rollup.SERIES`), and is only looked for where it could be: an answer that
was cut or refused is not also counted as bad JSON.
"""

from collections.abc import Iterable
from typing import Any

from pydantic_core import from_json

from turnout.core.chat import Chat, JsonSchema, Tool, ToolCall
from turnout.core.events import Answer, Choice
from turnout.policy.json_schema import follows


def signals(chat: Chat, answer: Answer) -> dict[str, bool]:
    """The checks that this answer was put to, and whether each found something wrong in any of its choices."""
    choices = list(answer.choices.values())
    found = {"cut": any(one.finish == "length" for one in choices), "refused": any(map(_refused, choices))}
    written = [one.text for one in choices if one.finish == "stop" and not one.tool_calls and not _refused(one)]
    calls = [call for one in choices if one.finish == "tool_calls" for call in one.tool_calls]
    if chat.response_format != "text" and written:
        found["bad_json"] = not all(_follows(chat, text) for text in written)
    if calls:
        found["bad_tools"] = not all(_callable(chat.tools, call) for call in calls)
    return found


def _refused(choice: Choice) -> bool:
    return bool(choice.refusal) or choice.finish == "content_filter"


def _follows(chat: Chat, text: str) -> bool:
    try:
        value = _read(text)
    except ValueError:
        return False
    wanted = chat.response_format
    return follows(wanted.schema, value) if isinstance(wanted, JsonSchema) else isinstance(value, dict)


def _callable(tools: Iterable[Tool], call: ToolCall) -> bool:
    """Whether there is such a tool and the arguments are an object that its schema allows."""
    tool = next((tool for tool in tools if tool.name == call.name), None)
    try:
        arguments = _read(call.arguments or "{}")
    except ValueError:
        return False
    return tool is not None and isinstance(arguments, dict) and follows(tool.parameters or {}, arguments)


def _read(text: str) -> Any:
    return from_json(text, allow_inf_nan=False)
