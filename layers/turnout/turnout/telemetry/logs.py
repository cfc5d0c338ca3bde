"""One structured line of log for each request, through Powertools: what was asked of whom, and what came of it."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from turnout import telemetry
from turnout.core.records import Attempt, Record
from turnout.core.redaction import redacted

NAME = "turnout.requests"
"""Powertools silences the root's handlers for a logger's name and all that contains it, so `turnout` will not do."""


def tell(record: Record) -> None:
    """Write the line: as an error where the gateway or every vendor failed, else as information."""
    logger = _logger()
    write = logger.error if record.outcome == "error" and record.status >= 500 else logger.info
    write("request", **fields(record))


def fields(record: Record) -> dict[str, Any]:
    """What the line says. No prompt, answer or secret; nor a vendor's message, since it may quote the prompt."""
    attempts = record.attempts
    return {
        "request_id": record.id,
        "key_id": record.key_id,
        "requested": redacted(record.requested),
        "stream": record.stream,
        "vendor": record.vendor,
        "model": record.model,
        "reason": redacted(record.reason),
        "outcome": record.outcome,
        "status": record.status,
        "code": record.code,
        "partial": record.partial,
        "attempts": len(attempts),
        "failed": [_failed(attempt) for attempt in attempts if attempt.error],
        "latency_ms": record.latency_ms,
        "first_token_ms": record.first_token_ms,
        "input_tokens": sum(attempt.usage.prompt for attempt in attempts),
        "cached_tokens": sum(attempt.usage.cached_input for attempt in attempts),
        "output_tokens": sum(attempt.usage.completion for attempt in attempts),
        "cost_usd": float(record.cost_usd),
    }


def _failed(attempt: Attempt) -> str:
    return f"{attempt.vendor}/{attempt.model}: {attempt.error}"


@cache
def _logger() -> Logger:
    logger = Logger(service=NAME, utc=True, use_rfc3339=True)
    logger.append_keys(service=telemetry.service())
    return logger
