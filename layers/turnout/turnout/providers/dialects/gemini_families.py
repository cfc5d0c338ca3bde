"""What differs between families of Gemini models on the wire, found by the start of the model's id.

Levels and budgets: https://ai.google.dev/gemini-api/docs/thinking, and for their match with OpenAI's efforts
https://ai.google.dev/gemini-api/docs/openai#thinking. Thinking can be turned off for 2.5 Flash alone; elsewhere
`none` is the least that the family can do, and `xhigh` everywhere the most.
"""

from collections.abc import Mapping
from dataclasses import field

from turnout.core.chat import JSON, Effort
from turnout.core.frozen import frozen

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh")


@frozen
class Family:
    """`thinking`: the thinkingConfig for each effort. `signed`: refuses a function call without a signature."""

    thinking: Mapping[Effort, JSON] = field(default_factory=dict[Effort, JSON])
    signed: bool = False


def _levels(*levels: str) -> Family:
    return Family(
        {effort: {"thinkingLevel": level} for effort, level in zip(EFFORTS, levels, strict=True)}, signed=True
    )


def _budgets(*tokens: int) -> Family:
    return Family({effort: {"thinkingBudget": budget} for effort, budget in zip(EFFORTS, tokens, strict=True)})


FROM_MINIMAL = _levels("MINIMAL", "MINIMAL", "LOW", "MEDIUM", "HIGH", "HIGH")
LOW_OR_HIGH = _levels("LOW", "LOW", "LOW", "HIGH", "HIGH", "HIGH")
FROM_LOW = _levels("LOW", "LOW", "LOW", "MEDIUM", "HIGH", "HIGH")

# The first prefix that fits is taken; the last one is for whatever is newer, `gemini-flash-latest` too.
FAMILIES: tuple[tuple[str, Family], ...] = (
    ("gemma-", Family()),
    ("gemini-2.0", Family()),
    ("gemini-2.5-pro", _budgets(128, 1024, 1024, 8192, 24576, 32768)),
    ("gemini-2.5", _budgets(0, 1024, 1024, 8192, 24576, 24576)),
    ("gemini-3-pro", LOW_OR_HIGH),
    ("gemini-3-flash", FROM_MINIMAL),
    ("gemini-3.1-flash-lite", FROM_MINIMAL),
    ("gemini-3.5-flash", FROM_MINIMAL),
    ("", FROM_LOW),
)


def family_of(upstream: str) -> Family:
    """The family of a model, by Google's id for it."""
    return next(family for prefix, family in FAMILIES if upstream.startswith(prefix))
