"""The reasoning that a model behind Bedrock must see again with its tool calls.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ReasoningContentBlock.html. A block may be signed,
and must stand, unchanged, where it stood. A tool call's `extra` keeps those that led to it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from pydantic import ConfigDict, NonNegativeInt, TypeAdapter, ValidationError

from turnout.core.chat import JSON, ToolCall
from turnout.core.errors import Rejected

DIALECT = "bedrock_converse"
"""The key in a tool call's `extra`."""

REDACTED = "[REDACTED]"
"""What Nova says in the place of its reasoning."""


class Kept(TypedDict):
    """A block, and how many characters of the answer's text stand before it."""

    at: NonNegativeInt
    block: JSON


_KEPT = TypeAdapter(list[Kept], config=ConfigDict(defer_build=True))


def reasoning_block(text: str, signature: str, redacted: str) -> JSON:
    """The block as it is sent back; `redacted` is base64 that only the model can read."""
    if redacted:
        return {"redactedContent": redacted}
    return {"reasoningText": {"text": text, "signature": signature} if signature else {"text": text}}


def extra_of(reasoning: Sequence[Kept]) -> Mapping[str, Any] | None:
    """The `extra` of the tool call that this reasoning led to."""
    return {DIALECT: {"reasoning": list(reasoning)}} if reasoning else None


def kept_in(call: ToolCall) -> list[Kept]:
    """What `extra_of` put there; nothing for a call that another dialect's model made. Raises Rejected if altered."""
    own = (call.extra or {}).get(DIALECT)
    if own is None:
        return []
    try:
        return _KEPT.validate_python(own["reasoning"])
    except (ValidationError, KeyError, TypeError):
        raise Rejected(
            f"The extra_content of tool call {call.id!r} is not what was answered; send it unchanged"
        ) from None
