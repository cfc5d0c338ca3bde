"""Budgets and limits as OpenAI's own client sees them."""

import time
from decimal import Decimal

import pytest
from openai import RateLimitError

from tests.e2e.world import ANSWER, ASKED, CLIENT_KEY, World, world
from tests.fakes import FakeAllowances, FakeKeys
from turnout.clock import SystemClock
from turnout.core.allowance import Budget, Limits
from turnout.core.ports import Key
from turnout.policy.account import Account, instant

ACCOUNT = "key#key-1"
KEY = Key("key-1", budgets=(Budget(Decimal(1)),), limits=Limits(requests_per_minute=30))


def full_in(allowances: FakeAllowances, seconds: float) -> None:
    """So many requests of the last minute were used up that it takes so long until all are there again."""
    allowances.accounts[ACCOUNT] = Account(requests=instant(time.time() + seconds))


async def ask(everything: World, retries: int) -> str:
    client = everything.client.with_options(max_retries=retries)
    answer = await client.chat.completions.create(model="openai/gpt-5.2", messages=ASKED)
    return answer.choices[0].message.content or ""


async def test_a_client_waits_as_long_as_it_is_told_and_is_answered() -> None:
    allowances = FakeAllowances(SystemClock())
    async with world(keys=FakeKeys(**{CLIENT_KEY: KEY}), allowances=allowances) as everything:
        assert await ask(everything, 0) == ANSWER
        full_in(allowances, 60)
        with pytest.raises(RateLimitError) as refused:
            await ask(everything, 0)
        assert refused.value.code == "rate_limit_exceeded"
        headers = refused.value.response.headers
        assert headers["x-turnout-limited-by"] == "requests"
        assert 1 <= int(headers["retry-after"]) <= 2
        assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]) == ("30", "0")
        full_in(allowances, 60)
        assert await ask(everything, 1) == ANSWER
        statuses = [row.status for row in everything.log.rows]
    assert statuses[:3] == [200, 429, 429]


async def test_a_client_does_not_try_again_what_waiting_does_not_cure() -> None:
    key = Key("key-1", budgets=(Budget(Decimal("0.000001")),))
    allowances = FakeAllowances(SystemClock())
    async with world(keys=FakeKeys(**{CLIENT_KEY: key}), allowances=allowances) as everything:
        with pytest.raises(RateLimitError) as refused:
            await ask(everything, 3)
        assert refused.value.code == "insufficient_quota"
        await everything.row(refused.value.response.headers["x-turnout-request-id"])
        assert len(everything.log.rows) == 1


async def test_a_stream_is_settled_with_what_its_row_says() -> None:
    allowances = FakeAllowances(SystemClock())
    async with world(keys=FakeKeys(**{CLIENT_KEY: KEY}), allowances=allowances) as everything:
        seen = await everything.ask("openai/gpt-5.2", stream=True)
        row = await everything.row(seen.request_id)
        account = allowances.accounts[ACCOUNT]
    assert (account.spent["total"], account.held) == (row.cost_usd, {})
    assert row.cost_usd > 0
