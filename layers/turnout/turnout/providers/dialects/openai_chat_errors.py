"""What vendors of OpenAI's format say when they fail, with a status of 400 and above or within an answer."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic_core import from_json

from turnout.core.errors import VendorError
from turnout.providers.dialects.failures import failure, plain_text

IN_BAND: dict[str, int] = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "content_filter": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 503,
    "unavailable_error": 503,
}
"""The status that goes with a vendor's word for an error after a status of 200; any other word is its own fault."""


def error(status: int, headers: Mapping[str, str], body: bytes) -> VendorError:
    """What a status of 400 and above means. Never raises, and never shows HTML."""
    try:
        message, codes = _complaint(from_json(body))
    except ValueError:
        message, codes = plain_text(body), ()
    return failure(status, headers, message, " ".join(codes))


def in_band(body: Any) -> VendorError:
    """The error for an error object within an answer."""
    message, codes = _complaint(body)
    known = (int(code) if len(code) == 3 and code.isdecimal() else IN_BAND.get(code, 0) for code in codes)
    status = next((code for code in known if 400 <= code <= 599), 500)
    return failure(status, {}, message, " ".join(codes))


def _complaint(body: Any) -> tuple[str, tuple[str, ...]]:
    """The vendor's words for people and its words for programs, the narrowest first.

    Objects of OpenAI, the same in a list (Google), a string with a code beside it (xAI), at the top (Mistral), or a
    list of what does not validate under `detail` (Mistral, and servers made with FastAPI).
    """
    match body:
        case str():
            return body, ()
        case [first, *_]:
            return _complaint(first)
        case dict():
            told = cast("dict[str, Any]", body)
            if isinstance(told.get("error"), dict | list):
                return _complaint(told["error"])
            words = told.get("error") or told.get("message") or told.get("detail")
            codes = (told.get(name) for name in ("code", "type", "status"))
            return _sentence(words), tuple(str(code) for code in codes if isinstance(code, str | int))
        case _:
            return "", ()


def _sentence(words: Any) -> str:
    match words:
        case str():
            return words
        case {"detail": detail}:
            return _sentence(detail)
        case {"loc": [*where], "msg": str(what)}:
            return f"{'.'.join(map(str, where))}: {what}"
        case [*several]:
            return "; ".join(filter(None, map(_sentence, several)))
        case _:
            return ""
