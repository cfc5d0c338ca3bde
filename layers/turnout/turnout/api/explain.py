"""What every answer tells about itself: the `turnout` object and the `x-turnout-*` headers."""

from collections.abc import Iterator
from decimal import Decimal

from turnout.api.several import answers, dropped, summary, verdict_note
from turnout.api.wire import AttemptNote, TurnoutNote
from turnout.core.records import Attempt, Record
from turnout.core.text import header_value
from turnout.core.verdict import Verdict

REQUEST_ID = "x-turnout-request-id"


def note(record: Record, verdict: Verdict | None = None) -> TurnoutNote:
    """The `turnout` object. Costs and attempts are as far as the record has them."""
    told = answers(record)
    estimated = any(attempt.usage.source == "estimated" for attempt in record.attempts)
    made: TurnoutNote = {
        "request_id": record.id,
        "model": record.model or None,
        "vendor": record.vendor or None,
        "reason": _reason(record),
        "attempts": list(map(_attempt, record.attempts)),
        "cost_usd": float(record.cost_usd),
        "usage_source": "estimated" if estimated else "vendor",
    }
    if told:
        made["answers"], made["summary"], made["dropped"] = told, summary(told), dropped(record)
    if verdict:
        made["verdict"] = verdict_note(verdict)
    return made


def _attempt(attempt: Attempt) -> AttemptNote:
    return {
        "vendor": attempt.vendor,
        "model": attempt.model,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "error": attempt.error or None,
        "message": attempt.message or None,
        "latency_ms": attempt.latency_ms,
    }


def _reason(record: Record) -> str:
    return record.reason or f"refused: {record.code}"


def headers(record: Record, *, settled: bool) -> Iterator[tuple[str, str]]:
    """The headers, the request's id apart, which every response has. The cost is only known once all is `settled`."""
    yield "x-turnout-model", header_value(record.model) or "none"
    yield "x-turnout-reason", header_value(_reason(record))
    yield "x-turnout-attempts", str(len(record.attempts))
    if settled:
        yield "x-turnout-cost-usd", dollars(record.cost_usd)


def refused(code: str) -> Iterator[tuple[str, str]]:
    """The same for a request that was refused before any model was thought of."""
    yield "x-turnout-model", "none"
    yield "x-turnout-reason", f"refused: {code}"
    yield "x-turnout-attempts", "0"
    yield "x-turnout-cost-usd", "0"


def dollars(cost: Decimal) -> str:
    """An exact amount without exponent or trailing zeros."""
    return f"{cost.normalize():f}"
