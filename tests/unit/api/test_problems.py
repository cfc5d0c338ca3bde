"""Each error of the core's tree, as a client sees it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from turnout.api import explain
from turnout.api.problems import http_problem, problem
from turnout.core import errors
from turnout.core.events import Usage
from turnout.core.records import Attempt, Record
from turnout.core.text import LONGEST_HEADER, header_value


def every(kind: type[errors.TurnoutError]) -> Iterator[type[errors.TurnoutError]]:
    for child in kind.__subclasses__():
        yield child
        yield from every(child)


SIMPLE = [kind for kind in every(errors.TurnoutError) if kind is not errors.Exhausted]


@pytest.mark.parametrize("kind", SIMPLE, ids=[kind.__name__ for kind in SIMPLE])
def test_every_error_has_its_status_and_openais_shape(kind: type[errors.TurnoutError]) -> None:
    told = problem(kind("What to do."), "r1")
    assert told.status == kind.status
    assert told.body == {"error": {"message": "What to do.", "type": kind.type, "param": None, "code": kind.code}}
    assert dict(told.headers)["x-turnout-reason"] == f"refused: {kind.code}"


def test_targets_that_all_failed_alike_keep_their_own_type() -> None:
    causes = [(name, errors.ContextTooLong("too long")) for name in ("a/x", "b/y")]
    told = problem(errors.Exhausted(causes), "r1")
    assert told.status == 400
    assert told.body["error"]["type"] == "invalid_request_error"
    assert told.body["error"]["code"] == "context_length_exceeded"


def test_targets_that_failed_differently_are_a_failure_of_the_api() -> None:
    told = problem(
        errors.Exhausted([("a/x", errors.Throttled("slow", retry_after=0.2)), ("b/y", errors.Garbled("?"))]), "r1"
    )
    assert (told.status, told.body["error"]["type"]) == (502, "api_error")
    assert "a/x: slow; b/y: ?" in told.body["error"]["message"]
    assert dict(told.headers)["retry-after"] == "1"


def test_a_missing_key_is_asked_for_as_http_does() -> None:
    assert dict(problem(errors.Unauthenticated("no key"), "r1").headers)["www-authenticate"] == "Bearer"


def test_an_unexpected_error_tells_the_request_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    told = problem(RuntimeError("secret sk-123"), "r1")
    assert told.status == 500
    assert "r1" in told.body["error"]["message"]
    assert "sk-123" not in str(told)
    assert "request r1 failed unexpectedly" in caplog.text


def test_a_wrong_path_and_a_wrong_method_have_openais_shape() -> None:
    missing = http_problem(HTTPException(404), "GET", "/v2/chat")
    refused = http_problem(HTTPException(405, headers={"allow": "POST"}), "GET", "/v1/chat/completions")
    assert (missing.status, missing.body["error"]["code"]) == (404, "unknown_url")
    assert "GET /v2/chat" in missing.body["error"]["message"]
    assert (refused.status, refused.body["error"]["code"]) == (405, "method_not_allowed")
    assert dict(refused.headers)["allow"] == "POST"


@given(st.text())
def test_a_header_value_is_one_line_of_printable_ascii(text: str) -> None:
    value = header_value(text)
    assert value.isascii()
    assert value.isprintable()
    assert len(value) <= LONGEST_HEADER
    assert value == value.strip()


@given(st.decimals(min_value=0, max_value=10_000, places=9))
def test_costs_in_headers_are_exact_and_plain(cost: Decimal) -> None:
    assert Decimal(explain.dollars(cost)) == cost
    assert "E" not in explain.dollars(cost)


def test_one_estimated_attempt_makes_the_usage_an_estimate() -> None:
    record = Record("r1", 0, "k1", "auto", stream=False)
    record.attempts = [Attempt("v", "m", 1, 0), Attempt("v", "m", 2, 0)]
    assert explain.note(record)["usage_source"] == "vendor"
    record.attempts[0].usage = Usage(source="estimated")
    assert explain.note(record)["usage_source"] == "estimated"
