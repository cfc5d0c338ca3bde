"""Reports over moto and in the fake, the lease over both, and an S3 that refuses."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from tests.fakes import FakeClock, FakeLease, FakeReports
from tests.unit.store.reports_contract import AllReports, FullLease, LeaseContract, ReportsContract
from turnout.core.reporting import ReportNotWritten
from turnout.store.dynamo import StoreUnavailable
from turnout.store.lease import DynamoLease
from turnout.store.reports import S3Reports, client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BUCKET = "turnout-reports"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bucket() -> Iterator[str]:
    """One in memory."""
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)  # pyright: ignore[reportUnknownMemberType] - of other services
        yield BUCKET


class TestOverMoto(ReportsContract):
    @pytest.fixture
    def reports(self, bucket: str) -> AllReports:
        return S3Reports(client(), bucket)  # pyright: ignore[reportReturnType] - any sequence will do


class TestInTheFake(ReportsContract):
    @pytest.fixture
    def reports(self, clock: FakeClock) -> AllReports:
        return FakeReports(clock)  # pyright: ignore[reportReturnType] - the same


class TestTheLeaseOverMoto(LeaseContract):
    @pytest.fixture
    def lease(self, dynamodb: "DynamoDBClient", clock: FakeClock) -> FullLease:
        return DynamoLease(dynamodb, "turnout-policies", "optimizer", clock)


class TestTheLeaseInTheFake(LeaseContract):
    @pytest.fixture
    def lease(self, clock: FakeClock) -> FullLease:
        return FakeLease(clock)


async def test_a_bucket_that_refuses_is_named_with_its_reason(bucket: str) -> None:
    reports = S3Reports(client(), "another-bucket")
    with pytest.raises(ReportNotWritten, match=r"s3://another-bucket/reports/2026/11/24/2026-11-24-1\.html: .*NoSuch"):
        await reports.write("2026-11-24-1", "", b"")
    with pytest.raises(StoreUnavailable):
        await reports.list(1)


async def test_a_page_without_its_json_is_no_report_yet(bucket: str) -> None:
    s3 = client()
    s3.put_object(Bucket=bucket, Key="reports/2026/11/24/2026-11-24-030000.html", Body=b"half")
    assert list(await S3Reports(s3, bucket).list(9)) == []


async def test_pages_come_with_the_type_that_a_browser_shows(bucket: str) -> None:
    s3 = client()
    key = await S3Reports(s3, bucket).write("2026-11-24-030000", "<p>", b"{}")
    assert s3.head_object(Bucket=bucket, Key=key)["ContentType"] == "text/html; charset=utf-8"
