"""What the console sends of money and limits, as typed dicts. USD are decimal strings; 100 credits are one USD."""

from typing import Literal, TypedDict


class BudgetLeft(TypedDict):
    """A budget: of all requests with a tag of this value, or of the key itself where `tag` is null.

    `used_usd` has what requests under way have reserved. `resets_at` is when the next period begins, in UTC.
    """

    object: Literal["budget"]
    tag: str | None
    value: str | None
    period: Literal["day", "month", "total"]
    usd: str
    used_usd: str
    left_usd: str
    left_credits: str
    resets_at: str | None


class BudgetList(TypedDict):
    """The budgets of all tags."""

    object: Literal["list"]
    data: list[BudgetLeft]


class BudgetRemoved(TypedDict):
    """A budget that is no more."""

    object: Literal["budget"]
    tag: str
    value: str
    period: Literal["day", "month", "total"]
    deleted: Literal[True]


class RateLeft(TypedDict):
    """A limit per minute: how much is left, and in how many seconds all of it is there again."""

    limit: int
    left: int
    full_in_seconds: float


class LimitsLeft(TypedDict):
    """A key's limits, null for none; and how many of its requests are under way, as far as something is limited."""

    requests_per_minute: RateLeft | None
    tokens_per_minute: RateLeft | None
    concurrent: int | None
    under_way: int


class CreditsItem(TypedDict):
    """What a key has left. Its requests pass while each of the budgets has room."""

    object: Literal["credits"]
    key: str
    budgets: list[BudgetLeft]
    limits: LimitsLeft


type Money = BudgetLeft | BudgetList | BudgetRemoved | CreditsItem
"""All that is sent of it."""
