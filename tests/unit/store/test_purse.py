"""The daily sums for samples: one write each, and nothing of it in a client's way."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakePurse
from tests.unit.store.aws import Outage
from tests.unit.store.purse_contract import DAY, PurseContract
from turnout.core.ports import Purse
from turnout.store.dynamo import StoreUnavailable
from turnout.store.purse import KEPT_SECONDS, DynamoPurse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "turnout-health"


class TestFake(PurseContract):
    @pytest.fixture
    def purses(self) -> list[Purse]:
        return [FakePurse()]


class TestDynamo(PurseContract):
    @pytest.fixture
    def purses(self, dynamodb: "DynamoDBClient") -> list[Purse]:
        return [DynamoPurse(dynamodb, TABLE) for _ in range(3)]


async def test_the_row_goes_when_its_day_is_long_over(dynamodb: "DynamoDBClient") -> None:
    await DynamoPurse(dynamodb, TABLE).take("k", DAY, Decimal("0.5"), Decimal(1))
    [row] = dynamodb.scan(TableName=TABLE)["Items"]
    assert row == {
        "pk": {"S": "purse#k"},
        "sk": {"S": DAY},
        "usd": {"N": "0.5"},
        "expires_at": {"N": str(1_795_478_400 + KEPT_SECONDS)},
    }


async def test_in_an_outage_nothing_can_be_taken_and_putting_back_is_tried_in_vain(
    dynamodb: "DynamoDBClient", caplog: pytest.LogCaptureFixture
) -> None:
    purse = DynamoPurse(dynamodb, TABLE)
    with Outage(dynamodb):
        with pytest.raises(StoreUnavailable):
            await purse.take("k", DAY, Decimal(1), Decimal(2))
        await purse.put_back("k", DAY, Decimal(1))
    assert "could not be put back" in caplog.text


async def test_what_is_over_the_limit_by_itself_is_not_even_asked_for(dynamodb: "DynamoDBClient") -> None:
    with Outage(dynamodb) as outage:
        assert not await DynamoPurse(dynamodb, TABLE).take("k", DAY, Decimal(3), Decimal(2))
    assert outage.calls == 0
