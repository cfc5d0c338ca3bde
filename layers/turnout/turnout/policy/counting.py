"""What one row of the log adds to the rollups; `policy.rollup` says what the counts mean."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from pydantic_core import to_json

from turnout.core.records import Attempt, Record
from turnout.policy.draws import chosen, graded
from turnout.policy.rollup import SERIES, TOKENS, Cell, Counts, Dimension, Entry, Grain, merged
from turnout.policy.sketch import bucket
from turnout.policy.verdicts import QUALITY, on_the_answer, squared

PLACES = 18
"""Decimal places that an amount may have: with them sums are exact up to 10^20."""
WEIGHT = Decimal("0.000001")
"""The places of a weight."""
LONGEST_VALUE = 256
"""Bytes of JSON that a value takes in the key of a cell; a longer one is abbreviated."""

type Values = tuple[str, ...]

_OUTCOMES = {"ok": "k", "error": "e", "aborted": "a"}
_BLAMES = {"model": "bm", "vendor": "bv"}
_GRAINS: Mapping[Dimension, tuple[Grain, ...]] = {"health": ("minute",), "choice": ("day",)}
_STARTS: Mapping[Grain, str] = {"minute": "%Y-%m-%dT%H:%M", "hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d"}


def entry(record: Record) -> Entry:
    """All that a row adds. Raises ValueError for a row that cannot be counted."""
    return Entry(record.id, dict(_increments(record)))


def verdict(record: Record, series: str, score: Decimal, marker: str) -> Entry:
    """What a verdict on the answer adds, in the period of the request: `series` is of SERIES, `score` from 0 to 1.

    `marker` names the verdict, so that it counts once. Raises KeyError for an unknown series, ValueError for a score
    that is out of range or has too many decimal places.
    """
    if not 0 <= score <= 1:
        raise ValueError(f"A score is from 0 to 1, not {score}")
    counts = _judged(series, _amount(score, "score"))
    places: dict[Dimension, Iterable[tuple[Values, Counts]]] = {
        "model": [(_model(record, record), counts)],
        "route": [(_route(record), {**counts, **(squared(score) if series in QUALITY else {})})],
        "key": [((record.key_id,), counts)],
        "tag": [(tag, counts) for tag in record.tags.items()],
        "choice": graded(record, series, score),
    }
    return Entry(
        marker,
        {
            cell: added
            for dimension, many in places.items()
            for values, added in many
            for cell in cells(record, dimension, values)
        },
    )


def start(grain: Grain, at: float) -> str:
    """The start of the period that `at`, in epoch seconds, is in."""
    return datetime.fromtimestamp(at, UTC).strftime(_STARTS[grain])


def cells(record: Record, dimension: Dimension, values: Values) -> Iterator[Cell]:
    """The cells of a dimension in which a row is counted: health when the answer ended, all else when it was asked."""
    short = tuple(map(_abbreviated, values))
    at = record.at + record.latency_ms / 1000 if dimension == "health" else record.at
    for grain in _GRAINS.get(dimension, ("hour", "day")):
        yield Cell(grain, start(grain, at), dimension, short)


def _increments(record: Record) -> Iterator[tuple[Cell, Counts]]:
    for dimension, count in DIMENSIONS.items():
        found: dict[Values, list[Counts]] = {}
        for values, counts in count(record):
            found.setdefault(values, []).append(counts)
        for values, many in found.items():
            total = merged(many)
            for cell in cells(record, dimension, values):
                yield cell, total


def _by_model(record: Record) -> Iterator[tuple[Values, Counts]]:
    yield _model(record, record), _ending(record)
    for attempt in record.attempts:
        times = _times(attempt, record)
        yield _model(attempt, record), merged([_attempt(attempt), _squared(attempt.cost_usd), times])


def _by_route(record: Record) -> Iterator[tuple[Values, Counts]]:
    verdicts = merged(map(squared, on_the_answer(record)))
    yield _route(record), {**_whole(record), **_diverted(record), **verdicts}


def _by_key(record: Record) -> Iterator[tuple[Values, Counts]]:
    yield (record.key_id,), _whole(record)


def _by_tag(record: Record) -> Iterator[tuple[Values, Counts]]:
    for tag in record.tags.items():
        yield tag, _whole(record)


def _health(record: Record) -> Iterator[tuple[Values, Counts]]:
    for attempt in record.attempts:
        times = _times(attempt, record)
        yield (_id(attempt),), _fate(attempt) | times


DIMENSIONS: Mapping[Dimension, Callable[[Record], Iterable[tuple[Values, Counts]]]] = {
    "model": _by_model,
    "route": _by_route,
    "key": _by_key,
    "tag": _by_tag,
    "choice": chosen,
    "health": _health,
}
"""Where a row is counted, and as what; a dimension more is a line more here and in `rollup.FIELDS`."""


def _whole(record: Record) -> Counts:
    """A request with all its attempts."""
    attempts = merged(map(_attempt, record.attempts))
    times = _first_token(record.first_token_ms, record) | _latency(record)
    return {**_ending(record), **attempts, **_squared(record.cost_usd), **times}


def _ending(record: Record) -> dict[str, int | Decimal]:
    return {"rq": 1, f"r{_OUTCOMES[record.outcome]}": 1}


def _diverted(record: Record) -> dict[str, int | Decimal]:
    """Whether the policy's first choice was to answer and did not; a request that explores tells nothing of it."""
    decision = record.decision
    if not decision or not decision.primary or record.mode != "failover" or record.outcome == "aborted":
        return {}
    meant = decision.targets[:1] == (decision.primary,) or decision.primary in decision.features.resting
    return {"rd": 1} if meant and _id(record) != decision.primary else {}


def _attempt(attempt: Attempt) -> dict[str, int | Decimal]:
    signals = [_judged(name, Decimal(raised)) for name, raised in attempt.signals.items() if name in SERIES]
    return merged([_fate(attempt), _consumption(attempt), *signals, _verdict(attempt)])


def _verdict(attempt: Attempt) -> dict[str, int | Decimal]:
    if attempt.judged is None:
        return {}
    counts = _judged("judge", attempt.judged)
    if attempt.propensity:
        letters = SERIES["judge"]
        weight = (1 / attempt.propensity).quantize(WEIGHT)
        counts |= {f"{letters}w": weight, f"{letters}x": weight * attempt.judged}
    return counts


def _fate(attempt: Attempt) -> dict[str, int | Decimal]:
    if attempt.outcome == "skipped":
        return {"ax": 1}
    blame = {_BLAMES[attempt.blames]: 1} if attempt.blames in _BLAMES else {}
    return {"aq": 1, f"a{_OUTCOMES[attempt.outcome]}": 1, **blame}


def _consumption(attempt: Attempt) -> dict[str, int | Decimal]:
    tokens = {name: getattr(attempt.usage, bucket_) for name, bucket_ in TOKENS.items()}
    estimated = int(attempt.usage.source == "estimated")
    return {"us": _amount(attempt.cost_usd, "cost_usd"), "ev": estimated, **tokens}


def _judged(series: str, score: Decimal) -> dict[str, int | Decimal]:
    letters = SERIES[series]
    return {f"{letters}n": 1, f"{letters}s": score}


def _latency(one: Record | Attempt) -> dict[str, int | Decimal]:
    return _time("l", one.latency_ms) if one.outcome == "ok" else {}


def _times(attempt: Attempt, record: Record) -> dict[str, int | Decimal]:
    """What only other models read is asked for whole, and has no first token."""
    shown = attempt.part.role in {"answer", "synthesis"}
    return _first_token(attempt.first_token_ms if shown else None, record) | _latency(attempt)


def _first_token(ms: int | None, record: Record) -> dict[str, int | Decimal]:
    return {} if ms is None or not record.stream else _time("f", ms)


def _time(letter: str, ms: int) -> dict[str, int | Decimal]:
    return {f"{letter}s": ms, f"{letter}q": ms * ms, f"{letter}{bucket(ms)}": 1}


def _squared(cost: Decimal) -> dict[str, int | Decimal]:
    return {"u2": int(cost.scaleb(9).to_integral_value()) ** 2}


def _amount(value: Decimal, name: str) -> Decimal:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -PLACES:
        raise ValueError(
            f"{name} is {value}; only finite amounts of up to {PLACES} decimal places can be summed exactly"
        )
    return value


def _model(one: Record | Attempt, record: Record) -> Values:
    return _id(one), record.task, record.policy


def _route(record: Record) -> Values:
    return record.goal, record.task, record.policy


def _id(one: Record | Attempt) -> str:
    return f"{one.vendor}/{one.model}" if one.model else ""


def _abbreviated(value: str) -> str:
    """A value that fits into the key of an item, however a client named its tags; long ones stay distinct."""
    if len(to_json(value)) <= LONGEST_VALUE:
        return value
    return f"{value[:24]}…{hashlib.sha256(value.encode()).hexdigest()[:16]}"
