"""What the model says: an echo, a JSON instance, a tool call or a tool's result, told by the chat alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import takewhile
from typing import Any

from pydantic_core import to_json

from local.simulators.mind import tokens
from local.simulators.mind.schema import instance
from turnout.core.chat import Chat, Image, JsonSchema, Message, NamedTool, Tool, ToolCall
from turnout.core.events import Choice, FinishReason

REASONING_TOKENS = {"none": 0, "minimal": 16, "low": 32, "medium": 64, "high": 128, "xhigh": 256}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer with what only the vendor knows of it: hidden tokens, and the stop sequence that ended it."""

    choice: Choice
    reasoning_tokens: int = 0
    stop: str = ""

    @property
    def tokens(self) -> int:
        """The tokens of what is shown."""
        calls = "".join(call.name + call.arguments for call in self.choice.tool_calls)
        return tokens.count(self.choice.text + self.choice.refusal) + tokens.count(calls)


def answers(chat: Chat) -> list[Said]:
    """One answer for each of `n`; the same chat always gets the same answers."""
    return [answer(chat, number) for number in range(chat.n)]


def answer(chat: Chat, number: int = 0) -> Said:
    """Answer `number`: thinks as the effort says, then calls tools or speaks, within `max_tokens`."""
    thinking = REASONING_TOKENS[chat.reasoning_effort or "none"]
    limit = chat.max_tokens
    if limit is not None and thinking >= limit:
        return Said(Choice(reasoning=thought(chat), finish="length"), limit)
    if calls := tool_calls(chat, number):
        return Said(Choice(reasoning=thought(chat), tool_calls=calls, finish="tool_calls"), thinking)
    text, finish, stop = bounded(text_of(chat, number), chat.stop, None if limit is None else limit - thinking)
    said = Choice(text=text, reasoning=thought(chat), finish=finish)
    said.logprobs = [logprob(token, chat.top_logprobs or 0) for token in tokens.split(text)] if chat.logprobs else []
    return Said(said, thinking, stop)


def text_of(chat: Chat, number: int) -> str:
    """The whole text; with a prefix, what is left to be said of it."""
    whole = formatted(chat, plain_text(chat) + (f" (answer {number + 1})" if number else ""))
    return whole.removeprefix(chat.prefix) if chat.prefix else whole


def plain_text(chat: Chat) -> str:
    """The echo of the last user turn, or of the tool results that came after it."""
    if results := trailing(chat.messages, "tool"):
        return "The tool said: " + "; ".join(turn.text for turn in results)
    asked = last_user(chat)
    pictures = sum(isinstance(part, Image) for part in asked.parts)
    seen = f" (with {pictures} image{'s' if pictures > 1 else ''})" if pictures else ""
    return f"You said: {asked.text}{seen}"


def formatted(chat: Chat, text: str) -> str:
    """The text as the response format wants it."""
    match chat.response_format:
        case "text":
            return text
        case "json_object":
            return to_json({"answer": text}).decode()
        case JsonSchema(schema=schema):
            return to_json(instance(schema)).decode()


def bounded(text: str, stops: Sequence[str], limit: int | None) -> tuple[str, FinishReason, str]:
    """The text up to the first stop sequence or the limit, whichever comes first, and what ended it."""
    found = {at: stop for stop in sorted(stops, key=len) if stop and (at := text.find(stop)) >= 0}
    end = min(found, default=len(text))
    pieces = tokens.split(text[:end])
    if limit is not None and len(pieces) > limit:
        return "".join(pieces[:limit]), "length", ""
    return text[:end], "stop", found.get(end, "")


def tool_calls(chat: Chat, number: int = 0) -> list[ToolCall]:
    """The calls that the chat asks for; after a tool's result none, unless one is required."""
    tools = asked_for(chat)
    if chat.parallel_tool_calls is False:
        tools = tools[:1]
    return [call(chat, tool, at, number) for at, tool in enumerate(tools)]


def asked_for(chat: Chat) -> Sequence[Tool]:
    """The tools to call: the forced one, or those that the prompt names, or the first where any will do."""
    if not chat.tools or chat.tool_choice == "none":
        return ()
    if isinstance(chat.tool_choice, NamedTool):
        return [tool for tool in chat.tools if tool.name == chat.tool_choice.name]
    if chat.tool_choice != "required" and trailing(chat.messages, "tool"):
        return ()
    prompt = last_user(chat).text
    named = [tool for tool in chat.tools if mentions(prompt, tool.name)]
    anyone = chat.tool_choice == "required" or mentions(prompt, "tool") or mentions(prompt, "tools")
    return named or (chat.tools[:1] if anyone else ())


def call(chat: Chat, tool: Tool, at: int, number: int = 0) -> ToolCall:
    """A call of `tool` with arguments that its schema allows; its id differs for every turn, place and answer."""
    seed = f"{len(chat.messages)}/{number}/{at}/{tool.name}/{last_user(chat).text}"
    arguments: Any = instance(tool.parameters) if tool.parameters else {}
    return ToolCall(sha256(seed.encode()).hexdigest()[:24], tool.name, to_json(arguments).decode())


def mentions(text: str, name: str) -> bool:
    """Whether `name` stands in `text` as a word."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def thought(chat: Chat) -> str:
    """What the model thinks before it speaks, if it is to think."""
    thinks = chat.reasoning_effort not in {None, "none"}
    return f"The user wrote {tokens.count(last_user(chat).text)} tokens; an echo will do." if thinks else ""


def last_user(chat: Chat) -> Message:
    """The user's last turn, or an empty one."""
    return next((turn for turn in reversed(chat.messages) if turn.role == "user"), Message("user"))


def trailing(messages: Sequence[Message], role: str) -> list[Message]:
    """The turns of `role` at the end, in their order."""
    return list(takewhile(lambda turn: turn.role == role, reversed(messages)))[::-1]


def logprob(token: str, alternatives: int) -> dict[str, Any]:
    """A token and how likely it was; the alternatives are ever less so."""
    one: dict[str, Any] = {"token": token, "logprob": -0.01, "bytes": list(token.encode())}
    others = [one | {"logprob": -0.01 - rank} for rank in range(alternatives)]
    return one | {"top_logprobs": others}


def forced_to_call(chat: Chat) -> Chat:
    """The same chat, asked in such a way that a tool gets called if there is one."""
    return replace(chat, tool_choice="required" if chat.tools else chat.tool_choice)
