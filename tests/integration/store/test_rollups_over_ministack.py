"""Counting over ministack, whose transactions and expressions have DynamoDB's limits."""

from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.rollup_contract import TABLES, RollupsContract
from turnout.store.rollups import DynamoRollups

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestOverMinistack(RollupsContract):
    @pytest.fixture
    def rollups(self, dynamodb: "DynamoDBClient") -> DynamoRollups:
        return DynamoRollups(dynamodb, *TABLES, FakeClock())
