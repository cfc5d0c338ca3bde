"""Counting tokens the simulators' way: a token is a word of up to eight characters with the space before it."""

import re

from pydantic_core import to_json

from turnout.core.chat import Chat, Image, Message

TOKEN = re.compile(r"\s*(?:\w{1,8}|[^\w\s])|\s+")
PER_IMAGE = 256
PER_MESSAGE = 3


def split(text: str) -> list[str]:
    """The tokens of `text`; joined they are the text again."""
    return TOKEN.findall(text)


def count(text: str) -> int:
    """How many tokens `text` has."""
    return len(split(text))


def of_message(message: Message) -> int:
    """The tokens of one turn: its text and calls, 256 for each picture and 3 for the turn itself."""
    images = sum(isinstance(part, Image) for part in message.parts)
    calls = "".join(call.name + call.arguments for call in message.tool_calls)
    return PER_MESSAGE + PER_IMAGE * images + count(message.text) + count(calls)


def of_prompt(chat: Chat) -> int:
    """The tokens of all turns, of the start of the answer where one is given, and of the tools."""
    tools = sum(count(f"{tool.name} {tool.description} {to_json(tool.parameters).decode()}") for tool in chat.tools)
    return sum(map(of_message, chat.messages)) + count(chat.prefix) + tools
