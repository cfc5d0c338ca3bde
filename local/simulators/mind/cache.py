"""A prompt cache as vendors have one: long prefixes that were sent before are remembered, in blocks."""

from collections import OrderedDict
from dataclasses import dataclass, field

from pydantic_core import to_json

from local.simulators.mind import tokens
from turnout.core.chat import Chat

SHORTEST = 1024
"""Tokens below which nothing is cached (https://platform.openai.com/docs/guides/prompt-caching)."""
BLOCK = 128
ENTRIES = 4096


@dataclass(slots=True)
class PromptCache:
    """Remembers prefixes of prompts by model, the least lately used forgotten first."""

    _seen: OrderedDict[int, None] = field(default_factory=OrderedDict[int, None])

    def read(self, model: str, chat: Chat) -> int:
        """How many tokens of this prompt's start are already known: 0, or a multiple of 128 from 1024 on."""
        blocks = blocks_of(model, chat)
        known = next((length for length, key in reversed(blocks) if key in self._seen), 0)
        for _, key in blocks:
            self._remember(key)
        return known

    def _remember(self, key: int) -> None:
        self._seen[key] = None
        self._seen.move_to_end(key)
        if len(self._seen) > ENTRIES:
            self._seen.popitem(last=False)


def cacheable(chat: Chat) -> int:
    """How many tokens of the prompt a cache can hold."""
    whole = len(tokens.split(as_text(chat)))
    return whole // BLOCK * BLOCK if whole >= SHORTEST else 0


def blocks_of(model: str, chat: Chat) -> list[tuple[int, int]]:
    """(length in tokens, key) of each prefix that can be cached, shortest first."""
    pieces = tokens.split(as_text(chat))
    key, blocks = hash(model), list[tuple[int, int]]()
    for end in range(BLOCK, len(pieces) + 1, BLOCK):
        key = hash((key, *pieces[end - BLOCK : end]))
        if end >= SHORTEST:
            blocks.append((end, key))
    return blocks


def as_text(chat: Chat) -> str:
    """The prompt in the order in which vendors cache it: tools, then the turns."""
    turns = [f"{turn.role}: {turn.text}{[call.arguments for call in turn.tool_calls]}" for turn in chat.messages]
    return "\n".join([to_json(chat.tools).decode() if chat.tools else "", *turns])
