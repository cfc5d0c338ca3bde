"""Reports and the optimizer's lease over ministack."""

from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.reports_contract import AllReports, FullLease, LeaseContract, ReportsContract
from turnout.store.lease import LEASE, DynamoLease
from turnout.store.reports import S3Reports, client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestReportsOverMinistack(ReportsContract):
    @pytest.fixture
    def reports(self, aws_env: dict[str, str]) -> AllReports:
        return S3Reports(client(), aws_env["TURNOUT_REPORT_BUCKET"])  # pyright: ignore[reportReturnType] - any sequence


class TestTheLeaseOverMinistack(LeaseContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def lease(self, dynamodb: "DynamoDBClient", clock: FakeClock) -> FullLease:
        return DynamoLease(dynamodb, "turnout-policies", LEASE, clock)
