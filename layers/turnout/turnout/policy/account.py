"""What a key or a tag has used, and whether there is room for one more request: arithmetic, without a store.

Money is counted by windows: the day, the month and all time. What is reserved counts as spent until it is settled, in
the windows in which the request began. Requests and tokens per minute are a token bucket that holds one minute's worth
and fills steadily, written as the generic cell rate algorithm has it: one number, the instant at which the bucket will
be full again (https://www.itu.int/rec/T-REC-I.371-200403-I, annex A.2). So a limit of 60 requests lets 60 in at once
after a minute of rest, then one a second. Instants are whole picoseconds, or limits would be off by what is rounded.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal

from turnout.core.allowance import UNLIMITED, Budget, Estimate, Left, Limits, Period, Rate, TagBudget
from turnout.core.frozen import frozen
from turnout.core.ports import Key
from turnout.core.refused import Limited, OverBudget, RateLimited

SECOND = 10**12
MINUTE = 60 * SECOND
REMEDY = {
    "day": "It starts again at midnight UTC.",
    "month": "It starts again with the next month, UTC.",
    "total": "Ask whoever runs this gateway for more.",
}
ZERO = Decimal(0)


@frozen
class Terms:
    """Whose account (`key#key_1`, `tag#team=search`), what it may spend, and how fast."""

    account: str
    budgets: tuple[Budget, ...] = ()
    limits: Limits = UNLIMITED

    @property
    def tag(self) -> str:
        """As `team=search`, "" where it is a key's account."""
        kind, _, name = self.account.partition("#")
        return name if kind == "tag" else ""

    @property
    def shown(self) -> str:
        """For people."""
        return f"the tag {self.tag}" if self.tag else "this key"


@frozen
class Held:
    """What a request that began `at` (epoch seconds) has reserved, in USD."""

    usd: Decimal
    at: float


@frozen
class Account:
    """`spent` is USD by window, what is `held` included; `held` is by the request's id.

    `requests` and `tokens` are the instants at which the buckets will be full again.
    """

    spent: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    held: Mapping[str, Held] = field(default_factory=dict[str, Held])
    requests: int = 0
    tokens: int = 0

    def expired(self, now: float, lifetime: float) -> dict[str, Held]:
        """What is held for longer than any request takes: whoever held it is gone."""
        return {name: held for name, held in self.held.items() if held.at + lifetime < now}


UNUSED = Account()


def terms_of_key(key: Key) -> Terms:
    """What a key may use."""
    return Terms(f"key#{key.id}", key.budgets, key.limits)


def terms_of_tags(budgets: Iterable[TagBudget]) -> tuple[Terms, ...]:
    """What tags may use: one account for each tag and value, whatever periods it has budgets for."""
    accounts: dict[str, tuple[Budget, ...]] = {}
    for one in budgets:
        account = f"tag#{one.tag}={one.value}"
        accounts[account] = (*accounts.get(account, ()), one.budget)
    return tuple(Terms(account, mine) for account, mine in accounts.items())


def windows(at: float) -> dict[Period, str]:
    """The names of the windows that an instant is in."""
    day = datetime.fromtimestamp(at, UTC).date().isoformat()
    return {"day": f"day_{day}", "month": f"month_{day[:7]}", "total": "total"}


def instant(at: float) -> int:
    """Epoch seconds in picoseconds."""
    return round(at * 1_000_000) * (SECOND // 1_000_000)


def share(amount: int, per_minute: int) -> int:
    """How long a bucket takes to fill again by so much."""
    return amount * MINUTE // per_minute


@frozen
class Bucket:
    """One of an account's limits per minute, and what a request takes of it."""

    name: str
    limit: int
    amount: int
    full_at: int

    @property
    def share(self) -> int:
        """What the request takes, as time."""
        return share(self.amount, self.limit)

    def wait(self, now: int) -> float:
        """Seconds until there is room, 0 when there is."""
        return max(0, max(self.full_at, now) + self.share - MINUTE - now) / SECOND

    def rate(self, now: int) -> Rate:
        """What is left of it."""
        missing = max(0, self.full_at - now)
        return Rate(self.limit, max(0, (MINUTE - missing) * self.limit // MINUTE), missing / SECOND)


def buckets(account: Account, limits: Limits, tokens: int) -> Iterator[Bucket]:
    """Those of the limits that there are."""
    if limits.requests_per_minute is not None:
        yield Bucket("requests", limits.requests_per_minute, 1, account.requests)
    if limits.tokens_per_minute is not None:
        yield Bucket("tokens", limits.tokens_per_minute, tokens, account.tokens)


def refused(account: Account, terms: Terms, wanted: Estimate, at: float) -> Limited | None:
    """Why there is no room for a request that begins `at`, None when there is."""
    return (
        _over_budget(account, terms, wanted, at) or _too_many(account, terms) or _too_fast(account, terms, wanted, at)
    )


def _over_budget(account: Account, terms: Terms, wanted: Estimate, at: float) -> OverBudget | None:
    named = windows(at)
    for budget in terms.budgets:
        left = budget.usd - account.spent.get(named[budget.period], ZERO)
        if wanted.usd > left:
            return OverBudget(_spent(budget, terms, wanted, left))
    return None


def _spent(budget: Budget, terms: Terms, wanted: Estimate, left: Decimal) -> str:
    period = {"day": "a day", "month": "a month", "total": "in all"}[budget.period]
    return (
        f"You exceeded the budget of {terms.shown}: {budget.usd:f} USD {period}, of which {max(left, ZERO):.6f} are "
        f"left, and this request may cost {wanted.usd:.6f}. {REMEDY[budget.period]} Or lower max_tokens, or name a "
        "cheaper model."
    )


def _too_many(account: Account, terms: Terms) -> RateLimited | None:
    most = terms.limits.concurrent
    if most is None or len(account.held) < most:
        return None
    return RateLimited(
        f"Too many requests at once: {terms.shown} may have {most} under way. Wait for one to end.", "concurrent", 1.0
    )


def _too_fast(account: Account, terms: Terms, wanted: Estimate, at: float) -> RateLimited | None:
    now = instant(at)
    for bucket in buckets(account, terms.limits, wanted.tokens):
        if bucket.share > MINUTE:
            return RateLimited(
                f"This request may take {bucket.amount} tokens, and {terms.shown} may use {bucket.limit} a minute. "
                "Shorten the prompt or lower max_tokens.",
                "tokens",
                curable=False,
            )
        if wait := bucket.wait(now):
            return RateLimited(
                f"Rate limit reached: {terms.shown} may use {bucket.limit} {bucket.name} a minute, and this request "
                f"takes {bucket.amount}. Try again in {wait:.3f} s.",
                "requests" if bucket.name == "requests" else "tokens",
                wait,
            )
    return None


def used(account: Account, period: Period, at: float) -> Decimal:
    """USD in the period that an instant is in, what is reserved included."""
    return account.spent.get(windows(at)[period], ZERO)


def left(account: Account, terms: Terms, at: float) -> Left:
    """What is left for others. Budgets are never less than nothing."""
    now, named = instant(at), windows(at)
    rates = {bucket.name: bucket.rate(now) for bucket in buckets(account, terms.limits, 0)}
    usd = (max(ZERO, budget.usd - account.spent.get(named[budget.period], ZERO)) for budget in terms.budgets)
    return Left(rates.get("requests"), rates.get("tokens"), min(usd, default=None))


def tightest(lefts: Iterator[Left]) -> Left:
    """Of a key and its tags together; only keys have limits per minute."""
    told = list(lefts)
    return Left(
        next((one.requests for one in told if one.requests), None),
        next((one.tokens for one in told if one.tokens), None),
        min((one.usd for one in told if one.usd is not None), default=None),
    )


def correction(expected: int, used: int, per_minute: int, full_at: int, now: int) -> int:
    """How far the bucket's instant moves once a request's tokens are known, of which `expected` were taken.

    What was taken too much is given back only as far as it has not filled again by itself: up to `full_at`, where the
    bucket stood right after. So a correction never lets more through than if the tokens had been known before.
    """
    if used >= expected:
        return share(used - expected, per_minute)
    return -min(share(expected - used, per_minute), max(0, full_at - now))
