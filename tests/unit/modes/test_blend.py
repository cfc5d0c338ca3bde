"""Blend: one answer of many, whoever fails on the way."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.modes.asked import CHAT, Asked, Step, models, said
from turnout.core import errors
from turnout.core.chat import Options, Tool
from turnout.core.events import Answer, Delta, collect
from turnout.modes.asking import Terms
from turnout.modes.blend import blend

BUSY: list[Step] = [errors.Overloaded("busy")]
PARALLEL = ["consensus", "council", "best_of", "moa"]


def terms(strategy: str, *panel: str, **options: Any) -> Terms:
    return Terms(Options(strategy=strategy, **options), models(*panel))


async def blended(ask: Asked, *candidates: str, go_by: Terms) -> Answer:
    return await collect(blend(models(*candidates), CHAT, ask, go_by))


def roles(ask: Asked) -> list[tuple[str, str, int, int]]:
    return [(name, part.role, part.number, part.layer) for name, _, part in ask.calls]


@pytest.mark.parametrize("strategy", ["consensus", "best_of", ""])
async def test_the_synthesizer_reads_all_answers_without_names_and_writes_one(strategy: str) -> None:
    ask = Asked(a=[said("one")], b=[said("two")], s=[said("one and ", "two")])
    answer = await blended(ask, "a", "b", go_by=terms(strategy, "s"))
    assert answer.choices[0].text == "one and two"
    assert [started.model.name for started in answer.started] == ["s"]
    [prompt] = ask.prompts("synthesis")
    assert "<answer 1>\none\n</answer 1>" in prompt
    assert "<answer 2>\ntwo\n</answer 2>" in prompt
    assert "-vendor" not in prompt
    assert prompt.endswith("largest lake?")


async def test_in_a_council_each_reviews_all_answers() -> None:
    ask = Asked(a=[said("one"), said("two is wrong")], b=[said("two"), said("one is right")], s=[said("one")])
    await blended(ask, "a", "b", go_by=terms("council", "s"))
    assert roles(ask) == [
        ("a", "candidate", 0, 0),
        ("b", "candidate", 1, 0),
        ("a", "candidate", 0, 1),
        ("b", "candidate", 1, 1),
        ("s", "synthesis", 0, 0),
    ]
    [prompt] = ask.prompts("synthesis")
    assert "<review 1>\ntwo is wrong" in prompt
    assert "<answer 2>\ntwo" in prompt


@pytest.mark.parametrize("layers", [1, 2, 3])
async def test_each_layer_of_a_mixture_reads_the_layer_before(layers: int) -> None:
    scripts = {name: [said(f"{name}{layer}") for layer in range(layers)] for name in "abc"}
    ask = Asked(**scripts, s=[said("mixed")])
    await blended(ask, "a", "b", "c", go_by=terms("moa", "s", layers=layers))
    assert len(ask.prompts("candidate")) == 3 * layers
    for _, chat, part in ask.calls:
        text = "".join(message.text for message in chat.messages)
        before = layers if part.role == "synthesis" else part.layer
        assert [f"{name}{before - 1}" in text for name in "abc"] == [before > 0] * 3


async def test_samples_of_one_model_are_put_together_and_differ_in_their_seeds() -> None:
    ask = Asked(a=[said(f"draft {number}") for number in range(5)], s=[said("mixed")])
    chat = replace(CHAT, seed=7)
    answer = await collect(blend(models("a"), chat, ask, terms("self_moa", "s", samples=5)))
    assert answer.choices[0].text == "mixed"
    assert [chat.seed for _, chat, part in ask.calls if part.role == "candidate"] == [7, 8, 9, 10, 11]


async def test_in_a_chain_each_betters_the_draft_before_and_who_fails_is_passed_over() -> None:
    ask = Asked(a=[said("first")], b=[BUSY], c=[said("third")], s=[said("last")])
    answer = await blended(ask, "a", "b", "c", go_by=terms("chain", "s"))
    assert answer.choices[0].text == "last"
    drafts = ask.prompts("candidate")
    assert ["first" in draft for draft in drafts] == [False, True, True]
    assert "third" in ask.prompts("synthesis")[0]


async def test_candidates_answer_at_once_and_each_within_its_share() -> None:
    slow = asyncio.Event()
    ask = Asked(a=[[slow, *said("one")]], b=[said("two")], s=[said("both")])
    blending = asyncio.create_task(blended(ask, "a", "b", go_by=terms("consensus", "s")))
    while len(ask.calls) < 2:  # noqa: ASYNC110 - the fake sets no event
        await asyncio.sleep(0)
    slow.set()
    assert (await blending).choices[0].text == "both"
    assert [chat.stream for _, chat, _ in ask.calls] == [False, False, True]


@pytest.mark.parametrize("strategy", PARALLEL)
@given(fates=st.lists(st.booleans(), min_size=2, max_size=9))
async def test_whichever_fail_there_is_an_answer_while_one_is_left(strategy: str, fates: list[bool]) -> None:
    names = [f"m{number}" for number in range(len(fates))]
    scripts = {name: [said(f"<{name}>") if fate else BUSY] * 2 for name, fate in zip(names, fates, strict=True)}
    ask = Asked(**scripts, s=[said("synthesis")])
    try:
        answer = await blended(ask, *names, go_by=terms(strategy, "s"))
    except errors.Exhausted as error:
        assert (sum(fates), len(error.causes)) == (0, len(fates))
    else:
        alone = sum(fates) == 1
        assert answer.choices[0].text == (f"<{names[fates.index(True)]}>" if alone else "synthesis")
        assert answer.started[0].because == ("the only candidate that answered" if alone else "")
    assert not ask.open


async def test_a_synthesizer_that_fails_is_followed_by_the_next() -> None:
    ask = Asked(a=[said("one")], b=[said("two")], s=[BUSY], t=[said("both")])
    answer = await blended(ask, "a", "b", go_by=terms("consensus", "s", "t"))
    assert (answer.choices[0].text, answer.started[0].model.name) == ("both", "t")


async def test_without_a_synthesizer_the_first_candidate_answers_and_says_so() -> None:
    ask = Asked(a=[BUSY], b=[said("two")], c=[said("three")], s=[BUSY], t=[[errors.DeadlineExceeded("late")]])
    answer = await blended(ask, "a", "b", "c", go_by=terms("consensus", "s", "t"))
    assert (answer.choices[0].text, answer.started[0].model.name) == ("two", "b")
    assert answer.started[0].because.startswith("no synthesizer answered")


async def test_a_synthesis_that_breaks_off_never_ends_cleanly() -> None:
    ask = Asked(a=[said("one")], b=[said("two")], s=[[Delta(text="bo"), errors.StreamCut("cut")]])
    with pytest.raises(errors.Exhausted):
        await blended(ask, "a", "b", go_by=terms("consensus", "s"))


@pytest.mark.parametrize("strategy", PARALLEL)
async def test_who_goes_away_during_the_synthesis_leaves_no_call_open(strategy: str) -> None:
    never = asyncio.Event()
    ask = Asked(a=[said("one")] * 2, b=[said("two")] * 2, s=[[Delta(text="b"), never]])
    async with aclosing(blend(models("a", "b"), CHAT, ask, terms(strategy, "s"))) as events:
        await anext(events)
        assert ask.open == ["s"]
    assert not ask.open


@pytest.mark.parametrize(
    ("candidates", "strategy", "changes", "param"),
    [
        ("a", "consensus", {}, "turnout.models"),
        ("abcdefghij", "moa", {}, "turnout.models"),
        ("ab", "self_moa", {}, "turnout.models"),
        ("ab", "vote", {}, "turnout.strategy"),
        ("ab", "moa", {"n": 2}, "n"),
        ("ab", "moa", {"tools": (Tool("look_up"),)}, "tools"),
    ],
)
async def test_what_cannot_be_blended_is_refused_before_anybody_is_asked(
    candidates: str, strategy: str, changes: dict[str, Any], param: str
) -> None:
    ask = Asked()
    with pytest.raises(errors.InvalidRequest) as caught:
        await collect(blend(models(*candidates), replace(CHAT, **changes), ask, terms(strategy, "s")))
    assert (caught.value.param, ask.calls) == (param, [])
