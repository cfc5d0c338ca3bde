"""The line of log for each request."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic_core import from_json

from tests.unit.telemetry.rows import SECRET, failed, row
from turnout.core.records import Record
from turnout.telemetry import logs


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A logger that writes to what the test captures, whoever made one before, and none after."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "team")
    forget()
    yield
    forget()


def forget() -> None:
    """It is made once in a process, for the standard output of that moment, and Powertools marks it as made."""
    logs._logger.cache_clear()  # pyright: ignore[reportPrivateUsage]
    logger = logging.getLogger(logs.NAME)
    logger.handlers.clear()
    for mark in ("init", "powertools_handler"):
        vars(logger).pop(mark, None)


def line(capsys: pytest.CaptureFixture[str], record: Record) -> dict[str, Any]:
    logs.tell(record)
    return from_json(capsys.readouterr().out)


def test_a_line_tells_what_came_of_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    told = line(capsys, row())

    assert told["level"] == "INFO"
    assert told["message"] == "request"
    assert told["service"] == "team"
    expected = {
        "request_id": "01TEST",
        "key_id": "key_1",
        "requested": "auto",
        "vendor": "openai",
        "model": "gpt",
        "reason": "auto; after 1 failed attempt",
        "outcome": "ok",
        "status": 200,
        "attempts": 2,
        "failed": ["anthropic/claude: vendor_overloaded"],
        "latency_ms": 900,
        "first_token_ms": 300,
        "input_tokens": 15,
        "cached_tokens": 5,
        "output_tokens": 9,
        "cost_usd": 0.0012,
    }
    assert told | expected == told


@pytest.mark.parametrize(
    ("outcome", "status", "level"),
    [("ok", 200, "INFO"), ("aborted", 500, "INFO"), ("error", 400, "INFO"), ("error", 502, "ERROR")],
)
def test_only_what_a_client_cannot_cure_is_an_error(
    outcome: str, status: int, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert line(capsys, row(outcome=outcome, status=status))["level"] == level


def test_a_line_never_quotes_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    logs.tell(row(failed(message=f"cannot answer: {SECRET}"), outcome="error", status=502))

    assert SECRET not in capsys.readouterr().out


def test_the_lines_of_other_loggers_still_reach_the_roots_handlers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.StreamHandler()
    monkeypatch.setattr(logging.root, "handlers", [root])
    monkeypatch.setattr(logging.getLogger("turnout"), "handlers", [])  # another function's logger may have left one

    logs.tell(row())
    logging.getLogger("turnout.runtime.answer").error("the answer broke")

    captured = capsys.readouterr()
    assert captured.err == "the answer broke\n"
    assert captured.out.count("\n") == 1
