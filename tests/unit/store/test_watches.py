"""What the guard keeps, over moto and in the fake: it comes back as it was, and one guard at a time keeps it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeWatches
from turnout.core.errors import Conflict
from turnout.policy.canary_terms import Evidence, Sums
from turnout.policy.canary_watch import Watch
from turnout.policy.guard import Watches
from turnout.store.watches import DynamoWatches

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIRST = Watch("p-1", 1_800_000_000.1, 1, 1_800_000_300.2)
SECOND = replace(
    FIRST,
    look=2,
    requests=60.0,
    evidence={"cost": Evidence(1 / 3, 0.1 + 0.2, 1e-300, 7.0, 2e-7)},
    seen={"2027-01-15T08\ncost\ncode\np-1": {"cost": Sums(60, 0.06, 1e-9)}},
    told="Too few requests to tell.",
)


class Contract:
    async def test_what_is_kept_comes_back_to_the_last_bit(self, watches: Watches) -> None:
        assert await watches.find("p-1") is None
        for watch in (FIRST, SECOND):
            await watches.keep(watch)
            assert await watches.find("p-1") == watch

    async def test_of_two_that_follow_the_same_look_one_is_kept(self, watches: Watches) -> None:
        await watches.keep(FIRST)
        await watches.keep(SECOND)
        with pytest.raises(Conflict):
            await watches.keep(replace(SECOND, requests=61.0))
        with pytest.raises(Conflict):
            await watches.keep(FIRST)
        assert await watches.find("p-1") == SECOND

    async def test_a_canary_that_begins_anew_begins_with_its_first_look(self, watches: Watches) -> None:
        await watches.keep(FIRST)
        await watches.keep(SECOND)
        anew = replace(FIRST, since=1_800_009_000.0)
        await watches.keep(anew)
        assert await watches.find("p-1") == anew


class TestFake(Contract):
    @pytest.fixture
    def watches(self) -> Watches:
        return FakeWatches()


class TestOverMoto(Contract):
    @pytest.fixture
    def watches(self, dynamodb: "DynamoDBClient") -> Watches:
        return DynamoWatches(dynamodb, "turnout-policies")
