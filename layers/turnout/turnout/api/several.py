"""What is told of several answers to one request: what each took, and which was fastest, cheapest and longest."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from turnout.api.wire import AnswerNote, DropItem, Summary, VerdictNote
from turnout.core.errors import DeadlineExceeded, TimedOut
from turnout.core.records import Attempt, Record, Role
from turnout.core.verdict import Verdict

ROLES: Mapping[str, Role] = {"compare": "answer", "blend": "candidate", "judge": "candidate"}
"""The modes in which several models answer, and what each answer is there."""
LATE = frozenset({TimedOut.code, DeadlineExceeded.code})
"""The errors of an answer for which there was no more time."""


def answers(record: Record) -> list[AnswerNote]:
    """One for each model that was asked, in the order of the choices; none where only one was to answer."""
    if not (role := ROLES.get(record.mode)):
        return []
    shown = sorted((a for a in record.attempts if a.part.role == role), key=_place)
    return [_answer(number, list(tries)) for number, (_, tries) in enumerate(groupby(shown, _place))]


def _place(attempt: Attempt) -> tuple[int, int]:
    return attempt.part.layer, attempt.part.number


def summary(told: Sequence[AnswerNote]) -> Summary:
    """The best of the whole answers, by index."""
    whole = [answer for answer in told if answer["error"] is None]
    fastest = min(whole, key=lambda answer: answer["latency_ms"], default=None)
    cheapest = min(whole, key=lambda answer: answer["cost_usd"], default=None)
    longest = max(whole, key=lambda answer: answer["completion_tokens"], default=None)
    return {
        "fastest": fastest and fastest["index"],
        "cheapest": cheapest and cheapest["index"],
        "longest": longest and longest["index"],
    }


def dropped(record: Record) -> list[DropItem]:
    """The models that were named and could not take the request."""
    return [{"model": drop.model, "reason": drop.reason} for drop in record.dropped]


def verdict_note(verdict: Verdict) -> VerdictNote:
    """A verdict, with its reasons."""
    return {
        "winner": verdict.winner,
        "scores": [
            {"index": score.number, "score": float(score.points), "reason": score.reason} for score in verdict.scores
        ],
        "confidence": float(verdict.confidence),
        "judges": list(verdict.judges),
        "orders": list(map(list, verdict.orders)),
        "seed": verdict.seed,
    }


def _answer(number: int, tries: Sequence[Attempt]) -> AnswerNote:
    first, last = tries[0], tries[-1]
    return {
        "index": number,
        "model": f"{last.vendor}/{last.model}",
        "outcome": last.outcome,
        "finish_reason": last.finish or None,
        "error": last.error or None,
        "message": last.message or None,
        "late": last.error in LATE,
        "latency_ms": last.started_ms - first.started_ms + last.latency_ms,
        "first_token_ms": last.first_token_ms and last.started_ms - first.started_ms + last.first_token_ms,
        "prompt_tokens": sum(attempt.usage.prompt for attempt in tries),
        "completion_tokens": sum(attempt.usage.completion for attempt in tries),
        "cost_usd": float(sum(attempt.cost_usd for attempt in tries)),
        "judged": None if last.judged is None else float(last.judged),
    }
