"""A DynamoDB in this process, with the tables of the template."""

from collections.abc import Callable, Iterator
from threading import RLock
from typing import TYPE_CHECKING, Any

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
    monkeypatch.setattr(dynamodb_client, "_make_api_call", one_at_a_time(dynamodb_client))
    with mock_aws():
        create_tables(dynamodb_client)
        yield dynamodb_client


def one_at_a_time(client: "DynamoDBClient") -> Callable[..., Any]:
    """The client's calls, one after the other: moto checks a condition and writes in two steps, DynamoDB in one."""
    call: Callable[..., Any] = getattr(client, "_make_api_call")  # noqa: B009 - botocore's only place for all calls
    lock = RLock()

    def locked(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return locked


def no_sleep(seconds: float) -> None:
    """Time stands still."""
