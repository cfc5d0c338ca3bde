"""What every store of policies does, the fake included; subclasses bring the fixtures."""

import asyncio
from dataclasses import replace

import pytest

from tests.fakes import FakeClock, a_policy
from turnout.core.errors import Conflict, InvalidRequest, UnknownPolicy
from turnout.core.policies import Change, Pointer, State
from turnout.core.ports import Policies


async def states(policies: Policies) -> dict[str, State]:
    """The state of each version."""
    return {one.version: one.state for one in await policies.list()}


class PoliciesContract:
    """Needs the fixtures `policies` and `clock`."""

    async def test_at_first_there_are_none_and_the_priors_decide(self, policies: Policies) -> None:
        assert await policies.pointer() == Pointer()
        assert await policies.list() == []
        assert await policies.find("p-1") is None
        assert await policies.listed("p-1") is None

    async def test_a_version_comes_back_to_the_last_bit(self, policies: Policies, clock: FakeClock) -> None:
        policy = a_policy(based_on="p-0", report="reports/2027/01/15/x")
        await policies.add(policy, "cheaper code")
        assert await policies.find("p-1") == policy
        listed = await policies.listed("p-1")
        assert listed
        assert listed.history == (Change("recommended", clock.time(), "cheaper code"),)
        assert (listed.created_at, listed.based_on, listed.report) == (policy.created_at, "p-0", policy.report)
        assert listed.note == policy.note
        assert await policies.pointer() == Pointer()

    async def test_a_version_never_changes(self, policies: Policies) -> None:
        policy = a_policy()
        await policies.add(policy, "first")
        with pytest.raises(Conflict, match="p-1"):
            await policies.add(replace(policy, chains={}), "second")
        assert await policies.find("p-1") == policy
        listed = await policies.listed("p-1")
        assert listed
        assert len(listed.history) == 1

    async def test_the_newest_is_listed_first(self, policies: Policies) -> None:
        for version, at in (("b", 2.0), ("c", 1.0), ("a", 3.0)):
            await policies.add(a_policy(version, at), "")
        assert [one.version for one in await policies.list()] == ["a", "b", "c"]

    async def test_on_its_way_to_active_it_supersedes_the_one_before(
        self, policies: Policies, clock: FakeClock
    ) -> None:
        for version in ("p-1", "p-2"):
            await policies.add(a_policy(version), "")
        await policies.activate("p-1", "by hand")
        clock.now += 60
        pointer = await policies.canary("p-2", 0.1, "looks better")
        assert pointer == await policies.pointer()
        assert (pointer.active, pointer.canary, pointer.share) == ("p-1", "p-2", 0.1)
        assert (pointer.active_since, pointer.canary_since) == (clock.now - 60, clock.now)
        clock.now += 60
        pointer = await policies.activate("p-2", "no harm seen")
        assert pointer == Pointer("p-2", clock.now, before=("", "p-1"), revision=3)
        assert await states(policies) == {"p-2": "active", "p-1": "superseded"}
        listed = await policies.listed("p-2")
        assert listed
        assert [(change.state, change.why) for change in listed.history] == [
            ("recommended", ""),
            ("canary", "looks better"),
            ("active", "no harm seen"),
        ]

    async def test_a_rollback_ends_the_canary_and_leaves_the_active_one(self, policies: Policies) -> None:
        for version in ("p-1", "p-2"):
            await policies.add(a_policy(version), "")
        await policies.activate("p-1", "")
        await policies.canary("p-2", 0.5, "")
        pointer = await policies.rollback("it fails")
        assert (pointer.active, pointer.canary, pointer.share, pointer.canary_since) == ("p-1", "", 0.0, 0.0)
        assert await states(policies) == {"p-2": "rolled_back", "p-1": "active"}

    async def test_without_a_canary_a_rollback_goes_back_step_by_step_to_the_priors(self, policies: Policies) -> None:
        for version in ("p-1", "p-2"):
            await policies.add(a_policy(version), "")
            await policies.activate(version, "")
        assert (await policies.rollback("slow")).active == "p-1"
        assert await states(policies) == {"p-2": "rolled_back", "p-1": "active"}
        assert (await policies.rollback("slow too")).active == ""
        with pytest.raises(Conflict, match="nothing to roll back"):
            await policies.rollback("all of it")
        assert await states(policies) == {"p-2": "rolled_back", "p-1": "rolled_back"}

    async def test_a_rollback_never_goes_back_to_what_was_rolled_back(self, policies: Policies) -> None:
        for version in ("p-1", "p-2"):
            await policies.add(a_policy(version), "")
        for version in ("p-1", "p-2", "p-1"):
            await policies.activate(version, "")
        assert (await policies.rollback("p-1 is bad")).active == "p-2"
        assert (await policies.rollback("p-2 too")).active == ""

    async def test_another_version_made_active_supersedes_the_canary(self, policies: Policies) -> None:
        for version in ("p-1", "p-2"):
            await policies.add(a_policy(version), "")
        await policies.canary("p-1", 0.5, "")
        pointer = await policies.activate("p-2", "")
        assert (pointer.active, pointer.canary) == ("p-2", "")
        assert await states(policies) == {"p-1": "superseded", "p-2": "active"}

    async def test_what_was_rolled_back_must_be_a_canary_again_first(self, policies: Policies) -> None:
        await policies.add(a_policy(), "")
        await policies.canary("p-1", 0.5, "")
        await policies.rollback("")
        with pytest.raises(Conflict, match=r"p-1 is rolled back.*canary first"):
            await policies.activate("p-1", "")
        await policies.canary("p-1", 0.5, "mended")
        assert (await policies.activate("p-1", "")).active == "p-1"

    async def test_there_is_one_canary_at_a_time(self, policies: Policies) -> None:
        for version in ("p-1", "p-2"):
            await policies.add(a_policy(version), "")
        await policies.canary("p-1", 0.5, "")
        with pytest.raises(Conflict, match="p-1 is a canary already"):
            await policies.canary("p-2", 0.5, "")
        with pytest.raises(Conflict, match="p-1 is a canary already"):
            await policies.canary("p-1", 0.5, "")

    async def test_what_is_active_cannot_become_it_nor_a_canary(self, policies: Policies) -> None:
        await policies.add(a_policy(), "")
        await policies.activate("p-1", "")
        with pytest.raises(Conflict, match="p-1 is active"):
            await policies.activate("p-1", "")
        with pytest.raises(Conflict, match="p-1 is active"):
            await policies.canary("p-1", 0.5, "")

    @pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 2.0, float("nan")])
    async def test_a_share_is_above_none_and_below_all(self, policies: Policies, share: float) -> None:
        await policies.add(a_policy(), "")
        with pytest.raises(InvalidRequest, match="share") as raised:
            await policies.canary("p-1", share, "")
        assert raised.value.param == "share"
        assert await policies.pointer() == Pointer()

    async def test_a_version_that_is_not_there_cannot_be_moved(self, policies: Policies) -> None:
        for move in (policies.activate("p-9", ""), policies.canary("p-9", 0.5, "")):
            with pytest.raises(UnknownPolicy, match="p-9"):
                await move

    async def test_a_move_thought_of_for_another_pointer_is_not_made(self, policies: Policies) -> None:
        await policies.add(a_policy(), "")
        seen = await policies.pointer()
        await policies.canary("p-1", 0.5, "", revision=seen.revision)
        with pytest.raises(Conflict, match="meanwhile") as raised:
            await policies.rollback("", revision=seen.revision)
        assert raised.value.code == "policy_moved"
        assert (await policies.pointer()).canary == "p-1"

    async def test_of_two_who_move_at_once_one_wins(self, policies: Policies) -> None:
        versions = [f"p-{number}" for number in range(4)]
        for version in versions:
            await policies.add(a_policy(version), "")
        revision = (await policies.pointer()).revision
        moves = [policies.activate(version, "mine", revision) for version in versions]
        ends = await asyncio.gather(*moves, return_exceptions=True)
        won = [end.active for end in ends if isinstance(end, Pointer)]
        assert len(won) == 1
        assert sum(isinstance(end, Conflict) for end in ends) == len(versions) - 1
        assert [version for version, state in (await states(policies)).items() if state == "active"] == won
