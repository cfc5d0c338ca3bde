"""The head of a streamed answer."""

from pydantic_core import from_json

from turnout.runtime.answer import SEPARATOR, prelude


def test_a_prelude_is_json_and_eight_nul_bytes() -> None:
    head, found, rest = prelude(201, [(b"Content-Type", b"text/plain")]).partition(SEPARATOR)
    assert from_json(head) == {"statusCode": 201, "headers": {"content-type": "text/plain"}, "cookies": []}
    assert (found, rest) == (b"\0" * 8, b"")


def test_repeated_headers_are_joined_and_cookies_are_not() -> None:
    head = prelude(200, [(b"vary", b"a"), (b"Vary", b"b"), (b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2")])
    meta = from_json(head.removesuffix(SEPARATOR))
    assert meta["headers"] == {"vary": "a, b"}
    assert meta["cookies"] == ["a=1", "b=2"]


def test_headers_of_one_connection_are_not_passed_on() -> None:
    head = prelude(200, [(b"connection", b"close"), (b"transfer-encoding", b"chunked"), (b"x-a", b"1")])
    assert from_json(head.removesuffix(SEPARATOR))["headers"] == {"x-a": "1"}


def test_no_header_can_end_the_prelude_early() -> None:
    assert prelude(200, [(b"x-a", b"\0" * 8)]).count(SEPARATOR) == 1
