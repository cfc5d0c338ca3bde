"""The optimizer: when it moves, when it does not, and what it says of what it cannot know."""

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import a_model
from tests.unit.policy.rollups import DEAR, FIRST, LAST, QUICK, SIBLING, SURE, Truth, attempts, cells, drawn, later
from turnout.core.chat import Goal
from turnout.core.models import Capability, Model
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Advice, Policy, Proposal
from turnout.core.records import Record
from turnout.policy.chains import accepts, chain
from turnout.policy.goals import Constraints
from turnout.policy.history import Period
from turnout.policy.optimizer import propose

MODELS = (SURE, QUICK, DEAR)
LEVEL = Expected(0.8, 0.001, latency_s=1.0, count=25)


def a_prior(*models: Model, best: Model = SURE, tasks: Sequence[str] = ("code",)) -> Outcomes:
    """All alike, but for one that is thought to be a little better."""
    row = {model.id: replace(LEVEL, quality=0.8005 if model is best else 0.8) for model in models}
    return Outcomes(dict.fromkeys(tasks, row), row, version="priors")


def proposal(records: Sequence[Record], models: Sequence[Model] = MODELS, **changes: object) -> Proposal:
    period = Period(FIRST, LAST, cells(records))
    return propose(period, models, a_prior(*models), now=1.0, **changes)  # type: ignore[arg-type]


def advice(found: Proposal, goal: Goal = "balanced", task: str = "code") -> Advice:
    [one] = [one for one in found.advice if (one.goal, one.task) == (goal, task)]
    return one


SLOW_AND_DEAR = attempts(SURE, Truth(ms=9000, usd="0.02"), 400)
GOOD_AND_CHEAP = attempts(QUICK, Truth(ms=800, usd="0.001"), 200)


def test_it_moves_away_from_a_model_that_is_slow_and_dear_with_intervals() -> None:
    found = proposal([*SLOW_AND_DEAR, *GOOD_AND_CHEAP])
    one = advice(found)
    assert (one.verdict, one.now[0], one.proposed[0]) == ("change", SURE.id, QUICK.id)
    effects = {effect.metric: effect for effect in one.effects}
    cost, time = effects["cost_usd"].change, effects["latency_ms"].change
    assert cost
    assert time
    assert cost.low < cost.mid < cost.high < 0
    assert time.high < -5000
    assert "USD" in one.reason
    assert found.policy
    assert found.policy.chain("balanced", "code") == one.proposed
    assert found.policy.outcomes.version == found.policy.version
    assert found.policy.outcomes.rows["code"][SURE.id].latency_s == pytest.approx(9, rel=0.1)


type Rows = Sequence[Record]


def evaluated(old: Rows, new: Rows, drawn_old: Rows, drawn_new: Rows) -> Advice:
    """The advice on what was seen of SURE and QUICK, with other draws of them, half and half."""
    draws = [*drawn(drawn_old, SURE, 0.5), *drawn(drawn_new, QUICK, 0.5)]
    period = Period(FIRST, LAST, cells([*old, *new]), cells(draws, "choice"))
    return advice(propose(period, MODELS, a_prior(*MODELS), now=1.0))


def test_where_decisions_were_drawn_by_chance_they_tell_the_effect() -> None:
    one = evaluated(SLOW_AND_DEAR, GOOD_AND_CHEAP, SLOW_AND_DEAR[:200], GOOD_AND_CHEAP)
    assert one.verdict == "change"
    effects = {effect.metric: effect for effect in one.effects}
    assert (effects["cost_usd"].method, effects["quality"].method) == ("doubly_robust", "direct")
    assert "quality" in effects["quality"].refused
    assert effects["cost_usd"].change
    assert effects["cost_usd"].change.mid == pytest.approx(-0.019, rel=0.1)
    assert one.evidence.effective == pytest.approx(200)


def test_draws_that_do_not_overlap_are_refused_in_words_and_the_effect_is_what_is_known() -> None:
    one = evaluated(SLOW_AND_DEAR, GOOD_AND_CHEAP, SLOW_AND_DEAR[:10], [])
    assert {effect.method for effect in one.effects} == {"direct"}
    assert all("drawn first 10 times" in effect.refused for effect in one.effects)


def test_what_was_counted_moves_what_is_expected_though_nothing_changes() -> None:
    found, before = proposal(attempts(SURE, Truth(quality=0.5), 60)), a_prior(*MODELS).rows["code"]
    assert found.policy is None
    after = found.outcomes.rows["code"]
    assert after[SURE.id].quality < before[SURE.id].quality
    assert after[QUICK.id] == before[QUICK.id]


def test_what_was_drawn_by_chance_can_speak_against_a_change() -> None:
    failing = attempts(QUICK, Truth(success=0.1, usd="0.03"), 200)
    one = evaluated(SLOW_AND_DEAR, GOOD_AND_CHEAP, SLOW_AND_DEAR[:200], failing)
    assert (one.verdict, one.proposed) == ("keep", one.now)
    assert "speak against it" in one.reason


def test_with_too_few_requests_it_says_how_many_more_it_needs() -> None:
    one = advice(proposal([*SLOW_AND_DEAR[:40], *GOOD_AND_CHEAP[:40]]))
    assert (one.verdict, one.proposed, one.evidence.more) == ("not_enough_evidence", one.now, 60)


def test_a_rival_that_was_hardly_asked_needs_requests_in_the_proportion_in_which_they_reach_it() -> None:
    one = advice(proposal([*SLOW_AND_DEAR, *GOOD_AND_CHEAP[:10]]))
    assert one.verdict == "not_enough_evidence"
    assert QUICK.id in one.reason
    assert one.evidence.more == 90 * 410 / 10


def test_a_rival_that_no_request_reaches_takes_exploration_not_more_requests() -> None:
    one = advice(proposal(SLOW_AND_DEAR))
    assert (one.verdict, one.evidence.more) == ("not_enough_evidence", None)
    assert "explore" in one.reason


def test_a_small_gain_does_not_move_it() -> None:
    records = [*attempts(SURE, Truth(), 4000), *attempts(QUICK, Truth(usd="0.0009"), 4000)]
    one = advice(proposal(records))
    assert (one.verdict, one.proposed) == ("keep", one.now)
    assert advice(proposal(records, constraints=Constraints(margin=0.0))).verdict == "change"


def test_once_it_has_moved_the_same_evidence_does_not_move_it_again() -> None:
    records = [*SLOW_AND_DEAR, *GOOD_AND_CHEAP]
    first = proposal(records)
    again = proposal(records, current=first.policy)
    assert again.policy is None
    assert {one.verdict for one in again.advice} <= {"keep", "not_enough_evidence"}


def test_quality_that_was_judged_holds_against_a_low_price() -> None:
    good, bad = Truth(usd="0.004", quality=0.9), Truth(usd="0.001", quality=0.5)
    records = [*attempts(SURE, good, 400), *attempts(QUICK, bad, 400)]
    for goal in ("balanced", "cost", "latency"):
        assert advice(proposal(records), goal).proposed[0] == SURE.id
    assert advice(proposal(records, constraints=Constraints(keep_quality=0.0)), "cost").proposed[0] == QUICK.id


def test_a_cheap_model_is_taken_where_enough_quality_is_kept_and_not_where_it_is_not() -> None:
    records = [
        *attempts(SURE, Truth(usd="0.02", quality=0.9), 2000),
        *attempts(QUICK, Truth(usd="0.002", quality=0.8), 2000),
    ]
    assert advice(proposal(records, constraints=Constraints(keep_quality=0.8))).proposed[0] == QUICK.id
    assert advice(proposal(records, constraints=Constraints(keep_quality=0.99))).proposed[0] == SURE.id


def test_a_model_that_always_fails_is_left() -> None:
    records = [*attempts(SURE, Truth(success=0.0), 300), *attempts(QUICK, Truth(), 300)]
    one = advice(proposal(records))
    assert (one.verdict, one.proposed[0]) == ("change", QUICK.id)


def test_where_everything_fails_nothing_is_recommended() -> None:
    records = [row for model in MODELS for row in attempts(model, Truth(success=0.0), 300)]
    found = proposal(records)
    assert found.policy is None
    assert advice(found).both_fail == pytest.approx(1.0)


def test_an_empty_history_gives_no_policy_and_says_so() -> None:
    found = proposal([])
    assert found.policy is None
    assert {one.verdict for one in found.advice} == {"not_enough_evidence"}
    assert {one.goal for one in found.advice} == set(get_args(Goal.__value__))
    assert any("no requests" in told for told in found.unknown)


def test_one_model_alone_is_kept() -> None:
    one = advice(proposal(SLOW_AND_DEAR, [SURE]))
    assert (one.verdict, one.now) == ("keep", (SURE.id,))
    assert "only model" in one.reason


def test_no_models_at_all_are_told() -> None:
    one = advice(proposal(SLOW_AND_DEAR, []))
    assert (one.verdict, one.now, one.proposed) == ("keep", (), ())


def test_missing_days_wrong_clocks_and_unknown_models_are_told_and_left_out() -> None:
    gone = replace(SURE, name="gone")
    records = [*attempts(gone, Truth(), 50), *later(GOOD_AND_CHEAP, 400), *later(SLOW_AND_DEAR[:1], 0)]
    told = " ".join(proposal(records).unknown)
    assert f"{gone.id} had 50 attempts" in told
    assert "200 requests are dated outside" in told
    only_one_day = " ".join(proposal(SLOW_AND_DEAR[:10]).unknown)
    assert "6 days have no requests" in only_one_day


def test_tasks_that_clients_name_are_decided_when_there_is_enough_and_told_when_not() -> None:
    own = [*attempts(SURE, Truth(usd="0.02"), 300, task="own"), *attempts(QUICK, Truth(), 300, task="own")]
    found = proposal([*own, *attempts(SURE, Truth(), 5, task="rare")])
    assert advice(found, task="own").verdict == "change"
    assert found.policy
    assert QUICK.id in found.policy.outcomes.rows["own"]
    assert "rare" in " ".join(found.unknown)


@pytest.mark.parametrize(
    ("constraints", "proposed"),
    [
        (Constraints(vendors=("dear-vendor",)), DEAR.id),
        (Constraints(models=(DEAR.id,)), DEAR.id),
        (Constraints(max_cost_usd=0.0015), QUICK.id),
        (Constraints(max_latency_ms=2000), QUICK.id),
    ],
)
def test_a_primary_that_breaks_a_limit_cannot_stay(constraints: Constraints, proposed: str) -> None:
    dear = attempts(DEAR, Truth(ms=900, usd="0.03"), 200)
    one = advice(proposal([*SLOW_AND_DEAR, *GOOD_AND_CHEAP, *dear], constraints=constraints))
    assert (one.verdict, one.proposed[0]) == ("change", proposed)
    assert "cannot stay" in one.reason


def test_limits_that_no_model_keeps_change_nothing_and_are_told() -> None:
    one = advice(proposal([*SLOW_AND_DEAR, *GOOD_AND_CHEAP], constraints=Constraints(max_cost_usd=0.0)))
    assert (one.verdict, one.evidence.more) == ("keep", None)
    assert "No model keeps to the limits" in one.reason


@pytest.mark.parametrize(
    "wrong",
    [{"min_quality": 1.5}, {"keep_quality": -0.1}, {"max_cost_usd": -1.0}, {"least": 1}, {"margin": 2.0}],
)
def test_a_senseless_constraint_is_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Constraints(**wrong)  # type: ignore[arg-type]


def test_the_active_policys_chain_is_that_of_now() -> None:
    current = Policy("v1", 0.0, {"balanced": {"code": (DEAR.id, SURE.id)}}, a_prior(*MODELS))
    found = proposal(SLOW_AND_DEAR, current=current)
    assert advice(found).now == (DEAR.id, SURE.id)
    assert advice(found, "cost").now[0] == SURE.id


def test_a_primary_that_left_the_catalog_is_replaced() -> None:
    current = Policy("v1", 0.0, {"balanced": {"code": ("gone/gone",)}}, a_prior(*MODELS))
    found = proposal(GOOD_AND_CHEAP, current=current)
    assert (advice(found).verdict, advice(found).proposed[0]) == ("change", QUICK.id)
    assert found.policy
    assert found.policy.based_on == "v1"


def test_the_same_evidence_gives_the_same_version() -> None:
    records = [*SLOW_AND_DEAR, *GOOD_AND_CHEAP]
    first, second = proposal(records), proposal(list(reversed(records)))
    assert first.policy
    assert second.policy
    assert first.policy.version == second.policy.version


def test_a_fallback_is_another_vendors_where_one_accepts_as_much() -> None:
    assert chain(SURE, [SIBLING, QUICK], 2) == (SURE.id, QUICK.id, SIBLING.id)
    small = replace(QUICK, context_window=1000)
    assert chain(SURE, [small, SIBLING], 2) == (SURE.id, SIBLING.id)


def named(name: str, vendor: str, window: int, can: frozenset[Capability]) -> Model:
    return a_model(name, vendor, context_window=window, capabilities=can)


CAN: list[Capability] = ["tools", "images", "json_schema", "seed"]
models = st.builds(
    named,
    st.text("abcdefgh", min_size=1, max_size=6),
    st.sampled_from(["one", "two", "three"]),
    st.sampled_from([8_000, 128_000, 1_000_000]),
    st.frozensets(st.sampled_from(CAN)),
)


@given(st.lists(models, min_size=1, max_size=8, unique_by=lambda model: model.id), st.integers(0, 4))
def test_each_fallback_accepts_whatever_the_primary_accepts(many: list[Model], most: int) -> None:
    by_id = {model.id: model for model in many}
    names = chain(many[0], many[1:], most)
    assert names[0] == many[0].id
    assert len(set(names)) == len(names) <= most + 1
    able = [model for model in many[1:] if accepts(model, many[0])]
    assert len(names) == 1 + min(most, len(able))
    for name in names[1:]:
        assert by_id[name].context_window >= many[0].context_window
        assert many[0].capabilities & {"tools", "images", "json_schema"} <= by_id[name].capabilities
    elsewhere = [model for model in able if model.vendor.name != many[0].vendor.name]
    if most and elsewhere:
        assert by_id[names[1]].vendor.name != many[0].vendor.name


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1), st.floats(0, 1))
def test_nothing_that_was_counted_breaks_it(sure: int, quick: int, good: float, bad: float) -> None:
    records = [
        *attempts(SURE, Truth(success=good, quality=bad), sure),
        *attempts(QUICK, Truth(success=bad), quick, task=""),
    ]
    found = proposal(records, constraints=Constraints(least=20))
    for one in found.advice:
        assert one.reason
        assert (one.verdict == "change") == (one.now != one.proposed)
        assert one.both_fail is None or 0 <= one.both_fail <= 1
        for effect in one.effects:
            assert effect.now is None or effect.now.low <= effect.now.mid <= effect.now.high
