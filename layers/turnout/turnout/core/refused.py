"""What a key is told that may do what it asks, but not now: its budget is spent, or it asks too often.

Part of the tree in `core/errors.py`: RequestError ← Limited ← OverBudget, RateLimited; TurnoutError ← AllowanceUnknown.
"""

from typing import Literal

from turnout.core.errors import RequestError, TurnoutError

type LimitedBy = Literal["budget", "requests", "tokens", "concurrent"]


class Limited(RequestError):
    """Our own 429. `by` is which limit; `curable` whether the very same request may pass after `retry_after`."""

    status = 429

    def __init__(
        self, message: str, by: LimitedBy = "requests", wait: float | None = None, *, curable: bool = True
    ) -> None:
        super().__init__(message)
        self.by: LimitedBy = by
        self.curable = curable
        self._wait = wait

    @property
    def retry_after(self) -> float | None:
        """Seconds until there is room for it, None when that cannot be told."""
        return self._wait


class OverBudget(Limited):
    """The budget of a key or of a tag has no room for what the request may cost."""

    type = "insufficient_quota"
    code = "insufficient_quota"

    def __init__(self, message: str) -> None:
        super().__init__(message, "budget", curable=False)


class RateLimited(Limited):
    """Too many requests or tokens a minute, or too many requests at once.

    https://platform.openai.com/docs/guides/rate-limits
    """

    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class AllowanceUnknown(TurnoutError):
    """What the key has used cannot be told, since DynamoDB does not answer; and the key is to be refused then."""

    status = 503
    code = "allowance_unknown"
