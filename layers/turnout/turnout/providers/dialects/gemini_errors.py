"""Reads Google's error bodies: google.rpc.Status as JSON, https://cloud.google.com/apis/design/errors#http_mapping."""

import re
from collections.abc import Iterable, Mapping
from typing import TypedDict

from pydantic import ConfigDict, TypeAdapter, ValidationError

from turnout.core import errors
from turnout.providers.dialects.failures import failure, plain_text


class Violation(TypedDict, total=False):
    """One exceeded quota; its id names the period, as in `GenerateRequestsPerDayPerProjectPerModel-FreeTier`."""

    quotaId: str


class Detail(TypedDict, total=False):
    """The fields that we read of ErrorInfo (`reason`), RetryInfo (`retryDelay`, "37s") and QuotaFailure."""

    reason: str
    retryDelay: str
    violations: list[Violation]


class Problem(TypedDict, total=False):
    """What went wrong; `code` is the HTTP status, `status` Google's name for it."""

    code: int
    message: str
    status: str
    details: list[Detail]


class Envelope(TypedDict):
    """The body of a failed call."""

    error: Problem


# A failed stream may wrap it in an array of one.
FAILED: TypeAdapter[Envelope | list[Envelope]] = TypeAdapter(
    Envelope | list[Envelope], config=ConfigDict(defer_build=True)
)

# Texts under 400 that the table for all vendors does not know.
TEXTS: tuple[tuple[re.Pattern[str], type[errors.VendorError]], ...] = (
    (re.compile(r"token count.*exceeds the maximum", re.IGNORECASE), errors.ContextTooLong),
    (re.compile(r"user location is not supported", re.IGNORECASE), errors.AccessDenied),
)

# The account is empty, in the two ways to pay: https://ai.google.dev/gemini-api/docs/billing
NO_CREDIT = re.compile(r"credits? (is|are|have been) depleted|spending cap", re.IGNORECASE)

# Google names the key in some of its texts ("Consumer 'api_key:AIza...' has been suspended").
KEY = re.compile(r"api_key:[^\s'\"]+|AIza[\w-]{20,}")


def error(status: int, headers: Mapping[str, str], body: bytes) -> errors.VendorError:
    """What a failing status means. Never raises: a body that is not Google's is told as it stands."""
    return _meaning(status, headers, _problem(body))


def in_band(problem: Problem) -> errors.VendorError:
    """What an error means that came in place of an answer, under a status of 200."""
    return _meaning(problem.get("code", 500), {}, problem)


def _problem(body: bytes) -> Problem:
    try:
        read = FAILED.validate_json(body)
    except ValidationError:
        read = []
    first = read[:1] if isinstance(read, list) else [read]
    return first[0]["error"] if first else {"message": plain_text(body)}


def _meaning(status: int, headers: Mapping[str, str], problem: Problem) -> errors.VendorError:
    details = problem.get("details", [])
    message = KEY.sub("[key]", problem.get("message", ""))
    reasons = (detail["reason"] for detail in details if "reason" in detail)
    kind = _kind(status, message, details)
    # The wait that Google names beside a day's quota is for the minute's, and too short.
    waits = {} if kind is errors.QuotaExhausted else _wait(details)
    return failure(status, {**headers, **waits}, message, " ".join((problem.get("status", ""), *reasons)), kind)


def _kind(status: int, message: str, details: Iterable[Detail]) -> type[errors.VendorError] | None:
    """What is narrower than the status; None leaves it to the table for all vendors."""
    if status == 429:
        return errors.QuotaExhausted if _spent(message, details) else errors.Throttled
    texts = TEXTS if status == 400 else ()
    return next((kind for pattern, kind in texts if pattern.search(message)), None)


def _spent(message: str, details: Iterable[Detail]) -> bool:
    """Whether waiting a minute is in vain.

    Google says "You exceeded your current quota, please check your plan and billing details" for a minute's limit
    too, so the quota's id decides: https://ai.google.dev/gemini-api/docs/rate-limits
    """
    quotas = [violation.get("quotaId", "") for detail in details for violation in detail.get("violations", [])]
    return any("PerDay" in quota for quota in quotas) or bool(NO_CREDIT.search(message))


def _wait(details: Iterable[Detail]) -> dict[str, str]:
    delays = [detail["retryDelay"] for detail in details if "retryDelay" in detail]
    seconds = re.fullmatch(r"(\d+(\.\d{1,3})?)\d*s", delays[0]) if delays else None
    return {"retry-after": seconds[1]} if seconds else {}
