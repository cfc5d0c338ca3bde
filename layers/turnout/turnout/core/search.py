"""How the request log is searched: what is asked of it, and what it gives."""

from collections.abc import Sequence
from decimal import Decimal

from turnout.core.frozen import frozen
from turnout.core.records import Record


@frozen
class Feedback:
    """What the client thought of an answer: `score` from 0 to 1. `at` is epoch seconds."""

    score: Decimal
    comment: str
    at: float


@frozen
class Logged:
    """A row, and the feedback that came to it later."""

    record: Record
    feedback: Feedback | None = None


@frozen
class Search:
    """Which rows: of requests in [since, until), epoch seconds, and of all that is given here.

    `model` is the one that answered, `name` or `vendor/name`. A tag whose value is None may have any.
    """

    since: float
    until: float
    key_id: str = ""
    model: str = ""
    outcome: str = ""
    tags: tuple[tuple[str, str | None], ...] = ()


@frozen
class Position:
    """A place between two rows, newest first: behind the row `id` of `day`, or before all of that day if `id` is ""."""

    day: str
    id: str


@frozen
class Page:
    """Rows, newest first, and where the next page begins; None when there is none. A page may have few rows or none."""

    rows: Sequence[Logged]
    next: Position | None
