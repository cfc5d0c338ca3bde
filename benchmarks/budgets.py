"""Do budgets hold when everybody asks at once and instances die? `python -m benchmarks.budgets`.

A thousand requests at once against a budget of 1 USD, over ministack: one in seven instances dies, or its last write
fails. Then how long a reservation and a settlement take, for one key alone and for one with many requests under way.
"""

import asyncio
import os
import statistics
import time
from decimal import Decimal
from typing import TYPE_CHECKING

from local.aws import EmbeddedAws
from local.spending import ACCOUNT, FATES, LIFETIME, TABLE, Run, Spending
from local.tables import create_tables
from turnout.core.allowance import Budget, Estimate
from turnout.policy.account import Terms
from turnout.store.accounts import DynamoAccounts, Wanted
from turnout.store.dynamo import client
from turnout.store.settlements import Settlement

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REQUESTS = 1000
ESTIMATES = (Decimal("0.004"), Decimal("0.01"), Decimal("0.05"))
UNDER_WAY = (0, 10, 100)
SAMPLES = 30
TERMS = Terms("key#timed", (Budget(Decimal(1_000_000)),))


class Moving:
    """A clock that is moved on by hand once all requests are over."""

    ahead = 0.0

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.ahead

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def main() -> None:
    """Print both tables."""
    with EmbeddedAws() as aws:
        os.environ.update(aws.env)
        dynamodb = client()
        create_tables(dynamodb)
        exactness(dynamodb)
        speed(dynamodb)


def exactness(dynamodb: "DynamoDBClient") -> None:
    """Each row on an account of its own."""
    print(f"{REQUESTS} requests at once, budget 1 USD; what becomes of those let in: {FATES}\n")
    print("estimate   let in  refused   died  lost writes      cost   allowed  known cost     counted  difference")
    for seed, estimate in enumerate(ESTIMATES):
        dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": ACCOUNT}})
        run = _run(dynamodb, seed, estimate)
        assert run.cost <= run.budget + run.error
        assert run.counted == run.known
        print(_row(run, estimate), flush=True)


def _run(dynamodb: "DynamoDBClient", seed: int, estimate: Decimal) -> Run:
    clock = Moving()
    spending = Spending(dynamodb, clock, seed, estimate=estimate)
    asyncio.run(spending.requests(REQUESTS))
    clock.ahead = LIFETIME + 1
    return spending.settle_the_rest()


def _row(run: Run, estimate: Decimal) -> str:
    lost, refused = run.fates["not written"] + run.fates["answer lost"], run.fates["insufficient_quota"]
    let_in = run.fates.total() - refused
    return (
        f"{estimate:8} {let_in:8} {refused:8} {run.fates['died']:6} {lost:12} {run.cost:9.4f} "
        f"{run.budget + run.error:9.4f} {run.known:11.6f} {run.counted:11.6f} {run.counted - run.known:11.6f}"
    )


def speed(dynamodb: "DynamoDBClient") -> None:
    """On this machine, ministack's own time included."""
    print("\nunder way   reserve p50   settle p50   (ms)")
    accounts, holding = DynamoAccounts(dynamodb, TABLE, Moving(), LIFETIME), 0
    for count in UNDER_WAY:
        for number in range(holding, count):
            accounts.hold(TERMS, _wanted(f"holding{number}"))
        holding = count
        pairs = [_timed(accounts, f"timed{count}-{number}") for number in range(SAMPLES)]
        reserve, settle = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
        print(f"{count:9} {reserve:13.1f} {settle:12.1f}")


def _timed(accounts: DynamoAccounts, name: str) -> tuple[float, float]:
    wanted, begun = _wanted(name), time.perf_counter()
    accounts.hold(TERMS, wanted)
    held = time.perf_counter()
    accounts.settle(Settlement(TERMS.account, wanted.id, wanted.at, wanted.estimate.usd, Decimal(0)))
    return held - begun, time.perf_counter() - held


def _wanted(name: str) -> Wanted:
    return Wanted(name, time.time(), Estimate(Decimal("0.01"), 100))


if __name__ == "__main__":
    main()
