"""What CloudWatch is sent, and the page that tells of it."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from tests.unit.telemetry.rows import SECRET, failed, good, row
from turnout.core.records import Record
from turnout.telemetry.document import page
from turnout.telemetry.metrics import FAMILIES, tell
from turnout.telemetry.observed import Observed

type Sample = tuple[str, frozenset[tuple[str, str]]]
"""A metric's name and its dimensions, as CloudWatch keeps them apart."""

MODEL = {"vendor": "openai", "model": "gpt"}
FAILED = {"vendor": "anthropic", "model": "claude"}


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "team")


class Slow:
    """A request log that lets others write meanwhile."""

    async def write(self, record: Record) -> None:
        await asyncio.sleep(0)


def extracted(text: str) -> dict[Sample, list[float]]:
    """What CloudWatch makes of lines in the embedded metric format."""
    samples = defaultdict[Sample, list[float]](list)
    for line in text.splitlines():
        told: dict[str, Any] = from_json(line)
        for directive in told["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == "Turnout"
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, told[name]) for name in names)
                for metric in directive["Metrics"]:
                    samples[metric["Name"], dimensions] += told[metric["Name"]]
    return samples


def sample(name: str, **dimensions: str) -> Sample:
    return name, frozenset({"service": "team", **dimensions}.items())


def sent(capsys: pytest.CaptureFixture[str], *records: Record) -> dict[Sample, list[float]]:
    for record in records:
        tell(record)
    return extracted(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "dimensions", "values"),
    [
        ("Requests", {}, [1]),
        ("Requests", MODEL, [1]),
        ("Errors", {}, [0]),
        ("Aborts", MODEL, [0]),
        ("Failovers", MODEL, [1]),
        ("Latency", MODEL, [900]),
        ("FirstToken", {}, [300]),
        ("Attempts", {}, [1, 1]),
        ("Attempts", FAILED, [1]),
        ("InputTokens", MODEL, [15]),
        ("CachedTokens", {}, [0, 5]),
        ("OutputTokens", MODEL, [9]),
        ("CostUSD", {}, [0, 0.0012]),
        ("AttemptErrors", {}, [1]),
        ("AttemptErrors", FAILED, [1]),
        ("AttemptErrors", {"vendor": "anthropic", "code": "vendor_overloaded"}, [1]),
    ],
)
def test_each_metric_of_a_failover_is_sent(
    name: str, dimensions: dict[str, str], values: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sent(capsys, row())[sample(name, **dimensions)] == values


def test_every_metric_of_the_table_is_sent_for_the_whole_service(capsys: pytest.CaptureFixture[str]) -> None:
    whole = {name for name, dimensions in sent(capsys, row()) if dimensions == sample(name)[1]}

    assert whole == {metric.name for family in FAMILIES for metric in family.metrics}


def test_the_names_in_the_table_are_unique() -> None:
    names = [metric.name for family in FAMILIES for metric in family.metrics]

    assert len(names) == len(set(names))


def test_a_request_that_no_model_answered_counts_for_the_service_alone(capsys: pytest.CaptureFixture[str]) -> None:
    refused = row(vendor="", model="", outcome="error", status=400, code="no_eligible_model")
    refused.attempts.clear()

    samples = sent(capsys, refused)

    assert samples[sample("Errors")] == [1]
    assert {dimensions for _, dimensions in samples} == {sample("")[1]}


def test_failed_and_aborted_requests_are_no_latency(capsys: pytest.CaptureFixture[str]) -> None:
    samples = sent(capsys, row(outcome="error", status=502), row(outcome="aborted"))

    assert sample("Latency") not in samples
    assert samples[sample("Errors")] == [1, 0]
    assert samples[sample("Aborts")] == [0, 1]


def test_an_answer_in_one_piece_has_no_first_token(capsys: pytest.CaptureFixture[str]) -> None:
    assert sample("FirstToken") not in sent(capsys, row(stream=False))


def test_an_attempt_that_an_open_circuit_spared_is_a_failure_but_no_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    samples = sent(capsys, row(failed(outcome="skipped", status=None, error="circuit_open"), good()))

    assert samples[sample("Attempts")] == [1]
    assert samples[sample("AttemptErrors", vendor="anthropic", code="circuit_open")] == [1]
    assert samples[sample("Failovers")] == [1]


def test_a_retry_of_the_same_model_is_no_failover(capsys: pytest.CaptureFixture[str]) -> None:
    again = failed(vendor="openai", model="gpt")

    assert sent(capsys, row(again, again, good()))[sample("Failovers")] == [0]


async def test_rows_written_at_once_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    log = Observed(Slow(), lambda: [tell])
    await asyncio.gather(
        *(log.write(row(good(model=f"m{i}"), model=f"m{i}", latency_ms=i)) for i in range(200)),
    )

    samples = extracted(capsys.readouterr().out)

    assert all(samples[sample("Latency", vendor="openai", model=f"m{i}")] == [i] for i in range(200))
    assert sum(samples[sample("Requests")]) == 200


def test_no_metric_quotes_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell(row())

    assert SECRET not in capsys.readouterr().out


def test_the_page_on_the_metrics_is_up_to_date() -> None:
    written = Path(__file__).parents[3] / "docs" / "metrics.md"

    assert written.read_text() == page(), "python -m turnout.telemetry.document > docs/metrics.md"


def test_the_page_has_a_line_for_each_metric_and_names_each_dimension() -> None:
    text = page()

    for family in FAMILIES:
        for metric in family.metrics:
            assert f"| {metric.name} | {metric.unit.value} | {metric.meaning} |" in text
        assert all(f"`{name}`" in text for names in family.by for name in names)
