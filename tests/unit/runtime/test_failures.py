"""What Lambda is told of a failure: whole in a report, and always short enough in a trailer."""

import base64

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from turnout.runtime.failures import ERROR_BODY, ERROR_TYPE, Failure

LIMIT = 4096


@given(st.text(), st.text(min_size=0, max_size=5000))
def test_trailers_are_lines_of_ascii_below_the_limit_that_resets_an_environment(kind: str, message: str) -> None:
    trailers = Failure(kind, message, ("frame",) * 1000).trailers()
    assert len(trailers) < LIMIT
    lines = trailers.decode("ascii").split("\r\n")
    assert [line.partition(": ")[0] for line in lines] == [ERROR_TYPE, ERROR_BODY, ""]
    body = from_json(base64.b64decode(lines[1].partition(": ")[2]))
    assert message.startswith(body["errorMessage"])


@given(st.text())
def test_a_type_is_fit_for_a_header(kind: str) -> None:
    value = Failure(kind, "").headers[ERROR_TYPE]
    assert len(value) == len(kind)
    assert value.isascii()
    assert value.isprintable()


def test_a_report_has_the_frames_but_only_the_message_that_was_chosen() -> None:
    try:
        raise ValueError("the prompt")
    except ValueError as error:
        report = from_json(Failure.of(error, "chosen").json())
    assert (report["errorType"], report["errorMessage"]) == ("ValueError", "chosen")
    assert "test_failures.py" in report["stackTrace"][0]
    assert "ValueError: the prompt" not in "".join(report["stackTrace"])
