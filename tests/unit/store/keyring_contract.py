"""What the keyring does over every DynamoDB there is here; subclasses bring the fixture `dynamodb`."""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock
from tests.unit.store.aws import KEYS_TABLE, PEPPER
from turnout.core.allowance import Budget, Limits, Privacy, Sampling
from turnout.core.errors import Conflict, InvalidRequest, UnknownKey
from turnout.core.ports import Key
from turnout.store.dynamo import from_wire
from turnout.store.keyring import MOST_SECRETS, DynamoKeyring
from turnout.store.keys import DynamoKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FULL = Key(
    id="",
    name="shop",
    tags={"team": "search"},
    explore=0.05,
    scopes=frozenset({"inference", "read"}),
    models=("openai/gpt-5.2", "claude-haiku-4.5"),
    vendors=("openai", "anthropic"),
    goal="cost",
    ruleset="careful",
    budgets=(Budget(Decimal("5.25"), "month"), Budget(Decimal("0.000001"), "day")),
    limits=Limits(requests_per_minute=60, tokens_per_minute=None, concurrent=2),
    privacy=Privacy(store_content=True),
    sampling=Sampling(0.125, Decimal("1.5")),
    open_when_down=True,
)
"""A key of which everything is said."""


class Ring:
    """A keyring and who checks what it made, with no memory."""

    def __init__(self, dynamodb: "DynamoDBClient") -> None:
        self.dynamodb = dynamodb
        self.clock = FakeClock()
        self.keyring = DynamoKeyring(dynamodb, KEYS_TABLE, self.clock, PEPPER)
        self.keys = DynamoKeys(dynamodb, KEYS_TABLE, 0, self.clock, PEPPER)

    def rows(self) -> int:
        """How many items the table has of keys."""
        items = self.dynamodb.scan(TableName=KEYS_TABLE, ConsistentRead=True)["Items"]
        return sum("id" in from_wire(item) for item in items)


class KeyringContract:
    """Needs the fixture `dynamodb`."""

    @pytest.fixture
    def ring(self, dynamodb: "DynamoDBClient") -> Ring:
        return Ring(dynamodb)

    async def test_all_that_is_said_of_a_key_is_kept(self, ring: Ring) -> None:
        secret, issued = await ring.keyring.create(FULL, expires_at=ring.clock.now + 60.5)
        assert issued.key == replace(FULL, id=issued.key.id)
        assert await ring.keys.find(secret) == issued.key
        assert await ring.keyring.get(issued.key.id) == issued

    async def test_a_key_of_which_nothing_is_said_is_as_keys_are(self, ring: Ring) -> None:
        secret, issued = await ring.keyring.create(Key("", "plain"))
        assert await ring.keys.find(secret) == Key(issued.key.id, "plain")

    async def test_a_disabled_key_is_refused_until_it_is_enabled(self, ring: Ring) -> None:
        secret, issued = await ring.keyring.create(Key("", "shop"))
        other_secret, other = await ring.keyring.create(Key("", "other"))
        await ring.keyring.change(issued.key.id, lambda one: replace(one, disabled=True))
        assert [await ring.keys.find(secret), await ring.keys.find(other_secret)] == [None, other.key]
        await ring.keyring.change(issued.key.id, lambda one: replace(one, disabled=False))
        assert await ring.keys.find(secret) == issued.key

    async def test_both_secrets_open_a_rotated_key_until_the_overlap_is_over(self, ring: Ring) -> None:
        old, issued = await ring.keyring.create(FULL)
        new, rotated = await ring.keyring.rotate(issued.key.id, overlap=3600)
        assert [one.until for one in rotated.secrets] == [ring.clock.now + 3600, None]
        assert await ring.keys.find(old) == await ring.keys.find(new) == issued.key
        ring.clock.now += 3599
        assert await ring.keys.find(old) == issued.key
        ring.clock.now += 1
        assert await ring.keys.find(old) is None
        assert await ring.keys.find(new) == issued.key

    async def test_without_overlap_every_former_secret_is_gone_at_once(self, ring: Ring) -> None:
        first, issued = await ring.keyring.create(FULL)
        second, _ = await ring.keyring.rotate(issued.key.id, overlap=3600)
        third, rotated = await ring.keyring.rotate(issued.key.id, overlap=0)
        assert [await ring.keys.find(secret) for secret in (first, second, third)] == [None, None, issued.key]
        assert len(rotated.secrets) == 1
        assert ring.rows() == 2

    async def test_a_change_reaches_the_key_under_each_of_its_secrets(self, ring: Ring) -> None:
        old, issued = await ring.keyring.create(FULL)
        new, _ = await ring.keyring.rotate(issued.key.id, overlap=3600)
        changed = await ring.keyring.change(
            issued.key.id, lambda one: replace(one, key=replace(one.key, goal="latency"))
        )
        assert changed.key.goal == "latency"
        assert [await ring.keys.find(old), await ring.keys.find(new)] == [changed.key, changed.key]

    async def test_what_a_secret_left_behind_goes_with_the_next_change(self, ring: Ring) -> None:
        _, issued = await ring.keyring.create(FULL)
        await ring.keyring.rotate(issued.key.id, overlap=60)
        assert ring.rows() == 3
        ring.clock.now += 60
        await ring.keyring.change(issued.key.id, lambda one: one)
        assert ring.rows() == 2

    async def test_no_more_secrets_open_a_key_than_a_few(self, ring: Ring) -> None:
        _, issued = await ring.keyring.create(FULL)
        for _ in range(MOST_SECRETS - 1):
            await ring.keyring.rotate(issued.key.id, overlap=3600)
        with pytest.raises(InvalidRequest, match="without overlap"):
            await ring.keyring.rotate(issued.key.id, overlap=3600)

    async def test_of_a_deleted_key_nothing_is_left(self, ring: Ring) -> None:
        old, issued = await ring.keyring.create(FULL)
        new, _ = await ring.keyring.rotate(issued.key.id, overlap=3600)
        await ring.keyring.delete(issued.key.id)
        assert [await ring.keys.find(old), await ring.keys.find(new)] == [None, None]
        assert ring.rows() == 0

    @pytest.mark.parametrize("name", ["key_nobody", "bootstrap", "pepper", "x" * 64])
    async def test_what_is_no_key_cannot_be_managed(self, ring: Ring, name: str) -> None:
        await ring.keyring.bootstrap("first")
        for refused in (
            ring.keyring.get(name),
            ring.keyring.change(name, lambda one: one),
            ring.keyring.rotate(name, 0),
            ring.keyring.delete(name),
        ):
            with pytest.raises(UnknownKey):
                await refused

    async def test_keys_are_listed_page_by_page_the_newest_first(self, ring: Ring) -> None:
        made = [(await ring.keyring.create(Key("", name)))[1] for name in ("one", "two", "three")]
        await ring.keyring.rotate(made[0].key.id, overlap=60)
        first, after = await ring.keyring.page(2)
        rest, end = await ring.keyring.page(2, after)
        assert sorted(one.key.name for one in (*first, *rest)) == ["one", "three", "two"]
        assert [one.key.id for one in (*first, *rest)] == sorted((one.key.id for one in made), reverse=True)
        assert end == ""

    async def test_the_first_admin_key_is_made_once(self, ring: Ring) -> None:
        secret, issued = await ring.keyring.bootstrap("first")
        assert await ring.keys.find(secret) == issued.key
        assert issued.key.may("admin")
        with pytest.raises(Conflict, match="turnout keys create NAME --scope admin"):
            await ring.keyring.bootstrap("second")
        assert ring.rows() == 2

    async def test_with_another_pepper_no_key_works_and_none_is_made(self, ring: Ring) -> None:
        secret, issued = await ring.keyring.create(Key("", "shop"))
        assert await DynamoKeys(ring.dynamodb, KEYS_TABLE, 0, ring.clock).find(secret) is None
        without = DynamoKeyring(ring.dynamodb, KEYS_TABLE, ring.clock)
        for refused in (without.create(Key("", "lost")), without.rotate(issued.key.id, 0), without.bootstrap("lost")):
            with pytest.raises(Conflict, match="another pepper"):
                await refused
        assert await ring.keys.find(secret) == issued.key
