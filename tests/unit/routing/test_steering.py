"""Which version decides for whom: read beside the requests, kept while the store is out, the same for a session."""

import asyncio
from dataclasses import replace

import pytest

from tests.fakes import FakeClock, FakePolicies, a_policy
from tests.unit.store.health_contract import settled
from turnout.core.policies import Pointer, Policy
from turnout.routing.steering import FIRST_WAIT, GIVEN_UP_AFTER, REFRESH_SECONDS, LivePolicies, version_for
from turnout.store.dynamo import StoreUnavailable


class Store(FakePolicies):
    """Policies that may be out, or keep those who read waiting; `readings` counts how often the pointer was read."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.out = False
        self.held: asyncio.Event | None = None
        self.readings = self.findings = 0

    async def pointer(self) -> Pointer:
        self.readings += 1
        if self.held:
            await self.held.wait()
        if self.out:
            raise StoreUnavailable("out")
        return await super().pointer()

    async def find(self, version: str) -> Policy | None:
        self.findings += 1
        return await super().find(version)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(clock: FakeClock) -> Store:
    made = Store(clock)
    for version in ("p-1", "p-2"):
        await made.add(a_policy(version), "")
    return made


def named(policy: Policy | None) -> str:
    return policy.version if policy else ""


async def later(live: LivePolicies, clock: FakeClock, session: str = "s") -> str:
    """Who decides once a reading is over that began when it was due."""
    clock.now += REFRESH_SECONDS
    await live.policy(session)
    await settled()
    return named(await live.policy(session))


async def test_without_a_policy_the_priors_decide(store: Store, clock: FakeClock) -> None:
    assert await LivePolicies(store, clock).policy("s") is None


async def test_the_first_request_waits_for_the_policy(store: Store, clock: FakeClock) -> None:
    await store.activate("p-1", "")
    assert named(await LivePolicies(store, clock).policy("s")) == "p-1"


async def test_later_ones_get_what_was_read_while_it_is_read_again_beside_them(store: Store, clock: FakeClock) -> None:
    live = LivePolicies(store, clock)
    await store.activate("p-1", "")
    await live.policy("s")
    await store.activate("p-2", "")
    clock.now += REFRESH_SECONDS - 1
    assert named(await live.policy("s")) == "p-1"
    assert store.readings == 1
    clock.now += 1
    assert named(await live.policy("s")) == "p-1"
    await settled()
    assert named(await live.policy("s")) == "p-2"
    assert store.readings == 2


async def test_a_version_is_read_once(store: Store, clock: FakeClock) -> None:
    live = LivePolicies(store, clock)
    await store.activate("p-1", "")
    for _ in range(3):
        assert await later(live, clock) == "p-1"
    assert (store.findings, store.readings) == (1, 3)


async def test_while_the_store_is_out_what_was_read_last_holds(store: Store, clock: FakeClock) -> None:
    live = LivePolicies(store, clock)
    await store.activate("p-1", "")
    await live.policy("s")
    store.out = True
    await store.activate("p-2", "")
    assert await later(live, clock) == "p-1"
    store.out = False
    assert await later(live, clock) == "p-2"


async def test_a_pointer_to_what_is_not_there_changes_nothing(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    live = LivePolicies(store, clock)
    await store.activate("p-1", "")
    await live.policy("s")
    await store.activate("p-2", "")
    del store.versions["p-2"]
    assert await later(live, clock) == "p-1"
    assert "no policy p-2" in caplog.text


async def test_a_store_that_hangs_holds_up_the_first_requests_for_a_moment_and_no_others(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("turnout.routing.steering.FIRST_WAIT", FIRST_WAIT / 25)
    store.held = asyncio.Event()
    live = LivePolicies(store, clock)
    await store.activate("p-1", "")
    assert await live.policy("s") is None
    monkeypatch.setattr("turnout.routing.steering.FIRST_WAIT", None)  # would wait for ever
    assert await live.policy("s") is None
    assert store.readings == 1, "the reading is still under way"
    clock.now += GIVEN_UP_AFTER
    assert await live.policy("s") is None
    store.held.set()
    await settled()
    assert store.readings == 2, "the first was taken for lost"
    assert named(await live.policy("s")) == "p-1"


async def test_a_reading_that_was_frozen_does_not_undo_a_later_one(store: Store, clock: FakeClock) -> None:
    live = LivePolicies(store, clock)
    await store.activate("p-1", "")
    await live.policy("s")
    await store.activate("p-2", "")
    assert await later(live, clock) == "p-2"
    store.at = replace(store.at, active="p-1", revision=1)
    assert await later(live, clock) == "p-2"


async def test_the_canary_decides_for_its_share_of_the_sessions_and_for_each_always_or_never(
    store: Store, clock: FakeClock
) -> None:
    live = LivePolicies(store, clock)
    await store.activate("p-1", "")
    await store.canary("p-2", 0.25, "")
    names = [f"s-{number}" for number in range(2_000)]
    first = [named(await live.policy(name)) for name in names]
    assert 0.22 < first.count("p-2") / len(first) < 0.28
    assert set(first) == {"p-1", "p-2"}
    assert [named(await live.policy(name)) for name in names] == first


def test_each_canary_is_tried_on_other_sessions() -> None:
    names = [f"s-{number}" for number in range(2_000)]
    one, other = Pointer("a", canary="b", share=0.5), Pointer("a", canary="c", share=0.5)
    both = sum(version_for(name, one) == "b" and version_for(name, other) == "c" for name in names)
    assert 0.2 < both / len(names) < 0.3
