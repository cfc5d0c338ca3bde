"""Allowances: the fake and DynamoDB alike, what each costs DynamoDB, and what happens when it does not answer."""

import asyncio
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeAllowances, FakeClock
from tests.unit.store.allowance_contract import (
    CENT,
    LIFETIME,
    TEAM,
    TEAM_BUDGET,
    AllowancesContract,
    World,
    spending,
    used,
)
from tests.unit.store.aws import (
    Answer,
    Outage,
    dynamo_accounts,
    dynamo_allowances,
    dynamo_tag_budgets,
    refusal,
    silence,
)
from turnout.core.allowance import Budget, Estimate, Limits, TagBudget
from turnout.core.errors import InvalidRequest
from turnout.core.ports import Key
from turnout.core.refused import AllowanceUnknown, OverBudget
from turnout.store.allowances import DOWN_SECONDS, DynamoAllowances
from turnout.store.recovery import settlements_in

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_dynamodb import DynamoDBClient


class TestFake(AllowancesContract):
    @pytest.fixture
    def world(self) -> World:
        clock = FakeClock()
        fake = FakeAllowances(clock, {"team=search": (TEAM_BUDGET,)}, LIFETIME)
        return World(clock, lambda: fake, fake.accounts.__getitem__)


class TestDynamo(AllowancesContract):
    @pytest.fixture
    async def world(self, dynamodb: "DynamoDBClient") -> World:
        return await dynamo_allowances(dynamodb)


@pytest.fixture
async def world(dynamodb: "DynamoDBClient") -> World:
    return await dynamo_allowances(dynamodb)


class Calls:
    """The operations that DynamoDB was asked for."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.names: list[str] = []
        client.meta.events.register("provide-client-params.dynamodb", self._note)  # pyright: ignore[reportUnknownMemberType] - the stubs have no handler

    def _note(self, params: object, model: "OperationModel", **_: object) -> None:
        self.names.append(model.name)

    def taken(self) -> list[str]:
        """Those since the last time."""
        names, self.names = self.names, []
        return names


async def test_a_request_takes_one_write_before_and_one_after(dynamodb: "DynamoDBClient", world: World) -> None:
    key, one = spending("1", limits=Limits(60, 100_000, 10)), world.instance()
    calls = Calls(dynamodb)
    for _ in range(3):
        record = await world.use(one, key)
        assert calls.taken() == ["UpdateItem"]
        await one.settle(used(record, CENT, 50))
        assert calls.taken() == ["UpdateItem"]


async def test_an_instance_that_has_not_seen_a_busy_account_writes_twice_once(
    dynamodb: "DynamoDBClient", world: World
) -> None:
    key, new = Key("key_1", limits=Limits(60)), world.instance()
    await world.use(world.instance(), key)
    calls = Calls(dynamodb)
    await world.use(new, key)
    assert calls.taken() == ["UpdateItem"] * 2
    await world.use(new, key)
    assert calls.taken() == ["UpdateItem"]


async def test_a_key_without_limits_takes_nothing(dynamodb: "DynamoDBClient", world: World) -> None:
    one = world.instance()
    calls = Calls(dynamodb)
    await one.settle(await world.use(one, Key("key_1")))
    assert calls.taken() == []


async def test_the_budgets_of_tags_are_read_once_and_then_beside_the_requests(
    dynamodb: "DynamoDBClient", world: World
) -> None:
    key, one = Key("key_1", tags={"team": "other"}), world.instance()
    calls = Calls(dynamodb)
    await world.use(one, key)
    assert calls.taken() == ["GetItem"]
    await world.use(one, key)
    assert calls.taken() == []
    await dynamo_tag_budgets(dynamodb, world.clock).set(TagBudget("team", "other", Budget(Decimal(0))))
    world.clock.now += 10
    await world.use(one, key)  # as of then
    await asyncio.sleep(0.2)
    with pytest.raises(OverBudget, match="team=other"):
        await world.use(one, key)


async def test_windows_that_are_over_go(world: World) -> None:
    key, one = spending("10"), world.instance()
    for _ in range(4):
        await one.settle(used(await world.use(one, key), CENT))
        world.clock.now += 86_400
    await one.settle(used(await world.use(one, key), CENT))
    names = world.account("key#key_1").spent.keys()
    assert sorted(names) == ["day_2027-01-18", "day_2027-01-19", "month_2027-01", "total"]


# --- when DynamoDB does not answer


@pytest.mark.parametrize("answer", [silence, refusal("ThrottlingException")], ids=["silence", "throttled"])
async def test_a_key_is_refused_unless_it_is_set_to_be_let_in(
    dynamodb: "DynamoDBClient", world: World, answer: Answer
) -> None:
    one = world.instance()
    with Outage(dynamodb, answer), pytest.raises(AllowanceUnknown, match="open_when_down") as refused:
        await world.use(one, spending("0.01"))
    assert refused.value.http_status == 503
    world.clock.now += LIFETIME + 1  # an answer that was lost may have been a write
    await world.use(one, spending("0.01"))


def open_key(**more: Limits) -> Key:
    return Key("key_1", budgets=(Budget(Decimal(1)),), open_when_down=True, tags=TEAM)


async def test_what_is_let_in_is_charged_when_dynamodb_is_back_before_it_ends(
    dynamodb: "DynamoDBClient", world: World
) -> None:
    one = world.instance()
    await world.use(one, open_key())  # knows the budgets of tags
    with Outage(dynamodb):
        record = await world.use(one, open_key())
    await one.settle(used(record, CENT / 2))
    for account in ("key#key_1", "tag#team=search"):
        assert world.account(account).spent["total"] == CENT * 3 / 2


async def test_while_it_is_down_only_one_request_in_a_while_waits_to_see(
    dynamodb: "DynamoDBClient", world: World
) -> None:
    one = world.instance()
    await world.use(one, open_key())
    with Outage(dynamodb) as outage:
        await world.use(one, open_key())
        calls = outage.calls
        await world.use(one, open_key())
        assert outage.calls == calls
        world.clock.now += DOWN_SECONDS + 1
        await world.use(one, open_key())
        assert outage.calls > calls


@pytest.mark.parametrize("reserved", [True, False], ids=["reserved", "let in"])
async def test_a_settlement_that_was_refused_is_recovered_once(
    dynamodb: "DynamoDBClient", world: World, reserved: bool
) -> None:
    fallback = StringIO()
    accounts = dynamo_accounts(dynamodb, world.clock)
    one = DynamoAllowances(accounts, dynamo_tag_budgets(dynamodb, world.clock), world.clock, fallback)
    key = Key("key_1", budgets=(Budget(Decimal(1)),), open_when_down=True)
    if reserved:
        record = await world.use(one, key)
        with Outage(dynamodb):
            await one.settle(used(record, CENT / 4))
    else:
        with Outage(dynamodb):
            record = await world.use(one, key)
            await one.settle(used(record, CENT / 4))
    (settlement,) = settlements_in(f"2027-01-15T08:00:00Z {fallback.getvalue()}")
    world.clock.now += 7 * 86_400
    await world.use(one, key)  # frees what was held
    for _ in range(2):
        accounts.settle(settlement)
    assert world.account("key#key_1").spent["total"] == CENT + CENT / 4


async def test_a_caller_that_is_cancelled_leaves_nothing_behind(world: World) -> None:
    key, one = spending("1"), world.instance()
    record = world.record()
    task = asyncio.create_task(one.reserve(record, key, {}, lambda: Estimate(CENT, 1)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await one.settle(record)
    account = world.account("key#key_1")
    assert not account.held
    assert not account.spent["total"]


# --- the budgets of tags


async def test_budgets_of_tags_are_set_replaced_and_removed(dynamodb: "DynamoDBClient") -> None:
    budgets = dynamo_tag_budgets(dynamodb, FakeClock())
    odd = TagBudget("team", "a=b#c d/é", Budget(Decimal("1.5"), "month"))
    for one in (
        TagBudget("team", "x", Budget(Decimal(1), "day")),
        odd,
        TagBudget("team", "x", Budget(Decimal(2), "day")),
    ):
        await budgets.set(one)
    assert await budgets.all() == (TagBudget("team", "x", Budget(Decimal(2), "day")), odd)
    assert await budgets.remove("team", "x", "day")
    assert not await budgets.remove("team", "x", "day")
    assert await budgets.all() == (odd,)


async def test_there_are_not_too_many_of_them(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("turnout.store.tag_budgets.MOST", 1)
    budgets = dynamo_tag_budgets(dynamodb, FakeClock())
    await budgets.set(TagBudget("team", "x", Budget(Decimal(1))))
    await budgets.set(TagBudget("team", "x", Budget(Decimal(2))))  # replaces it
    with pytest.raises(InvalidRequest, match="Remove one first"):
        await budgets.set(TagBudget("team", "y", Budget(Decimal(1))))
