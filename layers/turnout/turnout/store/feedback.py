"""Feedback on an answer: kept with its row, and counted in the rollups in the same transaction, so once and for ever.

A row has one feedback, its key's. A later one replaces it: the rollups are changed by the difference.
"""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal

from turnout.core.ports import Clock
from turnout.core.search import Feedback, Logged
from turnout.policy.counting import verdict
from turnout.policy.rollup import Cell, Counts
from turnout.store.amendments import DynamoAmendments, difference
from turnout.store.cells import Wire
from turnout.store.dynamo import StoreUnavailable, ask, to_wire
from turnout.store.requests import DynamoRequests

TRIES = 5
"""How often somebody else may give feedback on the same row in between."""


class DynamoFeedback:
    """Takes feedback on the rows that `requests` finds."""

    def __init__(self, requests: DynamoRequests, amendments: DynamoAmendments, clock: Clock) -> None:
        self._requests = requests
        self._amendments = amendments
        self._clock = clock

    async def give(self, request_id: str, key_id: str, score: Decimal, comment: str) -> Feedback | None:
        """Keep what the key thinks of an answer; None when it has no such request. Raises StoreUnavailable."""
        given = Feedback(score, comment, round(self._clock.time(), 3))
        for _ in range(TRIES):
            row = await self._requests.find(request_id)
            if not row or row.record.key_id != key_id:
                return None
            if row.feedback and (row.feedback.score, row.feedback.comment) == (score, comment):
                return row.feedback
            if await ask(self._amendments.amend, request_id, _update(row, given), _change(row, given)):
                return given
        raise StoreUnavailable("Others give feedback on this request at the same time. Try again in a moment.")


def counted(row: Logged, feedback: Feedback | None) -> Mapping[Cell, Counts]:
    """What a feedback on a row adds to the rollups."""
    return verdict(row.record, "feedback", feedback.score, marker="").increments if feedback else {}


def _change(row: Logged, given: Feedback) -> Mapping[Cell, Counts]:
    return difference(counted(row, row.feedback), counted(row, given))


def _update(row: Logged, given: Feedback) -> Wire:
    """Set the feedback, if it is still the one that was read."""
    seen = row.feedback
    values = {":given": asdict(given) | {"at": Decimal(str(given.at))}}
    condition, names = "attribute_exists(id) AND attribute_not_exists(feedback)", {}
    if seen:
        condition, names = "feedback.#at = :at AND feedback.score = :score", {"#at": "at"}
        values |= {":at": Decimal(str(seen.at)), ":score": seen.score}
    return {
        "UpdateExpression": "SET feedback = :given",
        "ConditionExpression": condition,
        "ExpressionAttributeValues": to_wire(values),
        **({"ExpressionAttributeNames": names} if names else {}),
    }
