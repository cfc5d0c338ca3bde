"""The client's own order of its targets, and the one strategy that lets only a limit lead to the next."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import a_model, knowing
from tests.unit.modes.asked import CHAT, Asked, models, said
from turnout.core import errors
from turnout.core.chat import ONLY_LIMITS, Options, Request
from turnout.core.events import collect
from turnout.core.models import Price, Rate
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.ports import Key
from turnout.modes.asking import Terms
from turnout.modes.failover import failover
from turnout.routing import plan as routing_plan
from turnout.routing import strategies
from turnout.routing.decision import Asked as Inquiry
from turnout.routing.decision import Models
from turnout.routing.plan import Plan, decide, make_plan
from turnout.routing.turns import REMEMBERED, Turns


def priced(dollars: int) -> tuple[Price, ...]:
    return (Price("2026-01-01", Rate(*(Decimal(dollars),) * 4)),)


MODELS = (
    a_model("dear", prices=priced(9)),
    a_model("cheap", prices=priced(1)),
    a_model("middling", prices=priced(5)),
)
DEAR, CHEAP, MIDDLING = (model.id for model in MODELS)
SAFE = {
    CHEAP: Expected(quality=0.5, cost_usd=0.01, latency_s=3.0),
    MIDDLING: Expected(quality=0.9, cost_usd=0.01, latency_s=1.0),
    DEAR: Expected(quality=0.7, cost_usd=0.01, latency_s=2.0),
}
KNOWLEDGE = knowing(*MODELS, outcomes=Outcomes({}, SAFE, 0.6, "p-1"))


def plan(strategy: str, request_id: str = "r-1", **options: Any) -> Plan:
    asked = Request(CHAT, "dear", Options(fallbacks=("cheap", "middling"), strategy=strategy, **options))
    return make_plan(Inquiry(asked, Key("k"), 1_800_000_000.0), KNOWLEDGE, request_id)


@pytest.mark.parametrize(
    ("strategy", "order"),
    [
        ("", [DEAR, CHEAP, MIDDLING]),
        ("rate_limit", [DEAR, CHEAP, MIDDLING]),
        ("cost", [CHEAP, MIDDLING, DEAR]),
        ("latency", [MIDDLING, DEAR, CHEAP]),
        ("policy", [MIDDLING, DEAR, CHEAP]),
    ],
)
def test_a_strategy_orders_the_targets_and_says_so(strategy: str, order: list[str]) -> None:
    made = plan(strategy)
    assert [model.id for model in made.targets] == order
    assert made.reason.startswith(f"strategy {strategy}") == (strategy in strategies.STRATEGIES)


def test_turns_are_counted_for_each_list_and_old_lists_are_forgotten() -> None:
    turns = Turns(5)
    assert (turns.now(("a",)), turns.now(("b",))) == (5, 5)
    turns.over(("a",))
    assert (turns.now(("a",)), turns.now(("b",))) == (6, 5)
    for number in range(REMEMBERED):
        turns.over((str(number),))
    assert turns.now(("a",)) == 5


def test_in_turn_each_begins_as_often_and_the_others_follow_in_their_order() -> None:
    plans = [plan("round_robin", f"r-{number}") for number in range(600)]
    firsts = Counter(made.targets[0].id for made in plans)
    assert min(firsts.values()) > 150
    for made in plans:
        ids = [model.id for model in made.targets]
        first = ids.index(DEAR)
        assert ids[first:] + ids[:first] == [DEAR, CHEAP, MIDDLING]


@pytest.mark.parametrize("strategy", [*sorted(strategies.STRATEGIES), ONLY_LIMITS])
def test_the_record_is_enough_to_decide_the_same_again(strategy: str) -> None:
    made = plan(strategy)
    again = decide(made.candidates, made.features, made.decision.seed, KNOWLEDGE.priors)
    assert again == made


def test_a_strategy_is_one_function_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_name(able: Models, *_: object) -> Models:
        return tuple(sorted(able, key=lambda model: model.name))

    monkeypatch.setattr(strategies, "ARRANGEMENTS", {**strategies.ARRANGEMENTS, "name": by_name})
    monkeypatch.setattr(strategies, "STRATEGIES", strategies.STRATEGIES | {"name"})
    monkeypatch.setattr(routing_plan, "STRATEGIES", strategies.STRATEGIES)
    assert [model.id for model in plan("name").targets] == [CHEAP, DEAR, MIDDLING]


def test_a_strategy_of_another_mode_orders_nothing() -> None:
    assert plan("cost", mode="blend").features.strategy == ""


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (errors.Throttled("slow down"), True),
        (errors.QuotaExhausted("no credit"), True),
        (errors.Overloaded("busy"), False),
        (errors.Rejected("no"), False),
    ],
)
async def test_under_rate_limit_only_a_limit_leads_to_the_next(error: errors.VendorError, goes_on: bool) -> None:
    ask = Asked(a=[[error]], b=[said("b")])
    answering = collect(failover(models("a", "b"), CHAT, ask, Terms(Options(strategy=ONLY_LIMITS))))
    if goes_on:
        assert (await answering).choices[0].text == "b"
    else:
        with pytest.raises(errors.Exhausted):
            await answering


def test_an_unknown_strategy_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(errors.InvalidRequest, match="policy, cost, latency, round_robin, rate_limit") as caught:
        plan("luck")
    assert caught.value.param == "turnout.strategy"
