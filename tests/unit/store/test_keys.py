from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock, FakeKeys
from tests.unit.store.aws import KEYS_TABLE, PEPPER, Answer, Outage, dynamo_keys, refusal, silence
from tests.unit.store.contracts import Issuing, KeysContract
from turnout.core.ports import Key
from turnout.store.dynamo import StoreUnavailable
from turnout.store.keyring import DynamoKeyring
from turnout.store.keys import GRACE_SECONDS, PREFIX, UNKNOWN_SECONDS, DynamoKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CACHE_SECONDS = 10.0
STRANGER = PREFIX + "x" * 43


class TestFake(KeysContract):
    @pytest.fixture
    def keys(self) -> Issuing:
        fake = FakeKeys()

        async def issue(name: str, tags: dict[str, str]) -> str:
            secret = f"{PREFIX}{name}"
            fake.known[secret] = Key(id=f"key_{name}", name=name, tags=tags)
            return secret

        return Issuing(fake, issue)


class TestDynamo(KeysContract):
    @pytest.fixture
    def keys(self, dynamodb: "DynamoDBClient") -> Issuing:
        return dynamo_keys(dynamodb)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(dynamodb: "DynamoDBClient", clock: FakeClock) -> DynamoKeys:
    return DynamoKeys(dynamodb, KEYS_TABLE, CACHE_SECONDS, clock, PEPPER)


@pytest.fixture
def keyring(dynamodb: "DynamoDBClient", clock: FakeClock) -> DynamoKeyring:
    return DynamoKeyring(dynamodb, KEYS_TABLE, clock, PEPPER)


async def issue(keyring: DynamoKeyring, name: str) -> tuple[str, Key]:
    secret, issued = await keyring.create(Key("", name))
    return secret, issued.key


async def disable(keyring: DynamoKeyring, key: Key) -> None:
    await keyring.change(key.id, lambda issued: replace(issued, disabled=True))


async def test_an_expired_key_is_refused_even_from_the_cache(
    keys: DynamoKeys, keyring: DynamoKeyring, clock: FakeClock
) -> None:
    secret, issued = await keyring.create(Key("", "trial"), expires_at=clock.now + 5)
    key = issued.key
    assert await keys.find(secret) == key
    clock.now += 5
    assert await keys.find(secret) is None


async def test_a_key_disabled_elsewhere_is_refused_when_the_cache_is_old(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, keyring: DynamoKeyring, clock: FakeClock
) -> None:
    secret, key = await issue(keyring, "shop")
    assert await keys.find(secret) == key
    await disable(keyring, key)
    clock.now += CACHE_SECONDS - 1
    assert await keys.find(secret) == key
    clock.now += 1
    assert await keys.find(secret) is None


async def test_a_known_key_is_read_once_in_the_time_of_the_cache(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, keyring: DynamoKeyring, clock: FakeClock
) -> None:
    secret, key = await issue(keyring, "shop")
    await keys.find(secret)
    with Outage(dynamodb) as outage:
        clock.now += CACHE_SECONDS - 1
        assert await keys.find(secret) == key
    assert outage.calls == 0


async def test_a_stranger_is_read_once_in_a_while_and_a_new_key_works_soon(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, keyring: DynamoKeyring, clock: FakeClock
) -> None:
    secret, key = await issue(keyring, "shop")
    (item,) = [item for item in dynamodb.scan(TableName=KEYS_TABLE)["Items"] if "until" in item]
    dynamodb.delete_item(TableName=KEYS_TABLE, Key={"hash": item["hash"]})
    assert await keys.find(secret) is None
    dynamodb.put_item(TableName=KEYS_TABLE, Item=item)
    assert await keys.find(secret) is None
    clock.now += UNKNOWN_SECONDS
    assert await keys.find(secret) == key


@pytest.mark.parametrize("answer", [silence, refusal("ThrottlingException"), refusal("AccessDeniedException")])
async def test_while_the_table_is_silent_a_stranger_stays_outside(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, answer: Answer
) -> None:
    with Outage(dynamodb, answer), pytest.raises(StoreUnavailable) as caught:
        await keys.find(STRANGER)
    assert (caught.value.http_status, caught.value.code) == (503, "store_unavailable")
    assert STRANGER not in caught.value.message


async def test_while_the_table_is_silent_a_key_that_was_good_stays_good_for_some_minutes(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, keyring: DynamoKeyring, clock: FakeClock
) -> None:
    secret, key = await issue(keyring, "shop")
    await keys.find(secret)
    with Outage(dynamodb):
        clock.now += GRACE_SECONDS - 1
        assert await keys.find(secret) == key
        clock.now += 1
        with pytest.raises(StoreUnavailable):
            await keys.find(secret)


async def test_while_the_table_is_silent_a_disabled_key_stays_outside(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, keyring: DynamoKeyring, clock: FakeClock
) -> None:
    secret, key = await issue(keyring, "shop")
    await disable(keyring, key)
    clock.now += UNKNOWN_SECONDS
    await keys.find(secret)
    with Outage(dynamodb):
        clock.now += CACHE_SECONDS
        assert await keys.find(secret) is None


async def test_what_is_no_key_by_its_shape_asks_no_table(dynamodb: "DynamoDBClient", keys: DynamoKeys) -> None:
    with Outage(dynamodb) as outage:
        assert await keys.find("sk-proj-somebody-elses") is None
    assert outage.calls == 0
