"""What a key may do and use: scopes, budgets, limits, and what is kept of its prompts."""

from decimal import Decimal
from typing import Literal

from turnout.core.frozen import frozen

type Scope = Literal["inference", "read", "admin"]
"""`inference` asks models, `read` sees the records of all keys, `admin` changes keys, policies and budgets.

Every key sees its own records. `admin` includes the others.
"""

type Period = Literal["day", "month", "total"]
"""Days and months are those of UTC."""

CREDITS_PER_USD = 100
"""So many credits are one US dollar."""
MOST_EXPLORED = 0.2
"""The largest share of a key's requests that may go to another model than the best known."""


@frozen
class Budget:
    """What may be spent at most in each period, in USD."""

    usd: Decimal
    period: Period = "total"


@frozen
class TagBudget:
    """What all requests with a tag of this value may spend together."""

    tag: str
    value: str
    budget: Budget


@frozen
class Limits:
    """How much at once; None: as much as it likes. Tokens are those of prompts and answers together."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent: int | None = None

    @property
    def any(self) -> bool:
        """Whether something is limited."""
        return self != UNLIMITED


UNLIMITED = Limits()


@frozen
class Privacy:
    """What is kept of the prompts and answers: nothing, unless `store_content`.

    With `zero_retention` not even tags and session names are kept, and `store_content` cannot be had.
    """

    store_content: bool = False
    zero_retention: bool = False


NOTHING_KEPT = Privacy()
"""No prompt and no answer."""


@frozen
class Sampling:
    """The `share` (0 to 1) of a key's `auto` requests that a second model answers as well, and a judge compares.

    What that may cost in a day, in USD.
    """

    share: float
    usd_per_day: Decimal


@frozen
class Estimate:
    """What a request is expected to use at most, in USD and in tokens of prompts and answers together."""

    usd: Decimal
    tokens: int


@frozen
class Rate:
    """A limit per minute: how much of it is left, and the seconds until all of it is there again."""

    limit: int
    left: int
    reset: float


@frozen
class Left:
    """What a request has left for others, None where nothing is limited. Of budgets the tightest counts."""

    requests: Rate | None = None
    tokens: Rate | None = None
    usd: Decimal | None = None
