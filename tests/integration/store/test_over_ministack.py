from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.aws import KEYS_TABLE, dynamo_keys, dynamo_log
from tests.unit.store.contracts import Issued, KeysContract, Log, RequestLogContract
from turnout.store.keys import DynamoKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestRequestLog(RequestLogContract):
    @pytest.fixture
    def log(self, dynamodb: "DynamoDBClient") -> Log:
        return dynamo_log(dynamodb)


class TestKeys(KeysContract):
    @pytest.fixture
    def keys(self, dynamodb: "DynamoDBClient") -> Issued:
        return dynamo_keys(dynamodb)


async def test_a_key_is_disabled_by_its_id(dynamodb: "DynamoDBClient") -> None:
    keys = DynamoKeys(dynamodb, KEYS_TABLE, 0, FakeClock())
    secret, key = await keys.create("shop")
    other_secret, other = await keys.create("other")
    assert await keys.disable(key.id)
    assert await keys.find(secret) is None
    assert await keys.find(other_secret) == other
