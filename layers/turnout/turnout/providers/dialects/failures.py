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


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


TOO_LONG = _pattern(
    r"context_length|context length|context window|maximum context|prompt is too long|too many tokens",
    r"token count .* exceeds|exceed.{0,20}context limit",
    r"exceed_context_size|available context size",  # llama.cpp
    r"maximum prompt length",  # xAI
)
NOT_ALLOWED = _pattern(
    r"content_filter|content management policy|safety system|content_policy_violation",
    r"prompt was flagged",  # OpenAI's invalid_prompt
    r"content exists risk",  # DeepSeek
    r"violates? usage guidelines|safety_check",  # xAI
)
NO_MODEL = _pattern(r"model_not_found|invalid_model|invalid model\b|model not exist|model \S+ does not exist")

# Statuses under which a vendor may mean something narrower, told by its own code or, at last, its words.
NARROWER: dict[int, tuple[tuple[re.Pattern[str], type[errors.VendorError]], ...]] = {
    400: (
        (TOO_LONG, errors.ContextTooLong),
        (NOT_ALLOWED, errors.Blocked),
        (_pattern(r"credit balance|insufficient_quota|billing"), errors.QuotaExhausted),
        (_pattern(r"api key not valid|api_key_invalid|(invalid|incorrect) api key"), errors.AccessDenied),
        (NO_MODEL, errors.ModelMissing),  # Mistral, DeepSeek
    ),
    403: (
        (NOT_ALLOWED, errors.Blocked),  # xAI
        (_pattern(r"\bcredits\b|spending limit"), errors.QuotaExhausted),  # xAI
        (NO_MODEL, errors.ModelMissing),  # OpenAI, for a model that the project may not use
    ),
    413: ((_pattern(r"prompt is too long|context"), errors.ContextTooLong),),
    429: (
        # OpenAI's text for a rate limit may go on to say where billing is set up.
        (_pattern(r"rate_limit_exceeded|rate limit reached"), errors.Throttled),
        (
            _pattern(r"insufficient_quota|exceeded your current quota|credit|billing|quota.{0,40}(day|month)"),
            errors.QuotaExhausted,
        ),
    ),
}

LONGEST_MESSAGE = 1000
"""Characters of a vendor's message that are kept."""


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
    message = message.strip()[:LONGEST_MESSAGE]
    return (kind or kind_of(status, f"{code} {message}"))(
        f"The vendor answered {status}: {message or 'no reason given'}",
        vendor_status=status,
        vendor_message=message,
        retry_after=retry_after(headers, datetime.now(UTC)),
    )


def plain_text(body: bytes) -> str:
    """A body that is in no format of the vendor's, on one line; of HTML, which proxies send, only that it is HTML."""
    text = " ".join(body.decode(errors="replace").split())
    return "an HTML page instead of a reason" if text.startswith("<") else text


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
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "").strip()
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None


def _number(text: str) -> float | None:
    text = text.strip()  # which takes more for white space than float() does
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) else None
