"""What a key has left, as headers: those of OpenAI for requests and tokens, and ours for money.

https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
"""

from collections.abc import Iterator

from turnout.core.allowance import Left, Rate
from turnout.core.errors import TurnoutError
from turnout.core.refused import Limited


def headers(left: Left) -> Iterator[tuple[str, str]]:
    """Of what is limited alone."""
    for name, rate in (("requests", left.requests), ("tokens", left.tokens)):
        if rate:
            yield from _rate(name, rate)
    if left.usd is not None:
        yield "x-turnout-budget-left-usd", f"{left.usd:.6f}"


def refused(error: TurnoutError) -> Iterator[tuple[str, str]]:
    """Whose limit a 429 is about, and whether OpenAI's SDKs should bother to send it again."""
    if error.http_status != 429:
        return
    yield "x-turnout-limited-by", error.by if isinstance(error, Limited) else "vendor"
    if isinstance(error, Limited) and not error.curable:
        yield "x-should-retry", "false"


def _rate(name: str, rate: Rate) -> Iterator[tuple[str, str]]:
    yield f"x-ratelimit-limit-{name}", str(rate.limit)
    yield f"x-ratelimit-remaining-{name}", str(rate.left)
    yield f"x-ratelimit-reset-{name}", span(rate.reset)


def span(seconds: float) -> str:
    """As OpenAI writes it: `6m0s`, `1.5s`, `20ms`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
