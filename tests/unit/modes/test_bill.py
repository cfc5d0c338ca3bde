"""What several calls may cost: as many calls as there will be, each as long as it may be."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.fakes import a_model
from tests.unit.modes.asked import CHAT, Asked, models, said
from tests.unit.modes.test_judge import rules
from turnout.core.chat import Options
from turnout.core.errors import InvalidRequest
from turnout.core.events import collect
from turnout.modes import MODES, bill
from turnout.modes.asking import Terms
from turnout.modes.strategies import STRATEGIES

SIZE = bill.Size(prompt=1000, answer=500, day=date(2026, 11, 24))
PLAIN_CALL = Decimal("0.002")
"""USD for that, of a model of the fakes: 1 USD per million tokens read, 2 written."""

OPTIONS = [
    ("compare", "abc", Options()),
    *(("blend", "a" if name == "self_moa" else "abc", Options(strategy=name, layers=3)) for name in STRATEGIES),
    ("judge", "abc", Options()),
    ("judge", "abc", Options(second_opinion="order")),
]


@pytest.mark.parametrize(("mode", "targets", "options"), OPTIONS)
async def test_the_calls_that_are_billed_are_those_that_are_made(mode: str, targets: str, options: Options) -> None:
    verdict = rules("tie", 5, 5, 5)
    ask = Asked(**{name: [said(name)] * 9 for name in targets}, s=[verdict] * 2)
    terms = Terms(options, models("s"))
    await collect(MODES[mode](models(*targets), CHAT, ask, terms))
    planned = Counter(call.models[0].name for call in bill.CALLS[mode](models(*targets), terms))
    assert planned == Counter(name for name, _, _ in ask.calls)


def test_every_mode_and_every_strategy_has_its_bill() -> None:
    assert bill.CALLS.keys() == MODES.keys() - {"failover"}
    assert bill.CANDIDATES.keys() == STRATEGIES.keys()
    assert bill.READS.keys() <= STRATEGIES.keys()


@pytest.mark.parametrize(
    ("mode", "options", "usd"),
    [
        ("compare", Options(), 3 * PLAIN_CALL),
        ("blend", Options(), 4 * PLAIN_CALL + 3 * 500 * Decimal("0.000001")),
        ("judge", Options(), 3 * PLAIN_CALL + (1000 + 3 * 500 + 2 * 8000) * Decimal("0.000001")),
    ],
)
def test_what_is_read_is_paid_for_too(mode: str, options: Options, usd: Decimal) -> None:
    calls = bill.CALLS[mode](models("a", "b", "c"), Terms(options, models("s")))
    assert bill.most(calls, models("a", "b", "c"), SIZE) == usd


def test_without_a_limit_of_tokens_an_answer_is_as_long_as_the_model_can() -> None:
    calls = bill.CALLS["compare"](models("a", "b"), Terms())
    assert bill.most(calls, models("a", "b"), replace(SIZE, answer=0)) == Decimal("0.042")


def test_of_those_who_may_be_asked_the_dearest_counts() -> None:
    dear = a_model("dear", prices=tuple(replace(p, rate=replace(p.rate, input=Decimal(100))) for p in a_model().prices))
    cheap = bill.most([bill.Planned(models("a"))], (), SIZE)
    assert bill.most([bill.Planned((*models("a"), dear))], (), SIZE) > cheap


def test_what_may_cost_more_than_the_limit_is_refused_with_the_figure() -> None:
    bill.check("compare", models("a", "b"), Terms(), SIZE, 0.004)
    with pytest.raises(InvalidRequest) as caught:
        bill.check("compare", models("a", "b"), Terms(), SIZE, 0.0039)
    assert (caught.value.code, caught.value.param) == ("over_max_cost", "turnout.max_cost_usd")
    assert "0.0040 USD in 2 calls" in caught.value.message
