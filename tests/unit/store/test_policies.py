"""Policies over moto and in the fake, and what the real store does when somebody else is quicker in between."""

import random
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock, FakePolicies, a_policy
from tests.unit.store.aws import Outage, refusal
from tests.unit.store.policies_contract import PoliciesContract, states
from turnout.core.errors import Conflict
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.ports import Policies
from turnout.store.dynamo import StoreUnavailable
from turnout.store.policies import DynamoPolicies, decoded, encoded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "turnout-policies"
LARGEST_ITEM = 400_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class TestFake(PoliciesContract):
    @pytest.fixture
    def policies(self, clock: FakeClock) -> Policies:
        return FakePolicies(clock)


class TestOverMoto(PoliciesContract):
    @pytest.fixture
    def policies(self, dynamodb: "DynamoDBClient", clock: FakeClock) -> Policies:
        return DynamoPolicies(dynamodb, TABLE, clock)


async def test_a_move_between_reading_and_writing_is_noticed(
    dynamodb: "DynamoDBClient", clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = DynamoPolicies(dynamodb, TABLE, clock), DynamoPolicies(dynamodb, TABLE, clock)
    for version in ("p-1", "p-2"):
        await one.add(a_policy(version), "")
    seen = await one.pointer()
    monkeypatch.setattr(one, "_pointer", lambda: seen)
    await other.activate("p-2", "")
    with pytest.raises(Conflict, match=r"meanwhile.*active none"):
        await one.activate("p-1", "")
    assert await states(other) == {"p-2": "active", "p-1": "recommended"}


async def test_an_outage_is_told_and_moves_nothing(dynamodb: "DynamoDBClient", clock: FakeClock) -> None:
    policies = DynamoPolicies(dynamodb, TABLE, clock)
    await policies.add(a_policy(), "")
    with Outage(dynamodb, refusal("ProvisionedThroughputExceededException")), pytest.raises(StoreUnavailable):
        await policies.activate("p-1", "")
    assert await states(policies) == {"p-1": "recommended"}


def test_a_policy_of_a_hundred_models_fits_into_an_item() -> None:
    drawn = random.Random(7)  # noqa: S311 - no secret
    names = [f"vendor-{number % 9}/some-long-model-name-{number}" for number in range(120)]
    row = {name: Expected(*(drawn.random() for _ in range(6))) for name in names}
    tasks = [f"task-{number}" for number in range(11)]
    goals = ("balanced", "cost", "latency", "reliability")
    policy = a_policy(
        chains={goal: dict.fromkeys(tasks, tuple(names)) for goal in goals},
        outcomes=Outcomes(
            {task: {n: Expected(*(drawn.random() for _ in range(6))) for n in names} for task in tasks}, row
        ),
    )
    assert len(encoded(policy)) < LARGEST_ITEM
    assert decoded(encoded(policy)) == policy
