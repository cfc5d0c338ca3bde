"""The request log that tells of its rows."""

import logging

import pytest

from tests.fakes import FakeRequestLog
from tests.unit.telemetry.rows import SECRET, row
from turnout.core.records import Record
from turnout.telemetry.observed import Observed, Tell, observed


class Broken(Exception):
    """An error whose text quotes what was to be told."""


def broken(record: Record) -> None:
    raise Broken(SECRET)


def unloadable() -> tuple[Tell, ...]:
    raise ImportError(SECRET)


async def test_a_row_is_kept_before_it_is_told() -> None:
    rows, kept = FakeRequestLog(), list[int]()

    await Observed(rows, lambda: [lambda record: kept.append(len(rows.rows))]).write(row())

    assert kept == [1]


async def test_a_teller_that_fails_stops_neither_the_others_nor_the_request(caplog: pytest.LogCaptureFixture) -> None:
    rows, told = FakeRequestLog(), list[Record]()

    await Observed(rows, lambda: [broken, told.append]).write(record := row())

    assert told == rows.rows == [record]
    assert "Broken" in caplog.text
    assert SECRET not in caplog.text


async def test_telemetry_that_cannot_be_loaded_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    rows = FakeRequestLog()

    with caplog.at_level(logging.WARNING):
        await Observed(rows, unloadable).write(row())

    assert len(rows.rows) == 1
    assert "ImportError" in caplog.text


async def test_a_deployment_logs_and_measures_each_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS", raising=False)

    await observed(FakeRequestLog()).write(row())

    assert '"CostUSD"' in capsys.readouterr().out
    assert "Telemetry failed" not in caplog.text
