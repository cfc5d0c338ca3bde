import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.store.aws import dynamo_keys, dynamo_log
from tests.unit.store.contracts import Issuing, KeysContract, Log, RequestLogContract
from tests.unit.store.keyring_contract import KeyringContract, Ring
from turnout.core.errors import Conflict
from turnout.core.keyring import Issued
from turnout.core.ports import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TestRequestLog(RequestLogContract):
    @pytest.fixture
    def log(self, dynamodb: "DynamoDBClient") -> Log:
        return dynamo_log(dynamodb)


class TestKeys(KeysContract):
    @pytest.fixture
    def keys(self, dynamodb: "DynamoDBClient") -> Issuing:
        return dynamo_keys(dynamodb)


class TestKeyring(KeyringContract):
    """What it does over moto, too, and what moto has no locks for."""

    async def test_changes_at_the_same_time_all_count(self, ring: Ring) -> None:
        _, issued = await ring.keyring.create(Key("", "shop"))

        def tag(name: str) -> asyncio.Task[Issued]:
            def edit(one: Issued) -> Issued:
                return replace(one, key=replace(one.key, tags={**one.key.tags, name: "set"}))

            return asyncio.create_task(ring.keyring.change(issued.key.id, edit))

        await asyncio.gather(*map(tag, "abc"))
        after = await ring.keyring.get(issued.key.id)
        assert after.key.tags == dict.fromkeys("abc", "set")
        assert after.revision == 3

    async def test_of_many_who_make_the_first_admin_key_one_does(self, ring: Ring) -> None:
        tries = await asyncio.gather(*(ring.keyring.bootstrap(f"{n}") for n in range(5)), return_exceptions=True)
        assert sum(isinstance(one, tuple) for one in tries) == 1
        assert sum(isinstance(one, Conflict) for one in tries) == 4
