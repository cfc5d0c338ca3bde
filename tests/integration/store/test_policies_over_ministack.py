"""Policies over ministack."""

from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.policies_contract import PoliciesContract
from turnout.core.ports import Policies
from turnout.store.policies import DynamoPolicies

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestOverMinistack(PoliciesContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def policies(self, dynamodb: "DynamoDBClient", clock: FakeClock) -> Policies:
        return DynamoPolicies(dynamodb, "turnout-policies", clock)
