"""The documents that X-Ray is sent, against what its reference says of them.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic_core import to_json

from tests.unit.telemetry.rows import SECRET, failed, good, row
from turnout.telemetry.traces import Trace, document

TRACE = Trace("1-6b49d200-0123456789abcdef01234567", "53995c3f42cd8ad8")
HEADER = f"Root={TRACE.id};Parent={TRACE.segment};Sampled=1"


def subsegments(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield told
    for inner in told.get("subsegments", ()):
        yield from subsegments(inner)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (HEADER, TRACE),
        (f"{HEADER};Lineage=1:1234abcd:0", TRACE),
        (f" Sampled=1 ; Parent={TRACE.segment} ; Root={TRACE.id}", TRACE),
        (HEADER.replace("Sampled=1", "Sampled=0"), None),
        (f"Root={TRACE.id};Sampled=1", None),
        (f"Root={TRACE.id};Parent={TRACE.segment}", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_a_trace_is_known_by_lambdas_header(header: str, trace: Trace | None) -> None:
    assert Trace.of(header) == trace


def test_a_request_is_a_subsegment_of_lambdas_own_segment() -> None:
    told = document(row(), TRACE)

    assert told["type"] == "subsegment"
    assert (told["trace_id"], told["parent_id"]) == (TRACE.id, TRACE.segment)
    assert (told["start_time"], told["end_time"]) == pytest.approx((1_800_000_000.0, 1_800_000_000.9), abs=1e-6)
    assert told["annotations"]["request_id"] == "01TEST"


def test_each_attempt_is_a_subsegment_of_the_request() -> None:
    first, second = document(row(), TRACE)["subsegments"]

    assert first["name"] == "anthropic"
    assert first["fault"] is True
    assert first["http"] == {"response": {"status": 529}}
    assert first["annotations"]["code"] == "vendor_overloaded"
    assert second["annotations"] == {"vendor": "openai", "model": "gpt", "outcome": "ok", "cost_usd": 0.0012}
    assert (second["start_time"], second["end_time"]) == pytest.approx((1_800_000_000.1, 1_800_000_000.9), abs=1e-6)
    assert not {"error", "fault", "throttle"} & second.keys()


@pytest.mark.parametrize(
    ("attempt", "flags"),
    [
        (failed(status=400), {"error"}),
        (failed(status=429), {"error", "throttle"}),
        (failed(status=500), {"fault"}),
        (failed(status=None, error="vendor_unreachable"), {"fault"}),
        (failed(status=None, outcome="skipped", error="circuit_open"), {"fault"}),
        (failed(status=None, outcome="aborted", error=""), set[str]()),
    ],
)
def test_a_failure_is_flagged_by_its_status(attempt: Any, flags: set[str]) -> None:
    told = document(row(attempt, good()), TRACE)["subsegments"][0]

    assert {"error", "fault", "throttle"} & told.keys() == flags


@pytest.mark.parametrize(
    ("outcome", "status", "flag"), [("error", 502, "fault"), ("error", 404, "error"), ("aborted", 500, None)]
)
def test_a_request_is_flagged_when_it_failed(outcome: str, status: int, flag: str | None) -> None:
    told = document(row(outcome=outcome, status=status), TRACE)

    assert {"error", "fault"} & told.keys() == ({flag} if flag else set())


def test_ids_names_and_annotations_are_as_the_reference_wants_them() -> None:
    told = list(subsegments(document(row(failed(vendor="our (own) vendor"), good()), TRACE)))

    assert len({one["id"] for one in told}) == len(told) == 3
    for one in told:
        assert re.fullmatch(r"[0-9a-f]{16}", one["id"])
        assert re.fullmatch(r"[\w\s.:/%&#=+\-@]{1,200}", one["name"])
        assert one["start_time"] <= one["end_time"]
        assert all(re.fullmatch(r"\w+", key) and value != "" for key, value in one["annotations"].items())


def test_a_trace_never_quotes_what_was_said() -> None:
    assert SECRET.encode() not in to_json(document(row(), TRACE))
