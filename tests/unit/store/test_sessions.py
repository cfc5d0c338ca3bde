"""The models of conversations: found by every instance, and never in the way."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.fakes import FakeClock, FakeRequestLog, FakeSessions
from tests.unit.store.aws import Answer, Outage, refusal, silence
from turnout.core.ports import Sessions
from turnout.core.records import Record
from turnout.store.sessions import FRESH_SECONDS, KEPT_SECONDS, DynamoSessions, Remembering

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "turnout-health"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


type Instance = Callable[[], DynamoSessions]


@pytest.fixture
def instance(dynamodb: "DynamoDBClient", clock: FakeClock) -> Instance:
    """Another instance of the router."""
    return lambda: DynamoSessions(dynamodb, TABLE, clock)


class Contract:
    async def test_the_last_model_is_found(self, sessions: Sessions) -> None:
        assert await sessions.find("c") == ""
        for model in ("acme/a", "acme/b"):
            await sessions.keep("c", model)
            assert await sessions.find("c") == model
        assert await sessions.find("d") == ""


class TestFake(Contract):
    @pytest.fixture
    def sessions(self) -> Sessions:
        return FakeSessions()


class TestDynamo(Contract):
    @pytest.fixture
    def sessions(self, instance: Instance) -> Sessions:
        return instance()


async def test_another_instance_finds_it(instance: Instance) -> None:
    await instance().keep("c", "acme/a")
    assert await instance().find("c") == "acme/a"


async def test_where_it_has_moved_is_seen_soon(instance: Instance, clock: FakeClock) -> None:
    one, two = instance(), instance()
    await one.keep("c", "acme/a")
    await two.keep("c", "acme/b")
    assert await one.find("c") == "acme/a"
    clock.now += FRESH_SECONDS
    assert await one.find("c") == "acme/b"


async def test_after_a_day_it_is_forgotten_whether_or_not_the_row_is_gone(instance: Instance, clock: FakeClock) -> None:
    sessions = instance()
    await sessions.keep("c", "acme/a")
    clock.now += KEPT_SECONDS
    assert await sessions.find("c") == await instance().find("c") == ""


async def test_a_turn_on_the_same_model_writes_only_when_half_of_the_time_is_over(
    dynamodb: "DynamoDBClient", instance: Instance, clock: FakeClock
) -> None:
    sessions = instance()
    await sessions.keep("c", "acme/a")
    with Outage(dynamodb) as outage:
        await sessions.keep("c", "acme/a")
    assert outage.calls == 0
    clock.now += KEPT_SECONDS // 2
    await sessions.keep("c", "acme/a")
    clock.now += KEPT_SECONDS - 1
    assert await instance().find("c") == "acme/a"


@pytest.mark.parametrize("answer", [silence, refusal("ProvisionedThroughputExceededException")])
async def test_an_outage_is_as_if_nothing_were_known(
    dynamodb: "DynamoDBClient", instance: Instance, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    with Outage(dynamodb, answer):
        assert await instance().find("c") == ""
        await instance().keep("c", "acme/a")
    assert "could not be remembered" in caplog.text


async def test_nobody_waits_long_for_it(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*args: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("turnout.store.sessions.ask", never)
    assert await instance().find("c") == ""


@pytest.mark.parametrize(
    ("conversation", "model", "kept"),
    [("c", "a", {"c": "acme/a"}), ("", "a", {}), ("c", "", {})],
    ids=["answered", "the client named its model", "nobody answered"],
)
async def test_the_log_remembers_who_answered(conversation: str, model: str, kept: dict[str, str]) -> None:
    log, sessions = FakeRequestLog(), FakeSessions()
    record = Record("01J", 0, "key-1", "auto", stream=False, conversation=conversation, vendor="acme", model=model)
    await Remembering(log, sessions).write(record)
    assert (log.rows, sessions.models) == ([record], kept)
