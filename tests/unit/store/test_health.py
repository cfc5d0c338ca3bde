"""Shared health over moto, and what it does when DynamoDB does not answer."""

from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.aws import Outage, refusal
from tests.unit.store.health_contract import MODEL, HealthContract, count, health_over, looked, settled
from turnout.core.ports import Standing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestOverMoto(HealthContract):
    """As it is."""


async def test_while_dynamodb_does_not_answer_what_was_read_last_holds(dynamodb: "DynamoDBClient") -> None:
    clock = FakeClock()
    health = health_over(dynamodb, clock)
    count(dynamodb, clock, bm=9)
    assert (await looked(health, clock)).failed == 9
    with Outage(dynamodb) as outage:
        assert (await looked(health, clock)).failed == 9
        assert outage.calls > 0


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
async def test_while_dynamodb_does_not_answer_each_instance_probes_for_itself(
    dynamodb: "DynamoDBClient", code: str
) -> None:
    clock = FakeClock()
    one, other = health_over(dynamodb, clock), health_over(dynamodb, clock)
    with Outage(dynamodb, refusal(code)):
        for health in (one, other):
            health.claim(MODEL)
            health.recovered("another")
            await settled()
    assert one.standing(MODEL) == other.standing(MODEL) == Standing(probed=clock.now, ours=True)


async def test_a_claim_that_is_under_way_is_not_made_twice(dynamodb: "DynamoDBClient") -> None:
    health = health_over(dynamodb, FakeClock())
    with Outage(dynamodb, refusal("AccessDeniedException")) as outage:
        for _ in range(3):
            health.claim(MODEL)
        await settled()
    assert outage.calls == 1
