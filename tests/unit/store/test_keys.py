import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock, FakeKeys
from tests.unit.store.aws import KEYS_TABLE, Answer, Outage, dynamo_keys, refusal, silence
from tests.unit.store.contracts import Issued, KeysContract
from turnout.core.ports import Key
from turnout.store.dynamo import StoreUnavailable, from_wire
from turnout.store.keys import GRACE_SECONDS, MOST_EXPLORED, PREFIX, UNKNOWN_SECONDS, DynamoKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CACHE_SECONDS = 10.0
STRANGER = PREFIX + "x" * 43


class TestFake(KeysContract):
    @pytest.fixture
    def keys(self) -> Issued:
        fake = FakeKeys()

        async def issue(name: str, tags: dict[str, str]) -> str:
            secret = f"{PREFIX}{name}"
            fake.known[secret] = Key(id=f"key_{name}", name=name, tags=tags)
            return secret

        return Issued(fake, issue)


class TestDynamo(KeysContract):
    @pytest.fixture
    def keys(self, dynamodb: "DynamoDBClient") -> Issued:
        return dynamo_keys(dynamodb)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(dynamodb: "DynamoDBClient", clock: FakeClock) -> DynamoKeys:
    return DynamoKeys(dynamodb, KEYS_TABLE, CACHE_SECONDS, clock)


async def test_the_table_holds_the_hash_and_never_the_secret(dynamodb: "DynamoDBClient", keys: DynamoKeys) -> None:
    secret, _ = await keys.create("shop")
    (item,) = dynamodb.scan(TableName=KEYS_TABLE)["Items"]
    assert from_wire(item)["hash"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.removeprefix(PREFIX) not in str(item)


async def test_an_expired_key_is_refused_even_from_the_cache(keys: DynamoKeys, clock: FakeClock) -> None:
    secret, key = await keys.create("trial", expires_at=clock.now + 5)
    assert await keys.find(secret) == key
    clock.now += 5
    assert await keys.find(secret) is None


async def test_a_key_disabled_here_is_refused_at_once(keys: DynamoKeys) -> None:
    secret, key = await keys.create("shop")
    assert await keys.find(secret) == key
    assert await keys.disable(key.id)
    assert await keys.find(secret) is None


async def test_a_key_disabled_elsewhere_is_refused_when_the_cache_is_old(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, clock: FakeClock
) -> None:
    secret, key = await keys.create("shop")
    assert await keys.find(secret) == key
    await DynamoKeys(dynamodb, KEYS_TABLE, CACHE_SECONDS, clock).disable(key.id)
    clock.now += CACHE_SECONDS - 1
    assert await keys.find(secret) == key
    clock.now += 1
    assert await keys.find(secret) is None


async def test_a_key_that_is_not_there_cannot_be_disabled(keys: DynamoKeys) -> None:
    assert not await keys.disable("key_nobody")


async def test_a_known_key_is_read_once_in_the_time_of_the_cache(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, clock: FakeClock
) -> None:
    secret, key = await keys.create("shop")
    await keys.find(secret)
    with Outage(dynamodb) as outage:
        clock.now += CACHE_SECONDS - 1
        assert await keys.find(secret) == key
    assert outage.calls == 0


async def test_a_stranger_is_read_once_in_a_while_and_a_new_key_works_soon(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, clock: FakeClock
) -> None:
    secret, key = await keys.create("shop")
    (item,) = dynamodb.scan(TableName=KEYS_TABLE)["Items"]
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
    dynamodb: "DynamoDBClient", keys: DynamoKeys, clock: FakeClock
) -> None:
    secret, key = await keys.create("shop")
    await keys.find(secret)
    with Outage(dynamodb):
        clock.now += GRACE_SECONDS - 1
        assert await keys.find(secret) == key
        clock.now += 1
        with pytest.raises(StoreUnavailable):
            await keys.find(secret)


async def test_while_the_table_is_silent_a_disabled_key_stays_outside(
    dynamodb: "DynamoDBClient", keys: DynamoKeys, clock: FakeClock
) -> None:
    secret, key = await keys.create("shop")
    await keys.disable(key.id)
    clock.now += UNKNOWN_SECONDS
    await keys.find(secret)
    with Outage(dynamodb):
        clock.now += CACHE_SECONDS
        assert await keys.find(secret) is None


async def test_what_is_no_key_by_its_shape_asks_no_table(dynamodb: "DynamoDBClient", keys: DynamoKeys) -> None:
    with Outage(dynamodb) as outage:
        assert await keys.find("sk-proj-somebody-elses") is None
    assert outage.calls == 0


async def test_a_key_explores_only_if_that_is_said(keys: DynamoKeys) -> None:
    secret, key = await keys.create("usual")
    daring, bold = await keys.create("daring", explore=0.05)
    assert (key.explore, bold.explore) == (0.0, 0.05)
    assert [await keys.find(secret), await keys.find(daring)] == [key, bold]


async def test_a_key_from_before_there_was_exploration_does_not_explore(
    dynamodb: "DynamoDBClient", keys: DynamoKeys
) -> None:
    secret, key = await keys.create("old", explore=0.1)
    (item,) = dynamodb.scan(TableName=KEYS_TABLE)["Items"]
    del item["explore"]
    dynamodb.put_item(TableName=KEYS_TABLE, Item=item)
    assert await keys.find(secret) == replace(key, explore=0.0)


@pytest.mark.parametrize("share", [-0.1, MOST_EXPLORED + 0.01])
async def test_a_share_that_is_no_small_one_is_refused(keys: DynamoKeys, share: float) -> None:
    with pytest.raises(ValueError, match="explore must be from 0 to"):
        await keys.create("wild", explore=share)
