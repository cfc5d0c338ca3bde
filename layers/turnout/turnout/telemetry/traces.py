"""The trace of a request in X-Ray: one subsegment for the request and, in it, one for each attempt.

They are sent to the daemon that Lambda runs beside the function, as UDP datagrams that nobody waits for, under the
segment that Lambda makes for the invocation. The format is documented, and small enough to need no SDK:
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html,
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html (Sending segment documents to the daemon).
"""

import os
import re
import secrets
import socket
from typing import Any, Self

from pydantic_core import to_json

from turnout.core.frozen import frozen
from turnout.core.records import Attempt, Record

HEADER = b'{"format": "json", "version": 1}\n'

NOT_IN_A_NAME = re.compile(r"[^\w\s.:/%&#=+\-@]")


@frozen
class Trace:
    """The trace that an invocation belongs to, and the segment in it that is Lambda's own."""

    id: str
    segment: str

    @classmethod
    def of(cls, header: str) -> Self | None:
        """By Lambda's trace header; None when this request was not sampled.

        https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
        """
        parts = (field.strip().partition("=") for field in header.split(";"))
        fields = {name: value for name, _, value in parts}
        if fields.get("Sampled") != "1" or "Root" not in fields or "Parent" not in fields:
            return None
        return cls(fields["Root"], fields["Parent"])


def tell(record: Record) -> None:
    """Send the trace, where Lambda gives one: the trace's header and the daemon's address are in its environment."""
    trace = Trace.of(os.environ.get("_X_AMZN_TRACE_ID", ""))
    host, _, port = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "").rpartition(":")
    if trace and host:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
            daemon.sendto(HEADER + to_json(document(record, trace)), (host, int(port)))


def document(record: Record, trace: Trace) -> dict[str, Any]:
    """The request's subsegment, to be sent by itself."""
    told = {
        "request_id": record.id,
        "requested": record.requested,
        "vendor": record.vendor,
        "model": record.model,
        "outcome": record.outcome,
        "code": record.code,
        "cost_usd": float(record.cost_usd),
    }
    status = record.status if record.outcome == "error" else None
    return {
        "type": "subsegment",
        "trace_id": trace.id,
        "parent_id": trace.segment,
        **_subsegment("turnout", record.at, record.latency_ms, told),
        **_flags(status),
        "subsegments": [_attempt(attempt) for attempt in record.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    """`remote` makes the vendor a node of the trace map."""
    told = {
        "vendor": attempt.vendor,
        "model": attempt.model,
        "outcome": attempt.outcome,
        "code": attempt.error,
        "cost_usd": float(attempt.cost_usd),
    }
    failed = attempt.outcome in {"error", "skipped"}
    return {
        **_subsegment(attempt.vendor, attempt.started_ms / 1000, attempt.latency_ms, told),
        "namespace": "remote",
        **_flags(attempt.status or 503 if failed else None),
        **({"http": {"response": {"status": attempt.status}}} if attempt.status else {}),
    }


def _subsegment(name: str, began: float, milliseconds: int, told: dict[str, Any]) -> dict[str, Any]:
    """What each has; `began` in epoch seconds. Annotations are indexed, so that traces can be searched by them."""
    return {
        "id": secrets.token_hex(8),
        "name": NOT_IN_A_NAME.sub("_", name)[:200],
        "start_time": began,
        "end_time": began + milliseconds / 1000,
        "annotations": {key: value for key, value in told.items() if value != ""},
    }


def _flags(status: int | None) -> dict[str, bool]:
    """Whose fault a failure was, in X-Ray's words; nothing for what did not fail."""
    if status is None:
        return {}
    if status == 429:
        return {"error": True, "throttle": True}
    return {"error": True} if status < 500 else {"fault": True}
