"""The daily sums for samples over ministack, where instances ask at once."""

from typing import TYPE_CHECKING

import pytest

from tests.unit.store.purse_contract import PurseContract
from turnout.core.ports import Purse
from turnout.store.purse import DynamoPurse

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestOverMinistack(PurseContract):
    """As it is."""

    @pytest.fixture
    def purses(self, dynamodb: "DynamoDBClient") -> list[Purse]:
        return [DynamoPurse(dynamodb, "turnout-health") for _ in range(5)]
