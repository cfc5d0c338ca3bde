"""A conversation as turns of blocks, as Anthropic's Messages and Bedrock's Converse take it; each has its own words.

Instructions are hoisted out of the turns, user and assistant speak in turn, and every tool call has its result at the
start of the next turn.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import cast

from pydantic_core import from_json

from turnout.core.chat import JSON, Chat, Image, Message, Part, ToolCall
from turnout.core.errors import Rejected
from turnout.core.frozen import frozen

INSTRUCTIONS = frozenset({"system", "developer"})


@frozen
class Words:
    """How a format says a block. `thoughts` are those that led to a call, each with where it stood in the text.

    `is_result` knows the blocks that `result` has made; `name` is the vendor's, for errors.
    """

    name: str
    text: Callable[[str], JSON]
    image: Callable[[Image], JSON]
    call: Callable[[ToolCall, JSON], JSON]
    result: Callable[[str, list[JSON]], JSON]
    is_result: Callable[[JSON], bool]
    thoughts: Callable[[ToolCall], Iterable[tuple[int, JSON]]]

    def said(self, chat: Chat) -> tuple[list[JSON], list[JSON]]:
        """The instructions and the turns. Instructions alone are said by the user, since there must be a turn.

        Raises Rejected for what the format cannot say.
        """
        instructions = (message for message in chat.messages if message.role in INSTRUCTIONS)
        system = [block for message in instructions for block in self._blocks(message.parts)]
        turns = self._turns(chat)
        return (system, turns) if turns or not system else ([], [{"role": "user", "content": system}])

    def _turns(self, chat: Chat) -> list[JSON]:
        """User and assistant in turn: neighbours of one role are merged, tool results come first in theirs."""
        turns = [message for message in chat.messages if message.role not in INSTRUCTIONS]
        said = [(_role(message), self._content(message)) for message in turns]
        said.append(("assistant", self._texts(chat.prefix)))
        runs = groupby((turn for turn in said if turn[1]), key=lambda turn: turn[0])
        return [{"role": role, "content": self._merged(content for _, content in run)} for role, run in runs]

    def _merged(self, contents: Iterable[list[JSON]]) -> list[JSON]:
        return sorted((block for content in contents for block in content), key=lambda block: not self.is_result(block))

    def _content(self, message: Message) -> list[JSON]:
        if message.role == "tool":
            return [self.result(message.tool_call_id, self._blocks(message.parts))]
        return list(self._assistant(message)) if message.role == "assistant" else self._blocks(message.parts)

    def _assistant(self, message: Message) -> Iterator[JSON]:
        """Text and tool calls, and the thoughts that led to them, each block where it stood in the text."""
        text, at = message.text + message.refusal, 0
        for call in message.tool_calls:
            for place, thought in self.thoughts(call):
                yield from self._texts(text[at:place])
                at = max(at, place)
                yield thought
            yield from self._texts(text[at:])
            at = len(text)
            yield self.call(call, self._arguments(call))
        yield from self._texts(text[at:])

    def _arguments(self, call: ToolCall) -> JSON:
        try:
            arguments: object = from_json(call.arguments or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise Rejected(
                f"{self.name} takes a tool call's arguments as a JSON object, and those of {call.id!r} are none"
            )
        return cast("JSON", arguments)

    def _blocks(self, parts: Iterable[Part]) -> list[JSON]:
        said = ([self.image(part)] if isinstance(part, Image) else self._texts(part.text) for part in parts)
        return [block for blocks in said for block in blocks]

    def _texts(self, text: str) -> list[JSON]:
        """One block, or none: the vendors refuse a text without anything in it."""
        return [self.text(text)] if text.strip() else []


def _role(message: Message) -> str:
    return "assistant" if message.role == "assistant" else "user"
