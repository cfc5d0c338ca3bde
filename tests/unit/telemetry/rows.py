"""Rows for the tests on telemetry: one with a failed attempt before a good one, and changes of it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from turnout.core.events import Usage
from turnout.core.records import Attempt, Record

SECRET = "the patient is called Ada"
"""Stands for a prompt that a vendor's message quotes."""


def failed(**changes: Any) -> Attempt:
    """An attempt that a vendor answered with 529."""
    attempt = Attempt(
        "anthropic",
        "claude",
        1,
        1_800_000_000_000,
        status=529,
        error="vendor_overloaded",
        message=SECRET,
        latency_ms=20,
    )
    return replace(attempt, **changes)


def good(**changes: Any) -> Attempt:
    """An attempt that answered."""
    attempt = Attempt(
        "openai",
        "gpt",
        1,
        1_800_000_000_100,
        outcome="ok",
        status=200,
        latency_ms=800,
        usage=Usage(input=10, cached_input=5, output=7, reasoning=2),
        cost_usd=Decimal("0.0012"),
    )
    return replace(attempt, **changes)


def row(*attempts: Attempt, **changes: Any) -> Record:
    """A streamed request that `attempts` answered, by default a failed and a good one."""
    record = Record(
        "01TEST",
        1_800_000_000.0,
        "key_1",
        "auto",
        stream=True,
        session=SECRET,
        tags={"note": SECRET},
        reason="auto; after 1 failed attempt",
        attempts=list(attempts or (failed(), good())),
        vendor="openai",
        model="gpt",
        outcome="ok",
        status=200,
        code="",
        latency_ms=900,
        first_token_ms=300,
    )
    return replace(record, **changes)
