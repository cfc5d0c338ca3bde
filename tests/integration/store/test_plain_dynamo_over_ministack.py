"""The router's stores over its own client of DynamoDB."""

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.store.aws import LOG_TABLE, dynamo_keys, dynamo_log
from tests.unit.store.contracts import Issuing, KeysContract, Log, RequestLogContract
from tests.unit.store.health_contract import HealthContract
from turnout.store import plain_dynamo
from turnout.store.log import DynamoRequestLog

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def plain(aws_env: dict[str, str]) -> "DynamoDBClient":
    """The router's own client."""
    client = plain_dynamo.client(os.environ)
    assert isinstance(client, plain_dynamo.PlainDynamo)
    return client


class TestRequestLog(RequestLogContract):
    @pytest.fixture
    def log(self, plain: "DynamoDBClient", dynamodb: "DynamoDBClient") -> Log:
        return Log(DynamoRequestLog(plain, LOG_TABLE, retention_days=90), dynamo_log(dynamodb).rows)


class TestKeys(KeysContract):
    @pytest.fixture
    def keys(self, plain: "DynamoDBClient") -> Issuing:
        return dynamo_keys(plain)


class TestHealth(HealthContract):
    @pytest.fixture
    def dynamodb(self, plain: "DynamoDBClient") -> "DynamoDBClient":
        return plain
