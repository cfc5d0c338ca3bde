"""Sampled quality: after the answer another model answers too and both are judged, as long as the day's sum lasts."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeClock, FakePurse, FakeVendors, Step, a_model, answer
from tests.unit.modes.test_judge import rules
from tests.unit.test_pipeline import CHAT, gateway
from turnout.core import errors
from turnout.core.allowance import Sampling
from turnout.core.chat import Chat, Options, Request, Tool
from turnout.core.events import Delta, Done, Usage, collect
from turnout.core.ports import Deadline, Key
from turnout.core.records import Attempt, Record
from turnout.sampling import LEAST_SECONDS

A, B, J = (a_model(name, auto=rank) for rank, name in enumerate(("alpha", "beta", "judy"), start=1))
DAY = "2027-01-15"
KEY = Key("key-1", sampling=Sampling(1.0, Decimal(1)))
USED = Usage(input=1000, output=1000)
FIRST: list[Step] = answer("one", usage=USED)
SECOND: list[Step] = answer("two", usage=USED)
FAIR: list[Step] = [*rules("tie", 6, 6)[:-1], Done(USED)]  # pyright: ignore[reportAssignmentType] - no error is in it
PRICE = Decimal("0.003")
"""USD for a call that uses USED."""


class Sampled:
    """One request, answered by alpha and then sampled; `scripts` are those of the others, by turns second and judge."""

    def __init__(self, first: Sequence[Step] = FIRST, *scripts: Sequence[Step], purse: FakePurse | None = None) -> None:
        self.clock, self.purse = FakeClock(), purse or FakePurse()
        others = [*scripts] or [SECOND, FAIR]
        # Either may be drawn as the second; the other is then the judge.
        self.vendors = FakeVendors(self.clock, alpha=[first], beta=others, judy=others)
        self.vendors.scripts["judy"] = self.vendors.scripts["beta"]

    async def __call__(
        self, key: Key = KEY, chat: Chat = CHAT, model: str = "auto", seconds: float = 60, **options: Any
    ) -> Record:
        self.clock.now = 1_800_000_000.0
        made = replace(gateway(self.clock, self.vendors, A, B, J), purse=self.purse)
        request = Request(chat, model, Options(**options))
        exchange = made.answer(request, key, "01J", Deadline(self.clock.now + seconds, self.clock))
        with suppress(errors.TurnoutError):
            await collect(exchange.events)
        before = len(exchange.record.attempts)
        await exchange.afterwards()
        assert len(exchange.record.attempts) == before or exchange.record.sample
        return exchange.record


def parts(record: Record) -> list[tuple[str, int]]:
    return [(attempt.part.role, attempt.part.number) for attempt in record.attempts]


def marks(record: Record) -> list[tuple[Decimal | None, Decimal | None]]:
    return [(attempt.judged, attempt.propensity) for attempt in record.attempts]


async def test_both_answers_are_judged_and_each_score_has_its_probability() -> None:
    sampled = Sampled()
    record = await sampled()
    assert record.sample == "judged"
    assert parts(record) == [("answer", 0), ("candidate", 1), ("verdict", 0)]
    six = Decimal("0.6")
    assert marks(record) == [(six, Decimal(1)), (six, Decimal("0.5")), (None, None)]
    assert {attempt.model for attempt in record.attempts} == {"alpha", "beta", "judy"}
    assert (record.model, record.latency_ms) == ("alpha", 0), "what the client has seen is as it was"
    assert record.cost_usd == 3 * PRICE
    assert sampled.purse.of("key-1", DAY) == 2 * PRICE, "what the client asked for is not a sample's cost"


async def test_the_judge_reads_both_without_names_and_the_second_has_not_seen_the_first() -> None:
    sampled = Sampled()
    await sampled()
    _, second, verdict = sampled.vendors.calls
    assert second.chat == replace(CHAT, stream=False, max_tokens=4000)
    read = "".join(message.text for message in verdict.chat.messages)
    assert ("one" in read, "two" in read, "alpha" in read) == (True, True, False)


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        ({"key": Key("key-1")}, {}),
        ({"key": replace(KEY, sampling=Sampling(0.0, Decimal(1)))}, {}),
        ({"model": "alpha"}, {}),
        ({"models": ("alpha", "beta")}, {}),
        ({"mode": "judge", "models": ("alpha", "beta")}, {}),
        ({}, {"tools": (Tool("look_up"),)}),
        ({}, {"n": 2}),
    ],
)
async def test_only_auto_requests_of_keys_that_want_it_are_drawn(
    asked: dict[str, Any], changes: dict[str, Any]
) -> None:
    record = await Sampled()(chat=replace(CHAT, **changes), **asked)
    assert record.sample == ""


@pytest.mark.parametrize(
    ("script", "sample"),
    [
        (answer(), "unfit"),
        ([Delta(text="one", finish="length"), Done(USED)], "unfit"),
        ([errors.Rejected("no")], ""),
        ([Delta(text="o"), errors.StreamCut("cut")], "unfit"),
    ],
)
async def test_what_is_no_whole_answer_of_one_model_is_not_judged(script: list[Step], sample: str) -> None:
    more: list[Step] = [errors.Rejected("no")] if not sample else SECOND
    record = await Sampled(script, more, more)()
    assert record.sample == sample
    assert all(attempt.judged is None for attempt in record.attempts)


@pytest.mark.parametrize(
    ("scripts", "sample", "calls"),
    [
        ([[errors.Rejected("no")]], "no_second_answer", 2),
        ([[Delta(text="two", finish="length"), Done(USED)]], "no_second_answer", 2),
        ([SECOND, [errors.Rejected("no")]], "no_verdict", 3),
        ([SECOND, answer("rubbish"), FAIR], "judged", 4),
    ],
)
async def test_whoever_fails_it_is_told_and_paid_for(scripts: list[list[Step]], sample: str, calls: int) -> None:
    sampled = Sampled(FIRST, *scripts)
    record = await sampled()
    assert (record.sample, len(record.attempts)) == (sample, calls)
    assert record.outcome == "ok"
    assert sampled.purse.of("key-1", DAY) == record.cost_usd - record.attempts[0].cost_usd


async def test_without_time_or_others_nobody_is_asked() -> None:
    sampled = Sampled()
    assert (await sampled(seconds=LEAST_SECONDS)).sample == "no_time"
    alone = Sampled()
    made = replace(gateway(alone.clock, alone.vendors, A), purse=alone.purse)
    exchange = made.answer(Request(CHAT, "auto"), KEY, "01J", Deadline(alone.clock.now + 60, alone.clock))
    await collect(exchange.events)
    await exchange.afterwards()
    assert exchange.record.sample == "no_second_model"
    two = Sampled()
    made = replace(gateway(two.clock, two.vendors, A, B), purse=two.purse)
    exchange = made.answer(Request(CHAT, "auto"), KEY, "01J", Deadline(two.clock.now + 60, two.clock))
    await collect(exchange.events)
    await exchange.afterwards()
    assert exchange.record.sample == "no_judge"
    assert [len(one.vendors.calls) for one in (sampled, alone, two)] == [1, 1, 1]


async def test_when_the_days_sum_is_used_up_or_cannot_be_told_nobody_is_asked() -> None:
    poor = Sampled()
    record = await poor(key=replace(KEY, sampling=Sampling(1.0, Decimal("0.0001"))))
    assert (record.sample, len(poor.vendors.calls), poor.purse.spent) == ("over_budget", 1, {})
    unsure = Sampled()
    unsure.purse.broken = True
    assert (await unsure()).sample == "budget_unknown"


async def test_a_sample_that_is_cut_off_is_paid_for_and_the_rest_goes_back() -> None:
    sampled = Sampled()
    made = replace(gateway(sampled.clock, sampled.vendors, A, B, J), purse=sampled.purse)
    never = asyncio.Event()

    async def ask(call: Any) -> Any:
        if call.part.role == "candidate":
            call.record.attempts.append(Attempt("v", "m", 1, 0, part=call.part, cost_usd=PRICE))
            await never.wait()
        async for event in sampled.vendors.ask(call):
            yield event

    exchange = replace(made, ask=ask).answer(
        Request(CHAT, "auto"), KEY, "01J", Deadline(sampled.clock.now + 60, sampled.clock)
    )
    exchange.record.attempts.append(Attempt("alpha-vendor", "alpha", 1, 0, outcome="ok"))
    await collect(exchange.events)
    task = asyncio.ensure_future(exchange.afterwards())
    while not sampled.purse.spent:  # noqa: ASYNC110 - the fake sets no event
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sampled.purse.of("key-1", DAY) == PRICE


@given(
    st.lists(st.sampled_from(["fair", "late", "rubbish", "dear"]), min_size=1, max_size=12),
    st.integers(0, 40),
)
async def test_whatever_happens_no_more_is_spent_than_the_sum(fates: list[str], cents: int) -> None:
    scripts: dict[str, list[list[Step]]] = {
        "fair": [SECOND, FAIR],
        "late": [[errors.TimedOut("late")]],
        "rubbish": [SECOND, *[answer("rubbish", usage=USED)] * 2],
        "dear": [SECOND, [*answer("rubbish"), Done(Usage(input=3000, output=8000))]],
    }
    purse, limit = FakePurse(), Decimal(cents) / 100
    key = replace(KEY, sampling=Sampling(1.0, limit))
    for fate in fates:
        await Sampled(FIRST, *scripts[fate], *[[errors.Rejected("no")]] * 3, purse=purse)(key=key)
        assert purse.of("key-1", DAY) <= limit
