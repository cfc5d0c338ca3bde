"""What comes of each fault: who answers, what the client sees, what the row says. The one table of all faults.

A fault befalls the first target: once, or for as long as it is asked. Behind it waits a second target of another
dialect, or nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

type Way = Literal["plain", "stream"]
type Answers = Literal["first", "second", "both", "nobody"]
"""Whose words the client gets. `both`: the second goes on where the first broke off. `nobody`: an error."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The outcome of one fault.

    Who answers when the fault comes `once`, and when it is `lasting`, with a second target behind. `error` and
    `vendor_status` are what the row says of each failed attempt; `billed`: it is priced. Where nobody else is there
    the client gets `error` with `status`, in a stream that has `begun` as an event after the first words, and the
    row has the same. An answer `finish`es so, after all of its `words`, half of them, none, or
    others in their place.
    """

    once: Answers = "first"
    lasting: Answers = "first"
    error: str = ""
    status: int = 200
    vendor_status: int | None = None
    billed: bool = False
    begun: bool = False
    words: Literal["all", "half", "none", "others"] = "all"
    finish: str = "stop"

    @property
    def tries(self) -> int:
        """How often the first target is asked while the fault lasts: again, if a second try may cure it."""
        return 2 if (self.once, self.lasting) == ("first", "second") else 1


@dataclass(frozen=True, slots=True)
class But:
    """Where a format differs from the others, and why."""

    because: str
    plain: Expected | None = None
    stream: Expected | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """The outcomes by the way of asking, None where the fault cannot be had; `but` is by dialect."""

    plain: Expected | None
    stream: Expected
    but: Mapping[str, But] = field(default_factory=dict[str, But])

    def of(self, way: Way, dialect: str) -> Expected | None:
        """The outcome in one case."""
        other = self.but.get(dialect)
        return (other and getattr(other, way)) or getattr(self, way)


def both(expected: Expected, **but: But) -> Ways:
    """The same, streamed or not."""
    return Ways(expected, expected, but)


def streamed(expected: Expected, **but: But) -> Ways:
    """A fault that only a stream can have."""
    return Ways(None, expected, but)


def cured(error: str, status: int, vendor_status: int | None = None, *, billed: bool = False) -> Expected:
    """Before a word was said, and a second try may help: the same target is asked again, then the next."""
    return Expected("first", "second", error, status, vendor_status, billed)


def passed_on(error: str, status: int, vendor_status: int | None = None, *, billed: bool = False) -> Expected:
    """Before a word was said, and asking again is in vain: the next target answers."""
    return Expected("second", "second", error, status, vendor_status, billed)


def taken_over(error: str, status: int, vendor_status: int | None = None) -> Expected:
    """After the first words: the next target goes on, marked; what was said is billed."""
    return Expected("both", "both", error, status, vendor_status, billed=True, begun=True)


def told(expected: Expected) -> Expected:
    """The same failure, but no other target may or can mend it."""
    return replace(expected, once="nobody", lasting="nobody")


WHOLE = Expected()
OVERLOADED = "vendor_overloaded"
CUT = cured("vendor_stream_cut", 502, billed=True)
GARBLED = cured("vendor_garbled", 502, billed=True)
TOO_LONG = passed_on("context_length_exceeded", 400, 400)
NO_LARGER = But("its model has the larger window of the two", told(TOO_LONG), told(TOO_LONG))

MATRIX: dict[str, Ways] = {
    # no answer
    "refused": both(cured("vendor_unreachable", 502)),
    "reset": both(cured("vendor_unreachable", 502)),
    "connect_timeout": both(cured("vendor_unreachable", 502)),
    "slow_headers": both(passed_on("vendor_timeout", 504, billed=True)),
    "stall_mid_body": Ways(passed_on("vendor_timeout", 504, billed=True), taken_over("vendor_timeout", 504)),
    # a failing status
    "context_length": both(TOO_LONG, openai_chat=NO_LARGER, gemini=NO_LARGER, bedrock_converse=NO_LARGER),
    "bad_parameter": both(passed_on("vendor_rejected", 400, 400)),
    "unauthorized": both(passed_on("vendor_access_denied", 502, 401)),
    "forbidden": both(passed_on("vendor_access_denied", 502, 403)),
    "model_missing": both(passed_on("vendor_model_missing", 502, 404)),
    "request_timeout": both(cured(OVERLOADED, 503, 408)),
    "conflict": both(cured(OVERLOADED, 503, 409)),
    "too_large": both(passed_on("vendor_request_too_large", 413, 413)),
    "unprocessable": both(passed_on("vendor_rejected", 400, 422)),
    "rate_limited_seconds": both(cured("vendor_rate_limited", 429, 429)),
    "rate_limited_date": both(cured("vendor_rate_limited", 429, 429)),
    "quota_exhausted": both(passed_on("vendor_quota_exhausted", 429, 429)),
    "server_error": both(cured(OVERLOADED, 503, 500)),
    "bad_gateway_html": both(cured(OVERLOADED, 503, 502)),
    "unavailable": both(cured(OVERLOADED, 503, 503)),
    "gateway_timeout": both(cured(OVERLOADED, 503, 504)),
    "overloaded": both(cured(OVERLOADED, 503, 529)),
    # a status of 200, and no answer
    "empty_200": Ways(GARBLED, CUT),
    "malformed_json": both(GARBLED),
    "truncated_json": Ways(GARBLED, taken_over("vendor_stream_cut", 502)),
    "truncated_json_closed": Ways(GARBLED, taken_over("vendor_stream_cut", 502)),
    "wrong_content_type": both(GARBLED),
    # an answer, but not the one that was hoped for
    "content_filter": both(Expected(words="half", finish="content_filter")),
    "refusal": both(
        Expected(words="none", finish="stop"),
        anthropic_messages=But(
            "a refusal is a reason to stop of its own",
            Expected(words="none", finish="content_filter"),
            Expected(words="none", finish="content_filter"),
        ),
        gemini=But(
            "a refusal is a blocked prompt, which has no answer",
            passed_on("content_filter", 400),
            passed_on("content_filter", 400),
        ),
        bedrock_converse=But(
            "a guardrail declines, in words of its own",
            Expected(words="others", finish="content_filter"),
            Expected(words="others", finish="content_filter"),
        ),
    ),
    # streams
    "cut_before_first_token": streamed(CUT),
    "cut_after_first_token": streamed(taken_over("vendor_stream_cut", 502)),
    "stall_after_first_token": streamed(taken_over("vendor_timeout", 504)),
    "bad_json_line": streamed(taken_over("vendor_garbled", 502)),
    "error_before_first_token": streamed(cured(OVERLOADED, 503, 500)),
    "error_after_first_token": streamed(taken_over(OVERLOADED, 503, 500)),
    "lifecycle_then_error": streamed(cured(OVERLOADED, 503, 500)),
    "missing_done": streamed(
        WHOLE,  # the reason to stop was told before; [DONE] and message_stop add nothing
        gemini=But("the end is the piece with the reason to stop", stream=taken_over("vendor_stream_cut", 502)),
        bedrock_converse=But("the end is the reason to stop", stream=taken_over("vendor_stream_cut", 502)),
    ),
    "tool_arguments_cut": streamed(
        told(taken_over("vendor_stream_cut", 502)),
        gemini=But("a call comes in one frame, so a half one is never shown", stream=CUT),
    ),
    "split_in_character": both(WHOLE),
}
