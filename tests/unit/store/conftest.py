"""A DynamoDB in this process, with the tables of the template."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from local.tables import create_tables
from turnout.store.dynamo import client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="session")
def dynamodb_client() -> "DynamoDBClient":
    """The product's own client, made once: it takes longer than most tests."""
    return client()


@pytest.fixture
def dynamodb(dynamodb_client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    """The client, over tables that are new; between its tries nobody waits."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", no_sleep)
    with mock_aws():
        create_tables(dynamodb_client)
        yield dynamodb_client


def no_sleep(seconds: float) -> None:
    """Time stands still."""
