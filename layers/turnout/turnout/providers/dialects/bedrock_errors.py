"""What Bedrock says when it fails: with a status and the error's type in a header, and in the middle of a stream.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

import re
from collections.abc import Mapping

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from turnout.core import errors
from turnout.providers.dialects.failures import failure, plain_text

STATUSES = {
    "validationexception": 400,
    "accessdeniedexception": 403,
    "resourcenotfoundexception": 404,
    "modeltimeoutexception": 408,
    "modelerrorexception": 424,
    "modelstreamerrorexception": 424,
    "throttlingexception": 429,
    "modelnotreadyexception": 429,
    "internalserverexception": 500,
    "serviceunavailableexception": 503,
}
"""The status that an error in-band would have had, by its type in small letters; 500 for one that is not here."""

KINDS: dict[str, type[errors.VendorError]] = {
    "servicequotaexceededexception": errors.QuotaExhausted,
    "modelnotreadyexception": errors.Overloaded,
    "modelerrorexception": errors.Overloaded,
    "modelstreamerrorexception": errors.Overloaded,
    # What the signature's check says, partly under a status of 400.
    "incompletesignature": errors.AccessDenied,
    "incompletesignatureexception": errors.AccessDenied,
    "missingauthenticationtokenexception": errors.AccessDenied,
    "optinrequired": errors.AccessDenied,
}
"""What a type tells and its status does not."""

# Texts under ValidationException that the table for all vendors does not know.
TEXTS: tuple[tuple[re.Pattern[str], type[errors.VendorError]], ...] = (
    (re.compile(r"input is too long|input tokens exceed|too many input tokens", re.IGNORECASE), errors.ContextTooLong),
    (re.compile(r"model identifier is invalid|on-demand throughput isn.t supported", re.I), errors.ModelMissing),
)

# A signature that does not match is answered with all that was signed, the session's token with it.
SIGNED = re.compile(r"\s*The Canonical String for this request should have been.*", re.DOTALL)


class Told(BaseModel):
    """An error's body; some of AWS's services write the message with a capital."""

    model_config = ConfigDict(defer_build=True)

    message: str = Field(default="", validation_alias=AliasChoices("message", "Message"))
    type: str = Field(default="", validation_alias="__type")


def error(status: int, headers: Mapping[str, str], body: bytes) -> errors.VendorError:
    """What a status of 400 and above means. Never raises."""
    try:
        told = Told.model_validate_json(body)
    except ValidationError:
        told = Told(message=plain_text(body))
    return _meaning(status, headers, headers.get("x-amzn-errortype") or told.type, told.message)


def in_band(told: Told) -> errors.VendorError:
    """What an error means that comes without a status of its own."""
    return _meaning(STATUSES.get(_type(told.type), 500), {}, told.type, told.message)


def _meaning(status: int, headers: Mapping[str, str], kind: str, message: str) -> errors.VendorError:
    message = SIGNED.sub("", message)
    return failure(status, headers, message, _type(kind), _kind(status, _type(kind), message))


def _type(told: str) -> str:
    """`ThrottlingException` of `ThrottlingException:http://...` or `com.amazon.coral#ThrottlingException`."""
    return told.partition(":")[0].rpartition("#")[2].lower()


def _kind(status: int, kind: str, message: str) -> type[errors.VendorError] | None:
    """What is narrower than the status; None leaves it to the table for all vendors."""
    texts = TEXTS if status == 400 else ()
    return KINDS.get(kind) or next((found for pattern, found in texts if pattern.search(message)), None)
