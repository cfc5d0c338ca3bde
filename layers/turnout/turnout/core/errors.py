"""Everything that can go wrong, in one tree. Each class knows its HTTP status and what to do next.

TurnoutError
├── RequestError                the client can cure it; no vendor was asked
│   ├── InvalidRequest          400
│   ├── Unauthenticated         401
│   ├── Forbidden               403
│   ├── UnknownModel            404
│   ├── UnknownKey              404
│   ├── UnknownPolicy           404
│   ├── Conflict                409  not as things stand
│   ├── RequestTooLarge         413
│   ├── HeadTooLarge            431
│   └── NoEligibleModel         400  no model can do what is asked
├── VendorError                 one attempt failed
│   ├── Unreachable             502  refused, reset, no connection in time   retry
│   ├── TimedOut                504  first token, idle or share              next target
│   ├── Overloaded              503  408 409 425 500 502 503 504 529         retry
│   ├── Throttled               429  Retry-After is kept                     retry
│   ├── Garbled                 502  not what the format promises            retry
│   ├── StreamCut               502  ended before its end                    retry if nothing was shown
│   ├── QuotaExhausted          429  no credit left                          another vendor
│   ├── AccessDenied            502  401, 403: our key                       another vendor
│   ├── ModelMissing            502  404                                     next target
│   ├── ContextTooLong          400                                          only a larger window
│   ├── Oversized               413                                          next target
│   ├── Rejected                400  a parameter or the content              next target
│   ├── Blocked                 400  the vendor's content filter             next target
│   └── CircuitOpen             503  not asked: it failed too often lately   next target
├── Exhausted                   every target failed; carries each cause
└── DeadlineExceeded            504  our own time is up; a client that goes away is a cancellation, no error
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

type NextTarget = Literal["any", "other_vendor", "larger_window"]
type Blame = Literal["nobody", "model", "vendor"]


class TurnoutError(Exception):
    """`message` is fit for a client: it names the remedy and holds no secret."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"
    code: str = "internal_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.code

    @property
    def http_status(self) -> int:
        """The status that the client sees."""
        return self.status

    @property
    def retry_after(self) -> float | None:
        """Seconds after which it is worth asking again, if known."""
        return None


class RequestError(TurnoutError):
    """The client can cure it."""

    status = 400
    type = "invalid_request_error"


class InvalidRequest(RequestError):
    """`param` names the field, in OpenAI's notation: `messages[0].content`."""

    code = "invalid_request"


class Unauthenticated(RequestError):
    """No key, or not a key of ours."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"


class Forbidden(RequestError):
    """A key of ours that may not do this."""

    status = 403
    type = "permission_error"
    code = "forbidden"


class UnknownModel(RequestError):
    """Not in the catalog; the message offers near names."""

    status = 404
    code = "model_not_found"


class UnknownKey(RequestError):
    """There is no key of that id."""

    status = 404
    code = "key_not_found"


class UnknownPolicy(RequestError):
    """There is no version of that name."""

    status = 404
    code = "policy_not_found"


class Conflict(RequestError):
    """It cannot be done as things stand; the message says what stands in the way."""

    status = 409
    code = "conflict"


class RequestTooLarge(RequestError):
    """The body is over the limit."""

    status = 413
    code = "request_too_large"


class HeadTooLarge(RequestError):
    """URL and headers are over the limit."""

    status = 431
    code = "request_head_too_large"


class NoEligibleModel(RequestError):
    """Nobody of those that may be asked can do it; the message says what each lacks."""

    code = "no_eligible_model"


class VendorError(TurnoutError):
    """One attempt at one model failed.

    `retryable`: the same target may be asked again. `next_target`: which others may be. `blames`: whose circuit counts
    it. `billed`: the vendor has worked on it, and will charge. `vendor_status` and `vendor_message` are its own.
    """

    status = 502
    code = "vendor_error"
    retryable: ClassVar[bool] = False
    next_target: ClassVar[NextTarget] = "any"
    blames: ClassVar[Blame] = "model"
    billed: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        vendor_status: int | None = None,
        vendor_message: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.vendor_status = vendor_status
        self.vendor_message = vendor_message
        self._retry_after = retry_after

    @property
    def retry_after(self) -> float | None:
        """Seconds that the vendor asks us to wait."""
        return self._retry_after


class Unreachable(VendorError):
    """No connection, or it broke before an answer began."""

    code = "vendor_unreachable"
    retryable = True


class TimedOut(VendorError):
    """Too slow; waiting once more would cost the next target its time."""

    status = 504
    code = "vendor_timeout"
    billed = True


class Overloaded(VendorError):
    """The vendor says: not now."""

    status = 503
    code = "vendor_overloaded"
    retryable = True


class Throttled(VendorError):
    """The vendor's rate limit, not ours."""

    status = 429
    type = "rate_limit_error"
    code = "vendor_rate_limited"
    retryable = True


class Garbled(VendorError):
    """An answer that is not what its format promises: empty, malformed, of another type."""

    code = "vendor_garbled"
    billed = True
    retryable = True


class StreamCut(VendorError):
    """A stream that ended before its end."""

    code = "vendor_stream_cut"
    billed = True
    retryable = True


class QuotaExhausted(VendorError):
    """The account at the vendor has no credit left."""

    status = 429
    type = "insufficient_quota"
    code = "vendor_quota_exhausted"
    next_target = "other_vendor"
    blames = "vendor"


class AccessDenied(VendorError):
    """The vendor refuses the key that this deployment has for it."""

    code = "vendor_access_denied"
    next_target = "other_vendor"
    blames = "vendor"


class ModelMissing(VendorError):
    """The vendor does not know the model."""

    code = "vendor_model_missing"


class ContextTooLong(VendorError):
    """The prompt does not fit the model's window."""

    status = 400
    type = "invalid_request_error"
    code = "context_length_exceeded"
    next_target = "larger_window"
    blames = "nobody"


class Oversized(VendorError):
    """The vendor refuses a body of this size."""

    status = 413
    type = "invalid_request_error"
    code = "vendor_request_too_large"
    blames = "nobody"


class Rejected(VendorError):
    """The vendor refuses a parameter or the content as it stands."""

    status = 400
    type = "invalid_request_error"
    code = "vendor_rejected"
    blames = "nobody"


class Blocked(VendorError):
    """The vendor's content filter stopped the prompt or the answer."""

    status = 400
    type = "invalid_request_error"
    code = "content_filter"
    blames = "nobody"


class CircuitOpen(VendorError):
    """Not asked, because it failed too often in the last minutes."""

    status = 503
    code = "circuit_open"
    blames = "nobody"


class Exhausted(TurnoutError):
    """Every target failed.

    The status is the causes' own where they agree that the client can act on it (4xx); else 503 when all that
    would help is waiting, 504 when all were too slow, 502 for the rest.
    """

    code = "all_targets_failed"

    def __init__(self, causes: Sequence[tuple[str, VendorError]]) -> None:
        told = "; ".join(f"{target}: {error.message}" for target, error in causes)
        last = causes[-1][1]
        super().__init__(last.message if len(causes) == 1 else f"All {len(causes)} targets failed. {told}")
        self.causes = tuple(causes)
        if len({error.code for _, error in causes}) == 1:
            self.code = last.code

    @property
    def http_status(self) -> int:
        """See the class."""
        statuses = {error.status for _, error in self.causes}
        if len(statuses) == 1:
            return statuses.pop()
        if all(status < 500 and status != 429 for status in statuses):
            return 400
        return 503 if statuses <= {429, 503} else 502

    @property
    def retry_after(self) -> float | None:
        """The shortest wait that one of the vendors named."""
        waits = [error.retry_after for _, error in self.causes if error.retry_after is not None]
        return min(waits, default=None)


class DeadlineExceeded(TurnoutError):
    """The time of the whole request is up."""

    status = 504
    code = "deadline_exceeded"
