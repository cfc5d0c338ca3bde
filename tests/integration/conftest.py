"""An AWS on this machine: one for each process that runs tests, since with several each has its own session."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest

from local.aws import EmbeddedAws
from local.tables import create_buckets, create_tables
from turnout.store.dynamo import client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="session")
def embedded_aws() -> Iterator[EmbeddedAws]:
    """ministack, up and empty."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws_env(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What to start Turnout with: `os.environ` points to the embedded AWS, all of whose tables are new."""
    httpx.post(f"{embedded_aws.endpoint}/_ministack/reset").raise_for_status()
    for name, value in embedded_aws.env.items():
        monkeypatch.setenv(name, value)
    stores = create_tables(client()) | create_buckets(boto3.client("s3"))  # pyright: ignore[reportUnknownMemberType] - as in store.dynamo
    return embedded_aws.env | stores


@pytest.fixture
def dynamodb(aws_env: dict[str, str]) -> "DynamoDBClient":
    """The product's own client."""
    return client()
