"""Verdicts on the answer that a client was shown: which series they are of, and how they are counted."""

from collections.abc import Iterator
from decimal import Decimal

from turnout.core.records import ANSWER, Record
from turnout.policy.rollup import Counts

QUALITY = ("judge", "feedback")
"""The series of `rollup.SERIES` that say how good an answer is; the others say what was wrong with it."""
UNIT = 10**4
"""In how many parts a verdict is counted as a whole number, so that squares have few digits."""


def on_the_answer(record: Record) -> Iterator[Decimal]:
    """What judges gave to the answer of the one model that answered; samples are judged, too, but nobody saw them."""
    for one in record.attempts:
        shown = (one.vendor, one.model, one.part) == (record.vendor, record.model, ANSWER)
        if shown and one.judged is not None:
            yield one.judged


def squared(score: Decimal) -> Counts:
    """What a verdict on the answer adds to a `route` cell."""
    points = round(score * UNIT)
    return {"vn": 1, "vs": points, "vq": points * points}
