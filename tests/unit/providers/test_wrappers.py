"""The wrappers: tries with pauses, attempts in the record, circuits told; all closed when the client leaves."""

from contextlib import aclosing
from decimal import Decimal

import pytest

from tests.fakes import FakeClock, FakeVendors, Step, a_model, answer
from turnout.config import Retries
from turnout.core import errors
from turnout.core.chat import Chat, Message, Text
from turnout.core.events import Delta, Done, Usage, collect
from turnout.core.ports import Ask, Call, Deadline
from turnout.core.records import Record
from turnout.providers.wrappers import guarded, pause, recorded, retrying
from turnout.routing.circuit import Circuits

ALPHA = a_model()
RETRIES = Retries(tries=3, tries_last=3, base=0.25, longest=5.0)
BUSY, GARBLED = errors.Overloaded("busy", vendor_status=503), errors.Garbled("what?")


def call(clock: FakeClock, patience: int = 3, seconds: float = 60.0) -> Call:
    record = Record("01J", clock.time(), "key", "alpha", stream=True)
    deadline = Deadline(clock.monotonic() + seconds, clock)
    chat = Chat((Message("user", (Text("tell me a story"),)),), stream=True)
    return Call(chat, ALPHA, deadline, deadline, record, patience)


def stack(vendors: FakeVendors, clock: FakeClock, retries: Retries = RETRIES, failures: int = 5) -> Ask:
    circuits = Circuits(clock, failures, window=60.0, cooldown=15.0)
    return retrying(recorded(guarded(vendors.ask, circuits), clock), retries, clock, jitter=lambda low, high: high)


async def test_what_a_second_try_may_cure_is_tried_again_with_growing_pauses() -> None:
    clock = FakeClock()
    some = call(clock)
    got = await collect(stack(FakeVendors(clock, alpha=[[BUSY], [GARBLED], answer("hi")]), clock)(some))
    assert got.choices[0].text == "hi"
    assert clock.slept == [0.5, 1.0]
    assert [(a.number, a.outcome, a.error) for a in some.record.attempts] == [
        (1, "error", "vendor_overloaded"),
        (2, "error", "vendor_garbled"),
        (3, "ok", ""),
    ]


async def test_what_no_retry_cures_is_tried_once() -> None:
    clock = FakeClock()
    some = call(clock)
    with pytest.raises(errors.Rejected):
        await collect(stack(FakeVendors(clock, alpha=[[errors.Rejected("bad")]]), clock)(some))
    assert len(some.record.attempts) == 1


async def test_nothing_is_tried_again_once_something_was_shown() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[Delta(text="half"), errors.StreamCut("cut")], answer("hi")])
    with pytest.raises(errors.StreamCut):
        await collect(stack(vendors, clock)(call(clock)))
    assert len(vendors.calls) == 1


async def test_retry_after_is_obeyed() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[errors.Throttled("slow", retry_after=2.0)], answer("hi")])
    await collect(stack(vendors, clock)(call(clock)))
    assert clock.slept == [2.0]


@pytest.mark.parametrize(("retry_after", "seconds"), [(5.1, 60.0), (2.0, 1.5)])
async def test_a_wait_that_is_too_long_or_beyond_the_share_goes_on_at_once(retry_after: float, seconds: float) -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[errors.Throttled("slow", retry_after=retry_after)]])
    with pytest.raises(errors.Throttled):
        await collect(stack(vendors, clock)(call(clock, seconds=seconds)))
    assert clock.slept == []


def test_pauses_are_jittered_over_the_whole_range_and_never_longer_than_allowed() -> None:
    ranges: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        ranges.append((low, high))
        return low

    assert [pause(BUSY, number, RETRIES, jitter) for number in (1, 2, 9)] == [0.0, 0.0, 0.0]
    assert ranges == [(0.0, 0.5), (0.0, 1.0), (0.0, 5.0)]


async def test_an_attempt_is_timed_counted_and_priced() -> None:
    clock = FakeClock()
    some = call(clock)
    script = [0.5, Delta(text="hi"), 0.25, Delta(finish="stop", native_finish="end_turn")]
    usage = Usage(input=1_000_000, cached_input=10, output=500_000)
    vendors = FakeVendors(clock, alpha=[[*script, Done(usage)]])
    await collect(stack(vendors, clock)(some))
    attempt = some.record.attempts[0]
    assert (attempt.first_token_ms, attempt.latency_ms, attempt.finish) == (500, 750, "end_turn")
    assert (attempt.usage, attempt.cost_usd) == (usage, Decimal("2.000001"))
    assert attempt.price_version == "2026-01-01"


async def test_what_the_vendor_did_not_count_is_estimated_and_says_so() -> None:
    clock = FakeClock()
    some = call(clock)
    await collect(stack(FakeVendors(clock, alpha=[answer("a long answer " * 50)]), clock)(some))
    usage = some.record.attempts[0].usage
    assert usage.source == "estimated"
    assert usage.input > 0
    assert usage.output > 50


@pytest.mark.parametrize(
    ("script", "priced"),
    [
        ([BUSY], False),
        ([errors.Unreachable("gone")], False),
        ([errors.TimedOut("late")], True),
        ([GARBLED], True),
        ([Delta(text="half"), errors.StreamCut("cut")], True),
    ],
)
async def test_a_failed_attempt_costs_what_the_vendor_will_charge(script: list[Step], priced: bool) -> None:
    clock = FakeClock()
    some = call(clock, patience=1)
    with pytest.raises(errors.VendorError):
        await collect(stack(FakeVendors(clock, alpha=[script]), clock)(some))
    assert (some.record.attempts[0].cost_usd > 0) is priced


async def test_a_client_that_leaves_is_nobodys_failure_and_its_tokens_are_priced() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[answer("one", "two") for _ in range(10)])
    ask = stack(vendors, clock, failures=1)
    for _ in range(3):
        some = call(clock)
        async with aclosing(ask(some)) as events:
            assert await anext(events) == Delta(text="one")
        attempt = some.record.attempts[0]
        assert (attempt.outcome, attempt.usage.source) == ("aborted", "estimated")
        assert attempt.cost_usd > 0
    assert vendors.closed == len(vendors.calls) == 3


async def test_an_open_circuit_is_told_without_asking_the_vendor() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[BUSY], [BUSY]])
    ask = stack(vendors, clock, failures=2)
    for _ in range(2):
        with pytest.raises(errors.Overloaded):
            await collect(ask(call(clock, patience=1)))
    some = call(clock)
    with pytest.raises(errors.CircuitOpen) as caught:
        await collect(ask(some))
    assert caught.value.retry_after == 15.0
    assert len(vendors.calls) == 2
    attempt = some.record.attempts[0]
    assert (attempt.outcome, attempt.cost_usd) == ("skipped", Decimal(0))


async def test_a_refused_key_opens_the_circuit_of_the_whole_vendor() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, 1, 60.0, 15.0)
    vendors = FakeVendors(clock, alpha=[[errors.AccessDenied("no", vendor_status=401)]])
    with pytest.raises(errors.AccessDenied):
        await collect(guarded(vendors.ask, circuits)(call(clock)))
    assert circuits.is_open(ALPHA.vendor.name)
    assert not circuits.is_open(ALPHA.id)


async def test_a_request_at_fault_does_not_count_against_the_model() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, 1, 60.0, 15.0)
    vendors = FakeVendors(clock, alpha=[[errors.ContextTooLong("long")], [errors.Rejected("bad")]])
    for kind in (errors.ContextTooLong, errors.Rejected):
        with pytest.raises(kind):
            await collect(guarded(vendors.ask, circuits)(call(clock)))
    assert not circuits.is_open(ALPHA.id)


@pytest.mark.parametrize(
    ("error", "blamed"),
    [(BUSY, "model"), (errors.AccessDenied("no"), "vendor"), (errors.Rejected("bad"), "nobody")],
)
async def test_an_attempt_says_whose_fault_its_failure_is(error: errors.VendorError, blamed: str) -> None:
    clock = FakeClock()
    some = call(clock, patience=1)
    with pytest.raises(errors.VendorError):
        await collect(stack(FakeVendors(clock, alpha=[[error]]), clock)(some))
    assert some.record.attempts[0].blames == blamed


async def test_a_model_whose_vendor_is_out_keeps_its_turn_to_be_probed() -> None:
    clock = FakeClock()
    circuits = Circuits(clock, 1, 60.0, 15.0)
    circuits.failed(ALPHA.id)
    clock.now += 15.0
    circuits.failed(ALPHA.vendor.name)
    with pytest.raises(errors.CircuitOpen):
        await collect(guarded(FakeVendors(clock).ask, circuits)(call(clock)))
    assert circuits.wait(ALPHA.id) == 0.0


async def test_a_whole_answer_is_put_to_the_free_checks_and_a_failed_one_is_not() -> None:
    clock = FakeClock()
    vendors = FakeVendors(clock, alpha=[[GARBLED], [Delta(text="hal", finish="length"), Done()]])
    some = call(clock)
    await collect(stack(vendors, clock)(some))
    assert [attempt.signals for attempt in some.record.attempts] == [{}, {"cut": True, "refused": False}]


async def test_a_client_that_leaves_after_the_end_has_had_a_whole_answer() -> None:
    clock = FakeClock()
    some = call(clock)
    async with aclosing(stack(FakeVendors(clock, alpha=[answer("hi")]), clock)(some)) as events:
        async for event in events:
            if isinstance(event, Done):
                break
    assert some.record.attempts[0].outcome == "ok"


@pytest.mark.parametrize("told", [Usage(input=-1_000_000, output=5), Usage(input=5, output=10**40)])
async def test_a_vendor_that_cannot_count_is_not_believed(told: Usage) -> None:
    clock = FakeClock()
    some = call(clock)
    finish = Delta(finish="stop", native_finish="stop" * 1000)
    await collect(stack(FakeVendors(clock, alpha=[[Delta(text="hi"), finish, Done(told)]]), clock)(some))
    [attempt] = some.record.attempts
    assert attempt.usage.source == "estimated"
    assert 0 <= attempt.cost_usd < 1
    assert len(attempt.finish) <= 100
