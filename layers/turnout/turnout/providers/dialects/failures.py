"""What a vendor's failing status means: one table for all dialects. The status decides before the text."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from turnout.core import errors

BY_STATUS: dict[int, type[errors.VendorError]] = {
    400: errors.Rejected,
    401: errors.AccessDenied,
    402: errors.QuotaExhausted,
    403: errors.AccessDenied,
    404: errors.ModelMissing,
    408: errors.Overloaded,
    409: errors.Overloaded,
    413: errors.Oversized,
    422: errors.Rejected,
    425: errors.Overloaded,
    429: errors.Throttled,
}

# Statuses under which a vendor may mean something narrower, told by its own code or, at last, its words.
NARROWER: dict[int, tuple[tuple[re.Pattern[str], type[errors.VendorError]], ...]] = {
    400: (
        (
            re.compile(
                r"context_length|context length|context window|maximum context|prompt is too long|too many tokens"
                r"|token count .* exceeds|exceed.{0,20}context limit",
                re.IGNORECASE,
            ),
            errors.ContextTooLong,
        ),
        (re.compile(r"content_filter|content management policy|safety system", re.IGNORECASE), errors.Blocked),
        (
            re.compile(r"credit balance|insufficient_quota|billing", re.IGNORECASE),
            errors.QuotaExhausted,
        ),
        (re.compile(r"api key not valid|api_key_invalid|invalid api key", re.IGNORECASE), errors.AccessDenied),
    ),
    413: ((re.compile(r"prompt is too long|context", re.IGNORECASE), errors.ContextTooLong),),
    429: (
        (
            re.compile(r"insufficient_quota|exceeded your current quota|credit|billing|quota.{0,40}(day|month)", re.I),
            errors.QuotaExhausted,
        ),
    ),
}


def failure(
    status: int,
    headers: Mapping[str, str],
    message: str,
    code: str = "",
    kind: type[errors.VendorError] | None = None,
) -> errors.VendorError:
    """The error for `status`; `code` is the vendor's own word for it, `message` its text for people.

    `kind` is for a dialect that knows better, from a field of the vendor's error that its text does not tell.
    """
    return (kind or kind_of(status, f"{code} {message}"))(
        f"The vendor answered {status}: {message or 'no reason given'}",
        vendor_status=status,
        vendor_message=message,
        retry_after=retry_after(headers, datetime.now(UTC)),
    )


def kind_of(status: int, text: str) -> type[errors.VendorError]:
    """The class for a status, narrowed by text only where that status is ambiguous."""
    for pattern, kind in NARROWER.get(status, ()):
        if pattern.search(text):
            return kind
    if status in BY_STATUS:
        return BY_STATUS[status]
    return errors.Overloaded if status >= 500 else errors.Rejected


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from `Retry-After` (RFC 9110, 10.2.3: seconds or a date) or OpenAI's `retry-after-ms`.

    `headers` has lower-case names. A value that is neither counts as none, a date that has passed as 0.
    """
    if milliseconds := _number(headers.get("retry-after-ms", "")):
        return milliseconds / 1000
    value = headers.get("retry-after", "").strip()
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text.strip()) else None
