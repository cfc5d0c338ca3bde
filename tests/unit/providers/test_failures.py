"""What a failing status means: the status first, the text only where the status leaves it open."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from turnout.core import errors
from turnout.providers.dialects.failures import LONGEST_MESSAGE, failure, kind_of, plain_text, retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Rejected),
        (401, errors.AccessDenied),
        (402, errors.QuotaExhausted),
        (403, errors.AccessDenied),
        (404, errors.ModelMissing),
        (408, errors.Overloaded),
        (409, errors.Overloaded),
        (413, errors.Oversized),
        (418, errors.Rejected),
        (422, errors.Rejected),
        (425, errors.Overloaded),
        (429, errors.Throttled),
        (500, errors.Overloaded),
        (502, errors.Overloaded),
        (503, errors.Overloaded),
        (504, errors.Overloaded),
        (529, errors.Overloaded),
        (599, errors.Overloaded),
    ],
)
def test_a_status_alone_has_its_class(status: int, kind: type[errors.VendorError]) -> None:
    assert kind_of(status, "") is kind


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "context_length_exceeded This model's maximum context length is 8192 tokens", errors.ContextTooLong),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", errors.ContextTooLong),
        (400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000", errors.ContextTooLong),
        (400, "The input token count (1100000) exceeds the maximum number of tokens allowed", errors.ContextTooLong),
        (400, "Requested tokens (600) exceed context window of 512", errors.ContextTooLong),
        (400, "the request exceeds the available context size", errors.ContextTooLong),
        (400, "This model's maximum prompt length is 256000", errors.ContextTooLong),
        (413, "Prompt is too long", errors.ContextTooLong),
        (400, "content_filter The response was filtered", errors.Blocked),
        (400, "Your request was rejected as a result of our safety system.", errors.Blocked),
        (400, "invalid_prompt Your prompt was flagged as potentially violating our usage policy", errors.Blocked),
        (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO", errors.Blocked),
        (400, "Your credit balance is too low to access the API", errors.QuotaExhausted),
        (403, "Your team has used all available credits", errors.QuotaExhausted),
        (429, "insufficient_quota You exceeded your current quota", errors.QuotaExhausted),
        (429, "Quota exceeded for requests per day", errors.QuotaExhausted),
        (400, "API key not valid. Please pass a valid API key.", errors.AccessDenied),
        (400, "Incorrect API key provided: xa***yz", errors.AccessDenied),
        (400, "invalid_model Invalid model: mistral-huge", errors.ModelMissing),
        (400, "Model Not Exist", errors.ModelMissing),
        (403, "model_not_found Project does not have access to model", errors.ModelMissing),
    ],
)
def test_words_narrow_a_status_that_leaves_it_open(status: int, text: str, kind: type[errors.VendorError]) -> None:
    assert kind_of(status, text) is kind


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "max_tokens is too large: 200000. This model supports at most 128000", errors.Rejected),
        (400, "Invalid 'messages[0].content': expected a string", errors.Rejected),
        (429, "rate_limit_exceeded Rate limit reached; add a payment method under account/billing", errors.Throttled),
        (429, "Requests rate limit exceeded", errors.Throttled),
        (500, "context_length_exceeded", errors.Overloaded),
        (401, "insufficient_quota", errors.AccessDenied),
        (503, "content_filter", errors.Overloaded),
    ],
)
def test_words_do_not_mislead(status: int, text: str, kind: type[errors.VendorError]) -> None:
    assert kind_of(status, text) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "0", "retry-after": "1"}, 0.0),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1.0),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 0.0),
        ({"retry-after": "Sun, 01 Mar 2026 13:00:30 +0100"}, 30.0),
        ({"retry-after": "Sun, 99 Mar 2026 13:00:30 GMT"}, None),
    ],
)
def test_the_wait_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text(max_size=40)))
@example({"retry-after-ms": "0\x1f"})
def test_no_header_breaks_the_reading_of_the_wait(headers: dict[str, str]) -> None:
    seconds = retry_after(headers, NOW)
    assert seconds is None or seconds >= 0


def test_the_vendors_own_words_are_kept_and_shown() -> None:
    error = failure(429, {"retry-after": "7"}, "Slow down.", "rate_limit")
    assert (error.vendor_status, error.vendor_message, error.retry_after) == (429, "Slow down.", 7.0)
    assert error.message == "The vendor answered 429: Slow down."


def test_a_dialect_that_knows_better_is_believed() -> None:
    assert type(failure(429, {}, "", kind=errors.QuotaExhausted)) is errors.QuotaExhausted


def test_no_words_are_told_as_such_and_long_ones_are_cut() -> None:
    assert failure(500, {}, " \n").message == "The vendor answered 500: no reason given"
    assert len(failure(500, {}, "x" * 1_000_000).vendor_message) == LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b" upstream\n  timed out\r\n", "upstream timed out"),
        (b"<!DOCTYPE html><html><body>secret</body></html>", "an HTML page instead of a reason"),
        (b"\n <html>", "an HTML page instead of a reason"),
        (b"caf\xe9", "caf\ufffd"),
    ],
)
def test_a_body_in_no_format_is_told_on_one_line_and_html_not_at_all(body: bytes, text: str) -> None:
    assert plain_text(body) == text
