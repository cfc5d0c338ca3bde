"""What a request took of an account, also as a line of log for the one that DynamoDB refused.

Such a line holds one JSON object, `{"turnout_unsaved_settlement": 1, "error": ..., "settlement": ...}`.
"""

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from turnout.core.frozen import frozen

UNSAVED = "turnout_unsaved_settlement"


@frozen
class Settlement:
    """`at` is when the request `id` began, in epoch seconds, `estimate` and `usd` what was expected and what it cost.

    `held`: the estimate was reserved. `moved`: how far the bucket of tokens moves, in its own unit.
    """

    account: str
    id: str
    at: float
    estimate: Decimal
    usd: Decimal
    held: bool = True
    moved: int = 0


def unsaved_line(settlement: Settlement, error: Exception) -> str:
    """The settlement as a line of log. What the bucket moves is left out: it is over by the time that this is read."""
    told = asdict(settlement) | {"moved": 0}
    return json.dumps({UNSAVED: 1, "error": f"{type(error).__name__}: {error}", "settlement": told}, default=str)


def settlement_at(line: str, start: int) -> tuple[Settlement, int]:
    """The one in the object at `start` of a line of log, and its end. Raises ValueError when it was cut."""
    found, end = json.JSONDecoder().raw_decode(line, start)
    try:
        told: dict[str, Any] = dict(found["settlement"])
        money: dict[str, Any] = {name: Decimal(told[name]) for name in ("estimate", "usd")}
        return Settlement(**(told | money)), end
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"no settlement: {error}") from None
