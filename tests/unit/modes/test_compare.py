"""Compare: every model answers for itself, whatever becomes of the others."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.modes.asked import CHAT, Asked, models, said
from turnout.core import errors
from turnout.core.events import Delta, Failed, ModeEvent, ModeEvents, Started, collect
from turnout.core.records import Part
from turnout.modes.compare import compare


async def test_each_model_gives_the_choice_of_its_number() -> None:
    ask = Asked(a=[said("one ", "two")], b=[said("three")])
    answer = await collect(compare(models("a", "b"), CHAT, ask))
    assert {number: choice.text for number, choice in answer.choices.items()} == {0: "one two", 1: "three"}
    assert {(started.model.name, started.choice) for started in answer.started} == {("a", 0), ("b", 1)}
    assert [part for _, _, part in ask.calls] == [Part(number=0), Part(number=1)]


async def test_a_slow_model_holds_back_nobody() -> None:
    slow = asyncio.Event()
    ask = Asked(a=[[slow, *said("late")]], b=[said("early")])
    seen: list[int] = []
    async with asyncio.timeout(5), aclosing(compare(models("a", "b"), CHAT, ask)) as events:
        async for event in events:
            if isinstance(event, Delta) and event.finish:
                seen.append(event.choice)
                slow.set()
    assert seen == [1, 0]


@given(st.lists(st.sampled_from(["ok", "refused", "cut", "late"]), min_size=2, max_size=9))
async def test_whichever_fail_the_others_are_whole_and_each_failure_is_told(fates: list[str]) -> None:
    scripts = {
        "ok": said("fine"),
        "refused": [errors.Overloaded("busy")],
        "cut": [Delta(text="fi"), errors.StreamCut("cut")],
        "late": [errors.DeadlineExceeded("too late")],
    }
    targets = models(*(f"m{number}" for number in range(len(fates))))
    ask = Asked(**{f"m{number}": [scripts[fate]] for number, fate in enumerate(fates)})
    seen = [event async for event in whatever(compare(targets, CHAT, ask))]
    finished = {event.choice for event in seen if isinstance(event, Delta) and event.finish}
    failed = {event.choice for event in seen if isinstance(event, Failed)}
    assert finished == {number for number, fate in enumerate(fates) if fate == "ok"}
    assert failed == set(range(len(fates))) - finished
    assert any(isinstance(event, errors.TurnoutError) for event in seen) == (not finished)
    assert not ask.open


async def whatever(events: ModeEvents) -> AsyncGenerator[ModeEvent | errors.TurnoutError]:
    """The events, and the error that ends them."""
    try:
        async for event in events:
            yield event
    except errors.TurnoutError as error:
        yield error


async def test_when_none_answers_the_causes_of_all_are_told() -> None:
    ask = Asked(a=[[errors.Overloaded("busy")]], b=[[errors.Throttled("slow down")]])
    with pytest.raises(errors.Exhausted) as caught:
        await collect(compare(models("a", "b"), CHAT, ask))
    assert {target for target, _ in caught.value.causes} == {"a-vendor/a", "b-vendor/b"}


async def test_who_goes_away_aborts_all_calls() -> None:
    never = asyncio.Event()
    ask = Asked(a=[[Delta(text="I"), never]], b=[[never]], c=[[never]])
    async with aclosing(compare(models("a", "b", "c"), CHAT, ask)) as events:
        assert isinstance(await anext(events), Started)
        assert sorted(ask.open) == ["a", "b", "c"]
    assert not ask.open


async def test_a_cancelled_reader_aborts_all_calls() -> None:
    never = asyncio.Event()
    ask = Asked(a=[[never]], b=[[never]])
    reading = asyncio.create_task(collect(compare(models("a", "b"), CHAT, ask)))
    while len(ask.open) < 2:  # noqa: ASYNC110 - the fake sets no event
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not ask.open


async def test_a_bug_is_no_failure_of_a_model() -> None:
    ask = Asked(a=[said("one")], b=[])
    with pytest.raises(IndexError):
        await collect(compare(models("a", "b"), CHAT, ask))
    assert not ask.open


@pytest.mark.parametrize("count", [1, 10])
async def test_two_to_nine_are_compared(count: int) -> None:
    targets = models(*(f"m{number}" for number in range(count)))
    with pytest.raises(errors.InvalidRequest) as caught:
        await collect(compare(targets, CHAT, Asked()))
    assert caught.value.param == "turnout.models"


async def test_each_model_gives_one_answer() -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        await collect(compare(models("a", "b"), replace(CHAT, n=2), Asked()))
    assert caught.value.param == "n"
