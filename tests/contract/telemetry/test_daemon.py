"""Traces over a real socket, to a stand-in for the daemon that Lambda runs beside a function."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic_core import from_json

from tests.unit.telemetry.rows import row
from turnout.telemetry import traces

HEADER = "Root=1-6b49d200-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled={sampled};Lineage=1:1234abcd:0"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{listening.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER.format(sampled=1))
        yield listening


def received(daemon: socket.socket) -> tuple[Any, Any]:
    header, _, document = daemon.recv(65_536).partition(b"\n")
    return from_json(header), from_json(document)


def test_a_request_is_one_datagram_of_a_header_and_a_document(daemon: socket.socket) -> None:
    traces.tell(row())

    header, document = received(daemon)

    assert header == {"format": "json", "version": 1}
    assert document["trace_id"] == "1-6b49d200-0123456789abcdef01234567"
    assert [one["name"] for one in document["subsegments"]] == ["anthropic", "openai"]


def test_a_request_that_was_not_sampled_is_not_sent(daemon: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER.format(sampled=0))
    traces.tell(row(id="01UNSAMPLED"))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER.format(sampled=1))
    traces.tell(row(id="01SAMPLED"))

    assert received(daemon)[1]["annotations"]["request_id"] == "01SAMPLED"


def test_without_a_daemon_nothing_is_sent(daemon: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    traces.tell(row())
    daemon.setblocking(False)

    with pytest.raises(BlockingIOError):
        daemon.recv(1)


def test_a_daemon_that_is_gone_is_not_waited_for(daemon: socket.socket) -> None:
    daemon.close()

    traces.tell(row())
