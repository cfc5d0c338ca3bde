"""A thousand requests at once against one budget: never overspent, and counted exactly, whoever dies."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from local.spending import ACCOUNT, LIFETIME, Spending
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("seed", "count"), [(1, 1000), (2, 300)])
async def test_a_budget_holds_and_all_that_is_known_is_counted_once(
    dynamodb: "DynamoDBClient", seed: int, count: int
) -> None:
    clock = FakeClock()
    spending = Spending(dynamodb, clock, seed)
    await spending.requests(count)
    run = spending.run
    assert run.fates["insufficient_quota"] > 0
    assert {"settled", "died", "not written", "answer lost"} <= run.fates.keys()
    assert run.cost <= run.budget + run.error
    clock.now += LIFETIME + 1
    run = spending.settle_the_rest()
    print(run)  # noqa: T201 - the figures, for whoever runs it with -s
    assert run.counted == run.known
    assert run.left_in_flight == 0


async def test_what_is_held_counts_as_spent_until_it_is_settled(dynamodb: "DynamoDBClient") -> None:
    spending = Spending(dynamodb, FakeClock(), 4, estimate=Decimal("0.1"))
    spending.beyond = 0
    await spending.requests(10)
    account = spending.accounts().read(ACCOUNT)
    assert account.spent["total"] == sum((held.usd for held in account.held.values()), Decimal(0))
