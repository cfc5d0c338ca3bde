"""How a report says things: what a metric is called, and its values with their units."""

import math
from collections.abc import Callable, Mapping

MINUS = "\N{MINUS SIGN}"
"""As wide as a plus, and never at the end of a line without its number."""

LABELS: Mapping[str, str] = {
    "latency_ms": "latency",
    "first_token_ms": "time to first token",
    "error_rate": "error rate",
    "cost_usd": "cost of a call",
    "feedback": "feedback",
    "judge": "judged quality",
    "cut": "share of cut answers",
    "refused": "share of refusals",
    "bad_json": "share of bad JSON",
    "bad_tools": "share of bad tool calls",
    "quality": "quality",
    "success": "success",
}
"""What a metric is called in a sentence."""


def told(metric: str, value: float) -> str:
    """A value with its unit."""
    if metric.endswith("_ms"):
        return seconds(value)
    return usd(value) if metric.endswith("_usd") else percent(value)


def percent(share: float, places: int = 1) -> str:
    """A share of 1."""
    return f"{100 * share:.{places}f}%".replace("-", MINUS)


def seconds(ms: float) -> str:
    """A time in the unit that suits it."""
    return (f"{ms / 1000:,.2f} s" if abs(ms) >= 1000 else f"{ms:,.0f} ms").replace("-", MINUS)


def usd(amount: float) -> str:
    """An amount with about three digits that say something."""
    size = abs(amount)
    places = 2 if size >= 1 or not size else min(8, 2 - math.floor(math.log10(size)))
    return f"{MINUS if amount < 0 else ''}${size:,.{places}f}"


def signed(value: float, told_: Callable[[float], str]) -> str:
    """A change, with its sign; a plain 0."""
    return f"{'+' if value > 0 else ''}{told_(value)}" if value else "0"


def plural(number: int, noun: str) -> str:
    """1 task, 2 tasks."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
