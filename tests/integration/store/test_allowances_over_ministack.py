"""Allowances over ministack, where many threads write at once."""

import asyncio
import os
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from local.spending import LIFETIME, Spending
from tests.fakes import FakeClock
from tests.unit.store.allowance_contract import AllowancesContract, World
from tests.unit.store.aws import dynamo_allowances
from turnout.core.allowance import Limits
from turnout.core.ports import Key
from turnout.core.refused import RateLimited
from turnout.store import plain_dynamo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestOverMinistack(AllowancesContract):
    """The same."""

    @pytest.fixture
    async def world(self, dynamodb: "DynamoDBClient") -> World:
        return await dynamo_allowances(dynamodb)


class TestWithTheRoutersOwnClient(AllowancesContract):
    """The same, without the SDK."""

    @pytest.fixture
    async def world(self, aws_env: dict[str, str]) -> World:
        return await dynamo_allowances(plain_dynamo.client(os.environ))


async def test_many_instances_at_once_let_in_exactly_as_many_as_they_may(dynamodb: "DynamoDBClient") -> None:
    world = await dynamo_allowances(dynamodb)
    key = Key("key_1", limits=Limits(requests_per_minute=13, concurrent=20))
    instances = [world.instance() for _ in range(5)]
    results = await asyncio.gather(*(world.use(instances[at % 5], key) for at in range(40)), return_exceptions=True)
    refused = [one for one in results if isinstance(one, RateLimited)]
    assert (len(refused), {one.by for one in refused}) == (27, {"requests"})


async def test_a_thousand_requests_at_once_stay_within_a_dollar(dynamodb: "DynamoDBClient") -> None:
    clock = FakeClock()
    spending = Spending(dynamodb, clock, seed=9)
    await spending.requests(1000)
    run = spending.run
    assert run.fates["insufficient_quota"] > 0
    assert run.cost <= Decimal(1) + run.error
    clock.now += LIFETIME + 1
    run = spending.settle_the_rest()
    print(run)  # noqa: T201 - the figures, for whoever runs it with -s
    assert (run.counted, run.left_in_flight) == (run.known, 0)
