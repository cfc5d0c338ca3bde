"""From an API Gateway event to an ASGI request."""

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from turnout.runtime.invocation import RESERVE, Context, Invocation, remaining
from turnout.runtime.scope import NotHttp, to_request

EVENTS = Path(__file__).parents[3] / "events"
CONTEXT = Context("req-1", "arn", deadline_ms=0)
EVENT: dict[str, Any] = {"httpMethod": "GET", "path": "/", "requestContext": {"identity": {"sourceIp": "192.0.2.1"}}}


def request(**changed: Any) -> tuple[dict[str, Any], bytes]:
    """The request of an event that differs from the plainest in some fields."""
    return to_request(Invocation(EVENT | changed, CONTEXT, ""), {"of": "lifespan"})


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({}, "method", "GET"),
        ({}, "path", "/"),
        ({}, "headers", []),
        ({}, "client", ("192.0.2.1", 0)),
        ({}, "state", {"of": "lifespan"}),
        ({}, "aws.context", CONTEXT),
        ({}, "scheme", "https"),
        ({"headers": {"X-Forwarded-Proto": "http"}}, "scheme", "http"),
        ({"headers": {"Host": "a.example"}}, "server", ("a.example", 443)),
        ({"path": "/v1/models/openai%2Fgpt-5.2"}, "path", "/v1/models/openai/gpt-5.2"),
        ({"path": "/ä b"}, "raw_path", b"/%C3%A4%20b"),
        ({"headers": {"X-A": "ä"}}, "headers", [(b"x-a", "ä".encode())]),
        ({"multiValueHeaders": {"X-A": ["1", "2"]}}, "headers", [(b"x-a", b"1"), (b"x-a", b"2")]),
        ({"multiValueQueryStringParameters": {"a": ["1", "x y"]}}, "query_string", b"a=1&a=x+y"),
        ({"multiValueQueryStringParameters": None}, "query_string", b""),
    ],
)
def test_a_field_of_the_event_becomes_one_of_the_scope(changed: dict[str, Any], field: str, value: object) -> None:
    scope, _ = request(**changed)
    assert scope[field] == value


@given(st.binary())
def test_a_binary_body_arrives_as_it_was_sent(body: bytes) -> None:
    assert request(body=base64.b64encode(body).decode(), isBase64Encoded=True)[1] == body


@given(st.text())
def test_a_text_body_arrives_in_utf_8(body: str) -> None:
    assert request(body=body)[1] == body.encode()


@pytest.mark.parametrize("event", [{"Records": []}, [], "text", None, {}], ids=str)
def test_another_kind_of_event_is_refused(event: object) -> None:
    with pytest.raises(NotHttp):
        to_request(Invocation(event, CONTEXT, ""), {})


@pytest.mark.parametrize("path", sorted(EVENTS.glob("router.*.json")), ids=lambda path: path.stem)
def test_the_routers_events_are_requests(path: Path) -> None:
    event = from_json(path.read_bytes())
    scope, body = to_request(Invocation(event, CONTEXT, ""), {})
    assert (scope["method"], scope["path"]) == (event["httpMethod"], event["path"])
    assert body.decode() == (event["body"] or "")


def test_no_lambda_takes_no_time_away_and_a_late_one_leaves_none() -> None:
    assert remaining({}) is None
    assert remaining({"aws.context": CONTEXT}) == 0
    assert RESERVE > 0
