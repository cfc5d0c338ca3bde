"""What several calls may cost: as many calls as there will be, each as long as it may be."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import a_model
from tests.unit.modes.asked import CHAT, Asked, models, said
from tests.unit.modes.test_judge import rules
from turnout.catalog.tokens import estimate_chat, estimate_text
from turnout.core.chat import Options
from turnout.core.errors import InvalidRequest
from turnout.core.events import collect
from turnout.core.records import Part
from turnout.modes import MODES
from turnout.modes.asking import Terms
from turnout.modes.bill import CALLS, CANDIDATES, READS, TAGS, Bill, Planned, Size, bill_of, quote_of
from turnout.modes.strategies import STRATEGIES

PLAIN = Options()
SIZE = Size(prompt=1000, answer=500, day=date(2026, 11, 24))
PLAIN_CALL = Decimal("0.002")
"""USD for that, of a model of the fakes: 1 USD per million tokens read, 2 written."""

OPTIONS = [
    ("compare", "abc", Options()),
    *(("blend", "a" if name == "self_moa" else "abc", Options(strategy=name, layers=3)) for name in STRATEGIES),
    ("judge", "abc", Options()),
    ("judge", "abc", Options(second_opinion="order")),
]


def bill(mode: str, targets: str, options: Options = PLAIN, size: Size = SIZE) -> Bill:
    made = bill_of(mode, models(*targets), Terms(options, models("s")), size)
    assert made
    return made


@pytest.mark.parametrize(("mode", "targets", "options"), OPTIONS)
async def test_the_calls_that_are_billed_are_those_that_are_made(mode: str, targets: str, options: Options) -> None:
    verdict = rules("tie", 5, 5, 5)
    ask = Asked(**{name: [said(name)] * 9 for name in targets}, s=[verdict] * 2)
    await collect(MODES[mode](models(*targets), CHAT, ask, Terms(options, models("s"))))
    planned = Counter((call.models[0].name, call.part) for call in bill(mode, targets, options).calls)
    assert planned == Counter((name, part) for name, _, part in ask.calls)


def test_every_mode_and_every_strategy_has_its_bill() -> None:
    assert CALLS.keys() == MODES.keys() - {"failover"}
    assert CANDIDATES.keys() == STRATEGIES.keys()
    assert READS.keys() <= STRATEGIES.keys()
    assert bill_of("failover", models("a"), Terms(), SIZE) is None


READ = (500 + TAGS) * Decimal("0.000001")
"""USD for an answer that is read."""


@pytest.mark.parametrize(
    ("mode", "options", "least"),
    [
        ("compare", Options(), 3 * PLAIN_CALL),
        ("blend", Options(), 4 * PLAIN_CALL + 3 * READ),
        (
            "blend",
            Options(strategy="council"),
            4 * PLAIN_CALL + 12 * READ + 3 * Decimal("0.009") + 3 * (4000 + TAGS) * Decimal("0.000001"),
        ),
        ("judge", Options(), 3 * PLAIN_CALL + 3 * READ + (1000 + 2 * 8000) * Decimal("0.000001")),
    ],
)
def test_what_is_read_is_paid_for_too(mode: str, options: Options, least: Decimal) -> None:
    """And so is what we say ourselves, which is little."""
    words = bill(mode, "abc", options).most - least
    assert (words == 0) == (mode == "compare")
    assert 0 <= words < Decimal("0.002")


@pytest.mark.parametrize(("mode", "targets", "options"), OPTIONS)
@given(said_=st.text(max_size=200))
async def test_no_call_is_larger_than_it_was_planned(mode: str, targets: str, options: Options, said_: str) -> None:
    longest = estimate_text(said_)
    ask = Asked(**{name: [said(said_)] * 9 for name in targets}, s=[rules("tie", 5, 5, 5)] * 2)
    chat = replace(CHAT, max_tokens=longest + 1)
    await collect(MODES[mode](models(*targets), chat, ask, Terms(options, models("s"))))
    planned = bill(mode, targets, options, Size(estimate_chat(chat), longest + 1, SIZE.day))
    quotes = {call.part: planned.quote(call) for call in planned.calls}
    for name, asked, part in ask.calls:
        assert quote_of(asked, a_model(name), SIZE.day) <= quotes[part]


def test_without_a_limit_of_tokens_an_answer_is_as_long_as_the_model_can() -> None:
    assert bill("compare", "ab", size=replace(SIZE, answer=0)).most == Decimal("0.042")


def test_of_those_who_may_be_asked_the_dearest_counts() -> None:
    dear = a_model("dear", prices=tuple(replace(p, rate=replace(p.rate, input=Decimal(100))) for p in a_model().prices))
    either, dearest, other = (
        Bill([Planned(Part(), who)], (), SIZE).most for who in ((a_model("a"), dear), (dear,), models("a"))
    )
    assert either == dearest > other


def test_what_may_cost_more_than_the_limit_is_refused_with_the_figure() -> None:
    bill("compare", "ab").check(Decimal("0.004"))
    with pytest.raises(InvalidRequest) as caught:
        bill("compare", "ab").check(Decimal("0.0039"))
    assert (caught.value.code, caught.value.param) == ("over_max_cost", "turnout.max_cost_usd")
    assert "0.0040 USD in 2 calls" in caught.value.message


def test_a_limit_of_as_much_as_is_told_will_do() -> None:
    odd = bill("blend", "abc", size=replace(SIZE, prompt=1001))
    with pytest.raises(InvalidRequest) as caught:
        odd.check(Decimal("0.001"))
    odd.check(Decimal(caught.value.message.split()[3]))
