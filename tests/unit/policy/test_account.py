"""The arithmetic of accounts: what is let through, whatever comes and however wrong it was estimated."""

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from turnout.core.allowance import Budget, Estimate, Limits
from turnout.policy.account import (
    MINUTE,
    UNUSED,
    Account,
    Bucket,
    Terms,
    correction,
    instant,
    left,
    refused,
    share,
    windows,
)

START = 1_800_000_000.0


@dataclass(frozen=True)
class Asked:
    """A request `after` seconds from the one before; it takes `seconds`, and `used` tokens where `expected` were."""

    after: float
    seconds: float
    expected: int
    used: int


def _asked(after: float, took: float, expected: int, used: int) -> Asked:
    return Asked(after, took, expected, min(used, expected))


seconds, tokens = st.floats(0, 90), st.integers(0, 1000)
asked = st.builds(_asked, seconds, seconds, tokens, tokens)


@given(st.lists(asked, max_size=40), st.integers(1, 1000))
def test_no_more_is_let_through_than_if_all_tokens_had_been_known(requests: list[Asked], limit: int) -> None:
    """In hindsight, a bucket that leaks steadily and gets what was really used never overflows."""
    now, full_at, level, measured = instant(START), 0, 0.0, instant(START)
    settling: list[tuple[int, Asked, int]] = []
    for one in requests:
        now += instant(one.after)
        full_at = _settled(settling, full_at, limit, now)
        bucket = Bucket("tokens", limit, one.expected, full_at)
        if bucket.wait(now):
            continue
        full_at = max(full_at, now) + bucket.share
        settling.append((now + instant(one.seconds), one, full_at))
        level, measured = max(0.0, level - (now - measured) * limit / MINUTE) + one.used, now
        assert level <= limit + 1e-6


def _settled(settling: list[tuple[int, Asked, int]], full_at: int, limit: int, now: int) -> int:
    """The bucket after all that ended before `now`."""
    for due in sorted(settling, key=lambda entry: entry[0]):
        ended, one, stood = due
        if ended <= now:
            full_at += correction(one.expected, one.used, limit, stood, ended)
            settling.remove(due)
    return full_at


@given(st.integers(1, 5_000_000))
def test_a_bucket_at_rest_takes_exactly_its_limit_at_once(limit: int) -> None:
    now, one = instant(START), share(1, limit)
    assert Bucket("requests", limit, 1, now + (limit - 1) * one).wait(now) == 0
    assert Bucket("requests", limit, 1, now + limit * one).wait(now) > 0


@given(st.integers(1, 100_000), st.integers(0, 100_000), st.floats(0, 120))
def test_who_waits_as_long_as_he_is_told_gets_in(limit: int, amount: int, ahead: float) -> None:
    amount, now = min(amount, limit), instant(START)
    bucket = Bucket("tokens", limit, amount, now + instant(ahead))
    assert Bucket("tokens", limit, amount, bucket.full_at).wait(now + round(bucket.wait(now) * 10**12) + 10**6) == 0


@given(st.decimals(0, 10, places=6), st.decimals(0, 10, places=6), st.decimals(0, 10, places=6))
def test_money_is_let_through_exactly_while_there_is_some(spent: Decimal, budget: Decimal, wanted: Decimal) -> None:
    terms = Terms("key#k", (Budget(budget, "day"),))
    account = Account({windows(START)["day"]: spent})
    error = refused(account, terms, Estimate(wanted, 0), START)
    assert (error is None) == (spent + wanted <= budget)
    assert left(account, terms, START).usd == max(0, budget - spent)


def test_a_limit_that_was_never_used_is_whole() -> None:
    told = left(UNUSED, Terms("key#k", (), Limits(60, 1000)), START)
    assert told.requests
    assert told.tokens
    assert (told.requests.left, told.requests.reset, told.tokens.left, told.usd) == (60, 0, 1000, None)
