"""A canary over simulated vendors: its first choice is made to fail, and it is gone by itself, with the reason told."""

from collections import Counter

import pytest

from tests.e2e.world import QUICK, Seen, World, world
from tests.fakes import FakePolicies, FakeRollups, FakeWatches, a_policy
from turnout.clock import SystemClock
from turnout.config import Breaker
from turnout.core.outcomes import Expected, Outcomes
from turnout.policy.canary_terms import Terms
from turnout.policy.guard import Guard
from turnout.routing.steering import LivePolicies

OLD, NEW, THIRD = "openai/gpt-5.2", "anthropic/claude-haiku-4.5", "mistral/mistral-large"
KNOWN = {name: Expected(0.9, 0.001) for name in (OLD, NEW, THIRD)}
BREAKER = QUICK.model_copy(update={"breaker": Breaker(failures=3, window=60, cooldown=30)})

pytestmark = pytest.mark.timeout(120)


async def test_a_canary_whose_first_choice_fails_is_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("turnout.routing.steering.REFRESH_SECONDS", 0.0)
    clock, rollups = SystemClock(), FakeRollups()
    policies = FakePolicies(clock)
    guard = Guard(policies, FakeWatches(), rollups, "priors", Terms(), clock)
    for version, chain in (("p-1", (OLD, THIRD)), ("p-2", (NEW, THIRD))):
        await policies.add(
            a_policy(version, chains={"balanced": {"code": chain}}, outcomes=Outcomes({"code": KNOWN}, KNOWN)), ""
        )
    await policies.activate("p-1", "by hand")
    async with world(BREAKER, steering=LivePolicies(policies, clock)) as everything:
        assert {seen.note["model"] for seen in await asked(everything, rollups, 5)} == {"gpt-5.2"}
        await policies.canary("p-2", 0.5, "it should cost less")
        well = Counter(seen.note["model"] for seen in await asked(everything, rollups, 30))
        assert well.keys() == {"gpt-5.2", "claude-haiku-4.5"}
        assert (await guard.look()).verdict == "watch"

        everything.simulators["anthropic_messages"].fault("server_error")
        broken = Counter(seen.note["model"] for seen in await asked(everything, rollups, 60))
        assert broken.keys() == {"gpt-5.2", "mistral-large"}, "nobody notices but by the model"
        look = await guard.look()
        assert (look.verdict, look.version) == ("roll_back", "p-2")
        assert "Worse than the control in requests that the first choice did not answer" in look.why
        assert policies.listings["p-2"].history[-1].why == f"The guard: {look.why}"

        await asked(everything, rollups, 1)  # which reads the pointer beside it
        after = await asked(everything, rollups, 10)
    assert {seen.note["model"] for seen in after} == {"gpt-5.2"}
    assert {seen.note["reason"] for seen in after} == {"auto:balanced, code 1.00, policy p-1"}


async def asked(everything: World, rollups: FakeRollups, number: int) -> list[Seen]:
    """So many requests for code, counted as they come."""
    found = [await everything.ask(stream=False, turnout={"task": "code"}) for _ in range(number)]
    for seen in found:
        assert seen.status == 200
        rollups.count(await everything.row(seen.request_id))
    return found
