"""Rows of the request log as the console shows them."""

from datetime import UTC, datetime

from turnout.api.console.wire import (
    AttemptItem,
    ContentItem,
    DecisionItem,
    FeedbackItem,
    RequestDetail,
    RequestItem,
    RequestSummary,
    Tokens,
    dollars,
)
from turnout.core.contents import Content
from turnout.core.events import Usage
from turnout.core.records import Attempt, Record
from turnout.core.search import Feedback, Logged
from turnout.policy.rollup import TOKENS


def request_item(row: Logged) -> RequestItem:
    """A request in a list."""
    return {**_summary(row.record), "attempts": len(row.record.attempts)}


def request_detail(row: Logged) -> RequestDetail:
    """All that is known of a request."""
    record = row.record
    return {
        **_summary(record),
        "decision": _decision(record),
        "attempts": list(map(_attempt, record.attempts)),
        "sample": record.sample or None,
        "feedback": feedback_item(record.id, row.feedback) if row.feedback else None,
    }


def feedback_item(request_id: str, feedback: Feedback) -> FeedbackItem:
    """What a client thought of an answer."""
    return {
        "object": "feedback",
        "request_id": request_id,
        "score": float(feedback.score),
        "comment": feedback.comment,
        "at": moment(feedback.at),
    }


def content_item(content: Content) -> ContentItem:
    """What was said in a request."""
    return {
        "object": "request.content",
        "request_id": content.request_id,
        "at": moment(content.at),
        "request": content.request,
        "choices": content.choices,
    }


def moment(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond where there are any."""
    told = datetime.fromtimestamp(round(at, 3), UTC)
    return told.isoformat(timespec="milliseconds" if told.microsecond else "seconds").replace("+00:00", "Z")


def _summary(record: Record) -> RequestSummary:
    return {
        "id": record.id,
        "object": "request",
        "at": moment(record.at),
        "key_id": record.key_id,
        "requested": record.requested,
        "model": record.model or None,
        "vendor": record.vendor or None,
        "outcome": record.outcome,
        "status": record.status,
        "code": record.code or None,
        "partial": record.partial,
        "stream": record.stream,
        "mode": record.mode,
        "task": record.task or None,
        "tags": record.tags,
        "reason": record.reason,
        "finish": record.finish or None,
        "latency_ms": record.latency_ms,
        "first_token_ms": record.first_token_ms,
        "cost_usd": dollars(record.cost_usd),
        "tokens": _tokens(*(attempt.usage for attempt in record.attempts)),
    }


def _decision(record: Record) -> DecisionItem:
    return {
        "policy": record.policy or None,
        "goal": record.goal or None,
        "task": record.task or None,
        "session": record.session or None,
        "reason": record.reason,
        "candidates": list(record.candidates),
        "dropped": [{"model": drop.model, "reason": drop.reason} for drop in record.dropped],
        "basis": record.decision,
    }


def _attempt(attempt: Attempt) -> AttemptItem:
    return {
        "vendor": attempt.vendor,
        "model": attempt.model,
        "number": attempt.number,
        "started_ms": attempt.started_ms,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "error": attempt.error or None,
        "message": attempt.message or None,
        "billed": attempt.billed,
        "blames": attempt.blames,
        "latency_ms": attempt.latency_ms,
        "first_token_ms": attempt.first_token_ms,
        "finish": attempt.finish or None,
        "usage": _tokens(attempt.usage),
        "usage_source": attempt.usage.source,
        "cost_usd": dollars(attempt.cost_usd),
        "price_version": attempt.price_version or None,
        "signals": attempt.signals,
        "part": {"role": attempt.part.role, "number": attempt.part.number, "layer": attempt.part.layer},
        "judged": None if attempt.judged is None else float(attempt.judged),
        "propensity": None if attempt.propensity is None else float(attempt.propensity),
    }


def _tokens(*usages: Usage) -> Tokens:
    counts = {bucket: sum(getattr(usage, bucket) for usage in usages) for bucket in TOKENS.values()}
    return Tokens(**counts)
