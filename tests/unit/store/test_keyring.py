import hmac
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.aws import KEYS_TABLE, PEPPER, Outage
from tests.unit.store.keyring_contract import FULL, KeyringContract
from turnout.core.ports import Key
from turnout.store.dynamo import StoreUnavailable, from_wire
from turnout.store.key_rows import key_of
from turnout.store.keyring import TRIES, DynamoKeyring
from turnout.store.keys import PREFIX

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestOverMoto(KeyringContract):
    """As it is."""


@pytest.fixture
def keyring(dynamodb: "DynamoDBClient") -> DynamoKeyring:
    return DynamoKeyring(dynamodb, KEYS_TABLE, FakeClock(), PEPPER)


async def test_the_table_holds_the_keyed_hash_and_never_the_secret(
    dynamodb: "DynamoDBClient", keyring: DynamoKeyring
) -> None:
    secret, issued = await keyring.create(FULL)
    items = [from_wire(item) for item in dynamodb.scan(TableName=KEYS_TABLE)["Items"]]
    kept = hmac.new(PEPPER.encode(), secret.encode(), "sha256").hexdigest()
    assert {item["hash"] for item in items} == {kept, issued.key.id, "pepper"}
    assert secret.removeprefix(PREFIX) not in str(items)
    assert PEPPER not in str(items)


def test_a_row_that_says_little_is_a_key_as_keys_are() -> None:
    assert key_of({"id": "key_old", "name": "old", "tags": {}}) == Key("key_old", "old")


async def test_a_table_that_is_silent_is_told(dynamodb: "DynamoDBClient", keyring: DynamoKeyring) -> None:
    _, issued = await keyring.create(FULL)
    with Outage(dynamodb), pytest.raises(StoreUnavailable):
        await keyring.delete(issued.key.id)


async def test_a_key_that_others_change_all_the_time_is_given_up(
    dynamodb: "DynamoDBClient", keyring: DynamoKeyring
) -> None:
    _, issued = await keyring.create(FULL)
    tries = 0

    def slow[T](one: T) -> T:
        """Somebody is always quicker."""
        nonlocal tries
        tries += 1
        dynamodb.update_item(
            TableName=KEYS_TABLE,
            Key={"hash": {"S": issued.key.id}},
            UpdateExpression="SET revision = :other",
            ExpressionAttributeValues={":other": {"N": str(100 + tries)}},
        )
        return one

    with pytest.raises(StoreUnavailable, match="Others are changing"):
        await keyring.change(issued.key.id, slow)
    assert tries == TRIES
