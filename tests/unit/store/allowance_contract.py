"""What all allowances do, the fake included; subclasses bring the fixture `world`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from tests.fakes import FakeClock
from turnout.core.allowance import UNLIMITED, Budget, Estimate, Limits, Period
from turnout.core.events import Usage
from turnout.core.ports import Allowances, Key
from turnout.core.records import Attempt, Record
from turnout.core.refused import Limited, OverBudget, RateLimited
from turnout.policy.account import Account

CENT = Decimal("0.01")
LIFETIME = 180.0
TEAM = {"team": "search"}
TEAM_BUDGET = Budget(Decimal("0.03"), "day")
"""Of the tag team=search, in every world."""


@dataclass
class World:
    """`instance` is one of several routers, `account` how an account stands in what they share."""

    clock: FakeClock
    instance: Callable[[], Allowances]
    account: Callable[[str], Account]
    requests: int = 0

    def record(self) -> Record:
        """A request that begins now."""
        self.requests += 1
        return Record(f"01REQUEST{self.requests:04}", self.clock.time(), "key_1", "auto", stream=False)

    async def use(self, allowances: Allowances, key: Key, usd: Decimal = CENT, tokens: int = 100) -> Record:
        """Reserve for a request of the key. Raises Limited."""
        record = self.record()
        await allowances.reserve(record, key, key.tags, lambda: Estimate(usd, tokens))
        return record


def used(record: Record, usd: Decimal, tokens: int = 0) -> Record:
    """The request, answered."""
    record.attempts = [Attempt("v", "m", 1, 0, outcome="ok", usage=Usage(output=tokens), cost_usd=usd)]
    return record


def spending(usd: str, period: Period = "total", limits: Limits = UNLIMITED) -> Key:
    """A key with a budget."""
    return Key("key_1", budgets=(Budget(Decimal(usd), period),), limits=limits)


class AllowancesContract:
    """Needs the fixture `world`."""

    async def test_nothing_is_estimated_for_a_key_that_may_use_what_it_likes(self, world: World) -> None:
        allowances = world.instance()

        def never() -> Estimate:
            raise AssertionError

        record = world.record()
        await allowances.reserve(record, Key("key_1", tags={"team": "other"}), {"team": "other"}, never)
        assert allowances.left(record.id).usd is None
        await allowances.settle(record)

    async def test_a_budget_is_used_up_to_the_last_cent_by_all_instances_together(self, world: World) -> None:
        key, instances = spending("0.05"), [world.instance() for _ in range(5)]
        for at, one in enumerate(instances):
            record = await world.use(one, key)
            assert one.left(record.id).usd == Decimal("0.05") - CENT * (at + 1)
        with pytest.raises(OverBudget, match=r"budget of this key: 0\.05 USD in all, of which 0\.000000 are left"):
            await world.use(instances[0], key)

    async def test_what_was_not_used_is_there_again(self, world: World) -> None:
        key, one, other = spending("0.01"), world.instance(), world.instance()
        record = await world.use(one, key)
        with pytest.raises(OverBudget):
            await world.use(other, key)
        await one.settle(used(record, Decimal("0.004")))
        with pytest.raises(OverBudget):
            await world.use(other, key, Decimal("0.006001"))
        await world.use(other, key, Decimal("0.006"))

    @pytest.mark.parametrize(("period", "days"), [("day", 1), ("month", 31)])
    async def test_a_new_period_has_its_own_budget(self, world: World, period: Period, days: int) -> None:
        key, one = spending("0.01", period), world.instance()
        await one.settle(used(await world.use(one, key), CENT))
        with pytest.raises(OverBudget, match=f"a {period}"):
            await world.use(one, key)
        world.clock.now += days * 86_400
        await world.use(one, key)
        with pytest.raises(OverBudget):
            await world.use(one, key)

    async def test_the_tightest_of_several_budgets_holds(self, world: World) -> None:
        key = Key("key_1", budgets=(Budget(CENT * 10), Budget(CENT, "day"), Budget(CENT * 3, "month")))
        one = world.instance()
        await world.use(one, key)
        with pytest.raises(OverBudget, match="a day"):
            await world.use(one, key)

    async def test_a_request_that_ends_tomorrow_counts_for_the_day_on_which_it_began(self, world: World) -> None:
        key, one = spending("0.01", "day"), world.instance()
        world.clock.now = world.clock.now // 86_400 * 86_400 + 86_399.9996
        record = await world.use(one, key)
        world.clock.now += 10
        await one.settle(used(record, CENT))
        await world.use(one, key)

    async def test_requests_per_minute_are_let_in_at_once_and_then_one_by_one(self, world: World) -> None:
        key, one = Key("key_1", limits=Limits(requests_per_minute=7)), world.instance()
        for _ in range(7):
            await world.use(world.instance(), key)
        record = world.record()
        with pytest.raises(RateLimited, match="7 requests a minute") as refusal:
            await one.reserve(record, key, {}, lambda: Estimate(CENT, 1))
        assert refusal.value.retry_after == pytest.approx(60 / 7)
        rate = one.left(record.id).requests
        assert rate
        assert (rate.limit, rate.left, rate.reset) == (7, 0, pytest.approx(60))
        world.clock.now += 60 / 7 + 1e-5
        await world.use(one, key)
        with pytest.raises(RateLimited):
            await world.use(one, key)

    async def test_tokens_per_minute_are_those_that_were_used(self, world: World) -> None:
        key, one = Key("key_1", limits=Limits(tokens_per_minute=1000)), world.instance()
        record = await world.use(one, key, tokens=900)
        with pytest.raises(RateLimited, match="1000 tokens a minute") as refusal:
            await world.use(one, key, tokens=200)
        assert refusal.value.retry_after == pytest.approx(6)
        await one.settle(used(record, CENT, tokens=300))
        await world.use(one, key, tokens=700)
        with pytest.raises(RateLimited):
            await world.use(one, key, tokens=1)

    async def test_tokens_that_were_not_expected_count_too(self, world: World) -> None:
        key, one = Key("key_1", limits=Limits(tokens_per_minute=1000)), world.instance()
        await one.settle(used(await world.use(one, key, tokens=100), CENT, tokens=900))
        with pytest.raises(RateLimited):
            await world.use(one, key, tokens=101)
        await world.use(one, key, tokens=100)

    async def test_what_can_never_pass_is_told_apart(self, world: World) -> None:
        key = Key("key_1", limits=Limits(tokens_per_minute=1000))
        with pytest.raises(RateLimited, match="may take 1001 tokens") as refusal:
            await world.use(world.instance(), key, tokens=1001)
        assert not refusal.value.curable
        with pytest.raises(OverBudget):
            await world.use(world.instance(), spending("0.01"), CENT * 2)

    async def test_so_many_requests_at_once(self, world: World) -> None:
        key, one = Key("key_1", limits=Limits(concurrent=2)), world.instance()
        first = await world.use(one, key)
        await world.use(world.instance(), key)
        with pytest.raises(RateLimited, match="2 under way") as refusal:
            await world.use(one, key)
        assert refusal.value.by == "concurrent"
        await one.settle(first)
        await world.use(one, key)

    async def test_what_an_instance_held_that_is_gone_is_free_again(self, world: World) -> None:
        key = spending("0.02", limits=Limits(concurrent=2))
        for _ in range(2):
            await world.use(world.instance(), key)
        world.clock.now += LIFETIME
        with pytest.raises(Limited):
            await world.use(world.instance(), key)
        world.clock.now += 1
        for _ in range(2):
            await world.use(world.instance(), key)
        with pytest.raises(Limited):
            await world.use(world.instance(), key)
        assert world.account("key#key_1").spent["total"] == CENT * 2

    async def test_who_was_given_up_and_is_not_gone_is_charged_all_the_same(self, world: World) -> None:
        key, slow, other = spending("0.01"), world.instance(), world.instance()
        record = await world.use(slow, key)
        world.clock.now += LIFETIME + 1
        await other.settle(used(await world.use(other, key), Decimal(0)))
        await slow.settle(used(record, CENT))
        with pytest.raises(OverBudget):
            await world.use(other, key)
        assert world.account("key#key_1").spent["total"] == CENT

    async def test_all_keys_with_a_tag_share_its_budget(self, world: World) -> None:
        keys = [Key(f"key_{number}", tags=TEAM, budgets=(Budget(Decimal(1)),)) for number in range(4)]
        one = world.instance()
        for key in keys[:3]:
            await world.use(one, key)
        with pytest.raises(OverBudget, match=r"budget of the tag team=search: 0\.03 USD a day"):
            await world.use(one, keys[3])
        account = world.account("key#key_3")
        assert not account.held
        assert not any(account.spent.values())

    async def test_a_request_without_reservation_settles_to_nothing(self, world: World) -> None:
        await world.instance().settle(used(world.record(), CENT))
        assert world.account("key#key_1") == Account()

    async def test_settling_twice_counts_once(self, world: World) -> None:
        key, one = spending("1"), world.instance()
        record = used(await world.use(one, key), CENT)
        await asyncio.gather(one.settle(record), one.settle(record))
        assert world.account("key#key_1").spent["total"] == CENT
