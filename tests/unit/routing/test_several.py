"""Where several models answer at once and nobody names them, the gateway picks: the best, of different vendors."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import a_model, knowing
from tests.unit.modes.asked import CHAT
from turnout.core.chat import Options, Request
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.ports import Key
from turnout.modes import MODES
from turnout.routing.decision import Asked
from turnout.routing.plan import Plan, decide, make_plan
from turnout.routing.several import COUNTS, diverse

POOL = tuple(
    a_model(name, vendor, auto=rank)
    for rank, (name, vendor) in enumerate(
        [
            ("best", "one"),
            ("second", "one"),
            ("best", "cloud"),
            ("third", "two"),
            ("fourth", "three"),
            ("fifth", "two"),
        ],
        start=1,
    )
)
ROW = {model.id: Expected(quality=1 - number / 10, cost_usd=0.0) for number, model in enumerate(POOL)}
KNOWLEDGE = knowing(*POOL, outcomes=Outcomes({}, ROW, 0.6, "p-1"))


def plan(mode: str, **options: Any) -> Plan:
    return make_plan(
        Asked(Request(CHAT, "auto", Options(mode=mode, **options)), Key("k"), 1_800_000_000.0), KNOWLEDGE, "r-1"
    )


@pytest.mark.parametrize(
    ("mode", "options", "picked"),
    [
        ("compare", {}, ["one/best", "two/third", "three/fourth"]),
        ("blend", {}, ["one/best", "two/third", "three/fourth"]),
        ("blend", {"strategy": "self_moa"}, ["one/best"]),
        ("judge", {}, ["one/best", "two/third"]),
        ("judge", {"models": ("second", "fifth")}, ["one/second", "two/fifth"]),
    ],
)
def test_auto_picks_as_many_as_the_mode_takes(mode: str, options: dict[str, Any], picked: list[str]) -> None:
    made = plan(mode, **options)
    assert [model.id for model in made.targets] == picked
    assert made.decision.targets == tuple(picked)
    assert decide(made.candidates, made.features, made.decision.seed, KNOWLEDGE.priors) == made


def test_one_after_the_other_all_remain() -> None:
    assert len(plan("failover").targets) == len(POOL)


def test_only_modes_that_there_are_pick() -> None:
    assert COUNTS.keys() < MODES.keys()


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), unique=True, max_size=9),
    st.integers(min_value=1, max_value=9),
)
def test_no_model_twice_vendors_first_and_the_order_stays(offers: list[tuple[str, str]], count: int) -> None:
    ranked = [a_model(name, vendor) for name, vendor in offers]
    picked = diverse(ranked, count)
    names, vendors = {name for name, _ in offers}, {model.vendor.name for model in picked}
    assert len({model.name for model in picked}) == len(picked) == min(count, len(names))
    assert list(picked) == sorted(picked, key=ranked.index)
    best = {model.name: model.vendor.name for model in reversed(ranked)}
    assert all(best[model.name] == model.vendor.name for model in picked)
    assert len(vendors) == min(len(picked), len(set(best.values())))
