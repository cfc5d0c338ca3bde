"""What Anthropic says when it fails: in the body of a failing status, in a 200, and in the middle of a stream.

https://platform.claude.com/docs/en/api/errors
"""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from turnout.core import errors
from turnout.providers.dialects.failures import failure, plain_text

STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error in-band would have had; 500 for a type that is not here."""

KINDS: dict[str, type[errors.VendorError]] = {
    "billing_error": errors.QuotaExhausted,
    "contract_spend_limit_reached": errors.QuotaExhausted,
    "enforced_spend_limit_reached": errors.QuotaExhausted,
    "organization_on_hold": errors.AccessDenied,
}
"""What a type or a code tells and the status does not."""

# A spend limit that the account's owner has set comes as a 400 and has no code.
SPENT = re.compile(r"reached your specified .{0,20}usage limit", re.IGNORECASE)


class Wire(BaseModel):
    """JSON of Anthropic's; unknown fields are passed over."""

    model_config = ConfigDict(defer_build=True)


class Details(Wire):
    """The machine's part of an error."""

    error_code: str = ""


class Told(Wire):
    """An error, as told in any of the three places."""

    type: str = ""
    message: str = ""
    details: Annotated[Details, BeforeValidator(lambda told: told or {})] = Details()


class ErrorBody(Wire):
    """The envelope of an error."""

    error: Told


def error(status: int, headers: Mapping[str, str], body: bytes) -> errors.VendorError:
    """What a status of 400 and above means. Never raises."""
    told = _told(body)
    return failure(status, headers, told.message, told.details.error_code or told.type, _kind(told))


def in_band(told: Told) -> errors.VendorError:
    """What an error means that comes without a status of its own."""
    status = STATUSES.get(told.type, 500)
    return failure(status, {}, told.message, told.details.error_code or told.type, _kind(told))


def _told(body: bytes) -> Told:
    try:
        return ErrorBody.model_validate_json(body).error
    except ValidationError:
        return Told(message=plain_text(body))


def _kind(told: Told) -> type[errors.VendorError] | None:
    """The class, where a field or the text tells more than the status does."""
    spent = errors.QuotaExhausted if SPENT.search(told.message) else None
    return KINDS.get(told.details.error_code) or KINDS.get(told.type) or spent
