"""How Claude thinks: what is asked of it, and the thinking that it must see again with its tool calls.

https://platform.claude.com/docs/en/build-with-claude/thinking. Blocks of thinking are signed; when a tool's result is
sent back, they must stand, unchanged, where they stood. A tool call's `extra` keeps those that led to it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from pydantic import ConfigDict, Field, NonNegativeInt, TypeAdapter, ValidationError

from turnout.core.chat import JSON, Effort, ToolCall
from turnout.core.errors import Rejected

DIALECT = "anthropic_messages"
"""The key in a tool call's `extra`."""

SMALLEST_BUDGET = 1024
"""Tokens; the vendor takes no smaller budget, and it must be below `max_tokens`, which it is a part of."""

BUDGETS: dict[Effort, int] = {"minimal": 1024, "low": 4096, "medium": 10_240, "high": 24_576, "xhigh": 32_768}
"""Tokens. Above 32 768 the vendor advises against waiting for the answer on one connection."""

EFFORTS: dict[Effort, str] = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh"}

# The models up to 4.5 think within a budget of tokens, all later ones by effort; so the list of the former is closed.
THINKS_IN_BUDGET = re.compile(r"claude-(3|(opus|sonnet|haiku)-4-([015]\b|\d{8}))")

# Takes, instead of "disabled", "between_tools": the least that it thinks. A model that cannot do without refuses both.
# https://platform.claude.com/docs/en/models/sonnet-5-5/migration-guide
THINKS_BETWEEN_TOOLS = re.compile(r"claude-sonnet-5-5")


class Thinking(TypedDict):
    """A block of thinking; the text may be a summary, or empty, and is signed all the same."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinking(TypedDict):
    """A block of thinking that only the vendor can read."""

    type: Literal["redacted_thinking"]
    data: str


class Kept(TypedDict):
    """A block, and how many characters of the answer's text stand before it."""

    at: NonNegativeInt
    block: Annotated[Thinking | RedactedThinking, Field(discriminator="type")]


_KEPT = TypeAdapter(list[Kept], config=ConfigDict(defer_build=True))


def extra_of(thinking: Sequence[Kept]) -> Mapping[str, Any] | None:
    """The `extra` of the tool call that this thinking led to."""
    return {DIALECT: {"thinking": list(thinking)}} if thinking else None


def kept_in(call: ToolCall) -> list[Kept]:
    """What `extra_of` put there; nothing for a call that another dialect's model made. Raises Rejected if altered."""
    own = (call.extra or {}).get(DIALECT)
    if own is None:
        return []
    try:
        return _KEPT.validate_python(own["thinking"])
    except (ValidationError, KeyError, TypeError):
        raise Rejected(
            f"The extra_content of tool call {call.id!r} is not what was answered; send it unchanged"
        ) from None


def thinking_fields(effort: Effort | None, upstream: str, max_tokens: int) -> tuple[JSON | None, str | None]:
    """The body's `thinking` and `output_config.effort`.

    None of both without a wish, so that the model's own default holds. Raises Rejected where no budget fits.
    """
    if effort is None:
        return None, None
    if effort == "none":
        return {"type": "between_tools" if THINKS_BETWEEN_TOOLS.search(upstream) else "disabled"}, None
    if THINKS_IN_BUDGET.search(upstream):
        return {"type": "enabled", "budget_tokens": _budget(effort, max_tokens)}, None
    return {"type": "adaptive"}, EFFORTS[effort]


def _budget(effort: Effort, max_tokens: int) -> int:
    """At most half of what may be answered, so that thinking leaves room for words."""
    if max_tokens <= SMALLEST_BUDGET:
        raise Rejected(f"Claude reasons with max_tokens above {SMALLEST_BUDGET} only; raise it or leave it out")
    return min(BUDGETS[effort], max(SMALLEST_BUDGET, max_tokens // 2))
