"""What a purse promises, of the fake and of the real one, in this process and over ministack."""

import asyncio
from decimal import Decimal

import pytest

from turnout.core.ports import Purse

DAY, NEXT = "2026-11-24", "2026-11-25"
CENT = Decimal("0.01")


class PurseContract:
    """Tests of a fixture `purses`: instances that share what they know."""

    @pytest.fixture
    def purse(self, purses: list[Purse]) -> Purse:
        return purses[0]

    async def test_what_is_taken_is_gone_until_it_is_put_back(self, purse: Purse) -> None:
        assert await purse.take("k", DAY, 3 * CENT, 5 * CENT)
        assert not await purse.take("k", DAY, 3 * CENT, 5 * CENT)
        await purse.put_back("k", DAY, CENT)
        assert await purse.take("k", DAY, 3 * CENT, 5 * CENT)
        assert not await purse.take("k", DAY, CENT, 5 * CENT)

    async def test_more_than_all_cannot_be_taken_and_all_can(self, purse: Purse) -> None:
        assert not await purse.take("k", DAY, 6 * CENT, 5 * CENT)
        assert await purse.take("k", DAY, 5 * CENT, 5 * CENT)

    async def test_each_key_has_its_own_and_each_day_is_new(self, purse: Purse) -> None:
        for key_id, day in [("k", DAY), ("other", DAY), ("k", NEXT)]:
            assert await purse.take(key_id, day, CENT, CENT)

    async def test_what_was_used_beside_counts_too(self, purse: Purse) -> None:
        await purse.put_back("k", DAY, -5 * CENT)
        assert not await purse.take("k", DAY, CENT, 5 * CENT)

    async def test_however_many_take_at_once_no_more_is_spent_than_there_is(self, purses: list[Purse]) -> None:
        """Each takes two cents of fifteen, uses one and puts one back; no order of these may overspend."""
        in_hand, most = Decimal(0), Decimal(0)

        async def use(purse: Purse) -> bool:
            nonlocal in_hand, most
            if not await purse.take("k", DAY, 2 * CENT, 15 * CENT):
                return False
            in_hand += CENT  # of the two, one is used for certain
            most = max(most, in_hand)
            await purse.put_back("k", DAY, CENT)
            return True

        granted = await asyncio.gather(*(use(purses[number % len(purses)]) for number in range(30)))
        assert 7 <= sum(granted) <= 15
        assert most <= 15 * CENT
        left = 15 - sum(granted)
        assert await purses[0].take("k", DAY, left * CENT, 15 * CENT) or not left
        assert not await purses[-1].take("k", DAY, CENT, 15 * CENT)
