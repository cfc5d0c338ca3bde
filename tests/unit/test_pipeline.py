"""The pipeline: from a request to events and a complete record, through real routing, modes and wrappers."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import FakeClock, FakeSessions, FakeVendors, a_model, answer, knowing
from turnout.config import Retries
from turnout.core import errors
from turnout.core.chat import Chat, Message, Options, Request, Text
from turnout.core.events import Answer, Delta, Started, Usage, collect
from turnout.core.models import Model
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Policy
from turnout.core.ports import Call, Deadline, Key, Sessions
from turnout.core.records import Record
from turnout.modes import MODES
from turnout.pipeline import SHARE, Gateway, Patience
from turnout.providers.wrappers import guarded, recorded, retrying
from turnout.routing.circuit import Circuits
from turnout.routing.rules_file import parse

A, B = a_model("alpha", auto=1), a_model("beta", auto=2)
CHAT = Chat((Message("user", (Text("hello"),)),), stream=True)
KEY = Key("key-1", tags={"team": "blue"})
AUTO = "auto:balanced, safe chain: task not clear"


def gateway(
    clock: FakeClock,
    vendors: FakeVendors,
    *models: Model,
    sessions: Sessions | None = None,
    rules: str = "",
    **more: Any,
) -> Gateway:
    circuits = Circuits(clock, 1, 60.0, 15.0)
    guard = guarded(vendors.ask, circuits)
    ask = retrying(recorded(guard, clock), Retries(), clock, jitter=lambda low, high: high)
    known = knowing(*(models or (A, B)))
    return Gateway(
        replace(known, rules=parse(rules, "rules.toml", known.catalog, MODES)),
        ask,
        clock,
        Patience(1, 2),
        sessions or FakeSessions(),
        is_open=lambda model: bool(circuits.left(model.id)),
        **more,
    )


async def answered(clock: FakeClock, vendors: FakeVendors, request: Request) -> tuple[Record, Answer]:
    exchange = gateway(clock, vendors).answer(request, KEY, "01J", Deadline(clock.monotonic() + 60, clock))
    return exchange.record, await collect(exchange.events)


async def test_auto_is_answered_by_the_first_of_the_catalog_and_the_record_says_so() -> None:
    clock = FakeClock()
    usage = Usage(input=10, output=5)
    vendors = FakeVendors(clock, alpha=[answer("hi", usage=usage)])
    record, got = await answered(clock, vendors, Request(CHAT, "auto", Options(tags={"app": "web", "team": "red"})))
    assert got.choices[0].text == "hi"
    assert got.done
    assert got.done.usage == usage
    assert (record.vendor, record.model, record.outcome, record.status) == ("alpha-vendor", "alpha", "ok", 200)
    assert (record.reason, record.goal, record.finish) == (AUTO, "balanced", "stop")
    assert record.candidates == (A.id, B.id)
    assert record.tags == {"team": "blue", "app": "web"}
    assert record.cost_usd == record.attempts[0].cost_usd > 0


async def test_failover_leaves_both_attempts_in_the_record_and_a_reason() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[errors.Overloaded("busy")]], beta=[answer("hi")])
    record, got = await answered(clock, vendors, Request(CHAT, "auto"))
    assert got.started == [Started(B)]
    assert [(a.model, a.outcome) for a in record.attempts] == [("alpha", "error"), ("beta", "ok")]
    assert record.reason == f"{AUTO}; after 1 failed attempt"


async def test_a_target_gets_a_share_of_the_time_and_the_last_one_all_of_it() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[errors.Rejected("no")]], beta=[answer("hi")])
    await answered(clock, vendors, Request(CHAT, "auto"))
    shares = [call.share.at - clock.now for call in vendors.calls]
    assert shares == pytest.approx([60 * SHARE, 60])
    assert [call.patience for call in vendors.calls] == [1, 2]


async def test_the_clients_own_limit_on_latency_is_the_deadline() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[answer("hi")])
    await answered(clock, vendors, Request(CHAT, "alpha", Options(max_latency_ms=1500)))
    assert vendors.calls[0].limit.at - clock.now == pytest.approx(1.5)


async def test_when_the_time_is_up_nobody_else_is_asked() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[61.0, errors.TimedOut("late")]], beta=[answer("hi")])
    with pytest.raises(errors.DeadlineExceeded):
        await answered(clock, vendors, Request(CHAT, "auto"))
    assert len(vendors.calls) == 1


async def test_an_answer_that_two_models_gave_is_counted_as_both() -> None:
    clock = FakeClock()
    cut = [Delta(text="one two three "), errors.StreamCut("cut")]
    vendors = FakeVendors(clock, alpha=[cut], beta=[answer("four", usage=Usage(input=7, output=1))])
    record, got = await answered(clock, vendors, Request(CHAT, "auto"))
    first, second = (attempt.usage for attempt in record.attempts)
    assert got.done
    assert got.done.usage
    assert got.done.usage.completion == first.output + second.output
    assert got.done.usage.source == "estimated"


@pytest.mark.parametrize(
    ("request_", "code", "status", "param"),
    [
        (Request(CHAT, "alhpa"), "model_not_found", 404, "model"),
        (Request(CHAT, "auto:cheap"), "invalid_request", 400, "model"),
        (Request(CHAT, "auto", Options(mode="magic")), "invalid_request", 400, "turnout.mode"),
        (Request(Chat(CHAT.messages, max_tokens=10**6), "auto"), "no_eligible_model", 400, "model"),
        (Request(CHAT, "auto", Options(max_cost_usd=0.000001)), "no_eligible_model", 400, "model"),
        (Request(CHAT, "alpha", Options(fallbacks=("beta", "nobody"))), "model_not_found", 404, "turnout.fallbacks"),
    ],
)
async def test_a_request_that_cannot_be_planned_is_refused_and_recorded(
    request_: Request, code: str, status: int, param: str
) -> None:
    clock = FakeClock()
    some = gateway(clock, FakeVendors(clock))
    exchange = some.answer(request_, KEY, "01J", Deadline(clock.monotonic() + 60, clock))
    with pytest.raises(errors.RequestError) as caught:
        await collect(exchange.events)
    assert (caught.value.code, caught.value.http_status) == (code, status)
    assert (exchange.record.outcome, exchange.record.code, exchange.record.status) == ("error", code, status)
    assert caught.value.param == param


async def test_a_client_that_leaves_makes_an_aborted_record() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[answer("one", "two")])
    exchange = gateway(clock, vendors).answer(
        Request(CHAT, "auto"), KEY, "01J", Deadline(clock.monotonic() + 60, clock)
    )
    await anext(exchange.events)
    await anext(exchange.events)
    await exchange.events.aclose()
    record = exchange.record
    assert (record.outcome, record.code, record.partial) == ("aborted", "client_closed_request", True)
    assert record.attempts[0].outcome == "aborted"
    assert vendors.closed == 1


async def test_an_error_of_our_own_leaves_a_record_that_is_no_success() -> None:
    clock = FakeClock()

    async def broken(call: Call):  # noqa: ANN202 - a generator of nothing
        raise RuntimeError("bug")
        yield  # pyright: ignore[reportUnreachable]

    some = Gateway(knowing(A), broken, clock, Patience(1, 1))
    exchange = some.answer(Request(CHAT, "auto"), KEY, "01J", Deadline(clock.monotonic() + 60, clock))
    with pytest.raises(RuntimeError):
        await collect(exchange.events)
    assert (exchange.record.outcome, exchange.record.status) == ("error", 500)


async def asked(some: Gateway, request: Request, request_id: str = "01J") -> Record:
    """What was written of a request that was answered."""
    exchange = some.answer(request, KEY, request_id, Deadline(some.clock.monotonic() + 60, some.clock))
    await collect(exchange.events)
    return exchange.record


async def test_a_conversation_stays_on_the_model_that_answered_it() -> None:
    clock, sessions = FakeClock(), FakeSessions()
    vendors = FakeVendors(clock, alpha=[answer("hi")], beta=[answer("hi"), answer("hi")])
    some = gateway(clock, vendors, sessions=sessions)
    first = await asked(some, Request(CHAT, "auto"))
    sessions.models[first.conversation] = B.id  # as if another instance had moved it
    turns = (*CHAT.messages, Message("assistant", (Text("hi"),)), Message("user", (Text("and?"),)))
    second = await asked(some, Request(Chat(turns, stream=True), "auto"))
    assert (first.model, second.model) == ("alpha", "beta")
    assert first.conversation == second.conversation
    assert second.reason == f"{AUTO}; stays on the conversation's model"


async def test_a_model_whose_circuit_is_open_is_left_out_while_there_is_another() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[errors.Overloaded("busy")]], beta=[answer("hi"), answer("hi")])
    some = gateway(clock, vendors)
    await asked(some, Request(CHAT, "auto"))
    record = await asked(some, Request(CHAT, "auto"))
    assert [(drop.model, drop.reason) for drop in record.dropped] == [(A.id, "its circuit is open")]
    assert [attempt.model for attempt in record.attempts] == ["beta"]


async def test_when_all_circuits_are_open_the_client_is_told_when_to_come_back() -> None:
    clock = FakeClock()
    some = gateway(clock, FakeVendors(clock, alpha=[[errors.Overloaded("busy")]]), A)
    with pytest.raises(errors.Exhausted):
        await asked(some, Request(CHAT, "auto"))
    exchange = some.answer(Request(CHAT, "auto"), KEY, "01J", Deadline(clock.monotonic() + 60, clock))
    with pytest.raises(errors.Exhausted) as caught:
        await collect(exchange.events)
    assert [attempt.outcome for attempt in exchange.record.attempts] == ["skipped"]
    assert (caught.value.http_status, exchange.record.dropped) == (503, ())
    assert caught.value.retry_after


async def test_in_turn_each_goes_first_and_looking_at_a_plan_takes_no_turn() -> None:
    clock = FakeClock()
    some = gateway(clock, FakeVendors(clock, alpha=[answer("hi")] * 9, beta=[answer("hi")] * 9))
    both = Request(CHAT, "alpha", Options(fallbacks=("beta",), strategy="round_robin"))
    turned = Request(CHAT, "beta", Options(fallbacks=("alpha",), strategy="round_robin"))
    firsts: list[str] = []
    for number in range(6):
        await some.plan(both, KEY, f"look-{number}", clock.time())
        record = await asked(some, both, f"r-{number}")
        firsts.append(record.model)
        if number % 2:
            await asked(some, turned, f"other-{number}")
    assert firsts in (["alpha", "beta"] * 3, ["beta", "alpha"] * 3)


@pytest.mark.parametrize(("limit", "judged"), [(0.0175, 1), (0.02, 1), (0.2, 2)])
async def test_a_judge_that_writes_rubbish_is_asked_again_only_where_the_limit_has_room(
    limit: float, judged: int
) -> None:
    clock = FakeClock()
    used = Usage(input=9000, output=3500)
    rubbish = answer("no idea", usage=used)
    vendors = FakeVendors(clock, alpha=[answer("hi")], beta=[answer("hi")], judy=[rubbish] * 2)
    some = gateway(clock, vendors, A, B, a_model("judy", auto=3))
    options = Options(mode="judge", models=("alpha", "beta"), judge="judy", max_cost_usd=limit)
    record = await asked(some, Request(replace(CHAT, max_tokens=10), "auto", options))
    assert [attempt.part.role for attempt in record.attempts] == ["candidate"] * 2 + ["verdict"] * judged
    assert record.cost_usd <= Decimal(str(limit))
    assert record.outcome == "ok"


async def test_a_rules_limit_on_latency_is_the_deadline_too() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[answer("hi")])
    rules = '[[rules]]\nname = "quick"\nthen.max_latency_ms = 2000'
    await asked(gateway(clock, vendors, rules=rules), Request(CHAT, "auto", Options(max_latency_ms=9000)))
    assert vendors.calls[0].limit.at - clock.now == pytest.approx(2)


async def test_what_nobody_can_take_is_recorded_with_what_each_lacks() -> None:
    clock = FakeClock()
    some = gateway(clock, FakeVendors(clock))
    exchange = some.answer(
        Request(replace(CHAT, max_tokens=10**6), "auto"), KEY, "01J", Deadline(clock.monotonic() + 60, clock)
    )
    with pytest.raises(errors.NoEligibleModel):
        await collect(exchange.events)
    assert [drop.model for drop in exchange.record.dropped] == [A.id, B.id]
    assert exchange.record.decision
    assert exchange.record.decision.targets == ()


class Noting:
    """A steering that answers with one policy and keeps the names that it was asked for."""

    def __init__(self, policy: Policy) -> None:
        self.told = policy
        self.sessions: list[str] = []

    async def policy(self, session: str) -> Policy | None:
        self.sessions.append(session)
        return self.told


async def test_who_decides_depends_on_the_session_else_the_conversation_else_the_request() -> None:
    expected = {A.id: Expected(0.9, 0.0), B.id: Expected(0.8, 0.0)}
    steering = Noting(Policy("p-7", 0.0, {"balanced": {"code": (B.id,)}}, Outcomes({"code": expected}, expected)))
    some = gateway(clock := FakeClock(), FakeVendors(clock), steering=steering)

    async def planned(request_id: str, chat: Chat = CHAT, **options: Any) -> str:
        plan = await some.plan(Request(chat, "auto", Options(task="code", **options)), KEY, request_id, 0.0)
        assert (plan.targets[0].id, plan.decision.policy) == (B.id, "p-7")
        return steering.sessions[-1]

    assert [await planned("r-1"), await planned("r-2")] == ["r-1", "r-2"]
    assert await planned("r-1", session="s") == await planned("r-2", session="s") not in {"r-1", "r-2"}
    later = replace(CHAT, messages=(*CHAT.messages, Message("assistant", (Text("hi"),)), *CHAT.messages))
    assert await planned("r-1", later) == await planned("r-2", later) not in {"r-1", "r-2"}
