"""A plan: what is dropped and why, what is chosen and why, and that its record gives the same again."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOTHING_KNOWN, a_model, knowing
from turnout.core.chat import Chat, Message, Options, Request, Text
from turnout.core.errors import InvalidRequest, NoEligibleModel, UnknownModel
from turnout.core.models import Model, Price, Rate
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Policy
from turnout.core.ports import Key
from turnout.core.records import Features, Record
from turnout.routing.decision import Asked, Knowledge
from turnout.routing.plan import Plan, decide, make_plan
from turnout.routing.replay import CannotReplay, replay
from turnout.routing.rules_file import parse
from turnout.store.dynamo import from_wire, to_wire
from turnout.store.log import from_item, to_item
from turnout.store.policies import decoded, encoded

CHAT = Chat((Message("user", (Text("hello"),)),))
KEY = Key("key-1")
AT = 1_800_000_000.0


def rated(dollars: int) -> tuple[Price, ...]:
    rate = Decimal(dollars)
    return (Price("2026-01-01", Rate(rate, rate, rate, rate)),)


GOOD = a_model("good", auto=1, prices=rated(10))
FAST = a_model("fast", auto=2, prices=rated(2))
CHEAP = a_model("cheap", auto=3, prices=rated(1))
SIBLING = a_model("sibling", vendor="good-vendor", auto=4, prices=rated(5))
NAMED = a_model("named", prices=rated(1))
MODELS = (GOOD, FAST, CHEAP, SIBLING, NAMED)

# Gaps so wide that no sensible weights order them otherwise.
CODE = {
    GOOD.id: Expected(0.95, 0.001, latency_s=8.0),
    FAST.id: Expected(0.55, 0.001, latency_s=1.0),
    CHEAP.id: Expected(0.75, 0.001, latency_s=4.0),
    SIBLING.id: Expected(0.65, 0.001, latency_s=5.0),
}
EXTREMES = {
    GOOD.id: Expected(0.9, 2.0, latency_s=60.0),
    FAST.id: Expected(0.5, 2.0, latency_s=0.1),
    CHEAP.id: Expected(0.5, 0.00001, latency_s=60.0),
}
SAFE = {name: replace(CODE[name], quality=1.0 if name == SIBLING.id else 0.5) for name in CODE}
OUTCOMES = Outcomes({"code": CODE, "extremes": EXTREMES}, SAFE, 0.6, "p-1")
KNOWN = knowing(*MODELS, outcomes=OUTCOMES)


def plan(
    model: str = "auto", known: Knowledge = KNOWN, chat: Chat = CHAT, key: Key = KEY, held: str = "", **options: Any
) -> Plan:
    """The plan of a request for code, unless the task is another one."""
    wishes: dict[str, Any] = {"task": "code"} | options
    request = Request(chat, model, Options(**wishes))
    return make_plan(Asked(request, key, AT, held), known, "01J")


def ruled(text: str) -> Knowledge:
    return replace(KNOWN, rules=parse(text, "rules.toml", KNOWN.catalog, ("failover", "compare")))


def names(made: Plan) -> list[str]:
    return [model.name for model in made.targets]


def test_auto_ranks_by_the_goal_and_says_so() -> None:
    assert names(plan())[:3] == ["good", "cheap", "fast"]
    assert names(plan("auto:latency", task="extremes"))[0] == "fast"
    made = plan(goal="cost", task="extremes")
    assert (names(made)[0], made.reason, made.features.goal) == ("cheap", "auto:cost, extremes 1.00", "cost")
    assert set(made.decision.scores) == set(EXTREMES)


def test_those_of_the_firsts_vendor_come_last_since_failures_are_correlated() -> None:
    assert names(plan())[-1] == "sibling"
    assert CODE[SIBLING.id].quality > CODE[FAST.id].quality


def test_a_task_that_is_not_clear_gets_the_safe_chain() -> None:
    made = plan(task="", chat=CHAT)
    assert (names(made)[0], made.features.confidence) == ("sibling", made.features.confidence)
    assert (made.features.confidence or 0) < OUTCOMES.threshold
    assert "safe chain" in made.reason


def test_a_model_that_is_named_is_neither_ranked_nor_classified() -> None:
    made = plan("named", task="", fallbacks=("cheap",))
    assert (names(made), made.reason) == (["named", "cheap"], "the model that was asked for")
    assert (made.features.task, made.features.confidence, made.decision.scores) == ("", None, {})


def test_the_clients_fallbacks_stay_behind_what_is_ranked() -> None:
    assert names(plan(fallbacks=("named",)))[-1] == "named"
    assert names(plan(fallbacks=("named",), models=("cheap", "good"))) == ["cheap", "good", "named"]


@pytest.mark.parametrize(
    ("error", "param", "model", "options"),
    [
        (UnknownModel, "model", "nobody", {}),
        (UnknownModel, "turnout.models", "auto", {"models": ("nobody",)}),
        (UnknownModel, "turnout.fallbacks", "auto", {"fallbacks": ("nobody",)}),
        (InvalidRequest, "model", "auto:fame", {}),
    ],
)
def test_what_nobody_knows_is_refused_with_its_field(
    error: type[UnknownModel], param: str, model: str, options: dict[str, Any]
) -> None:
    with pytest.raises(error) as caught:
        plan(model, **options)
    assert caught.value.param == param


def test_a_limit_on_latency_drops_who_is_expected_to_take_longer() -> None:
    made = plan(max_latency_ms=4000)
    assert names(made) == ["cheap", "fast"]
    assert "8.0 s" in {drop.model: drop.reason for drop in made.dropped}[GOOD.id]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"max_latency_ms": 900}, "fast-vendor/fast is the fastest: it needs max_latency_ms 1000"),
        ({"max_cost_usd": 0.001}, "cheap-vendor/cheap is the cheapest that could: it needs max_cost_usd 0.011"),
    ],
)
def test_where_no_limit_can_be_kept_the_error_says_which_could(limits: dict[str, Any], told: str) -> None:
    made = plan(**limits)
    with pytest.raises(NoEligibleModel) as caught:
        made.checked()
    assert told in caught.value.message


@given(dollars=st.decimals("0.0001", 1, places=4), tokens=st.integers(1, 10_000))
def test_the_limit_that_the_error_names_will_do(dollars: Decimal, tokens: int) -> None:
    chat = replace(CHAT, max_tokens=tokens)
    made = plan(chat=chat, max_cost_usd=float(dollars))
    if not made.targets:
        needed = float(made.remedy.rpartition("max_cost_usd ")[2])
        assert plan(chat=chat, max_cost_usd=needed).targets


def test_an_error_names_no_limit_where_none_would_help() -> None:
    made = plan(chat=replace(CHAT, max_tokens=10**6), max_cost_usd=0.0001)
    assert (made.targets, made.remedy) == ((), "")


RULE = '[[rules]]\nname = "r"\n'


def test_a_rules_chain_is_kept_as_it_is_written() -> None:
    made = plan(known=ruled(RULE + 'then.models = ["named", "cheap"]'), held=FAST.id)
    assert (names(made), made.reason) == (["named", "cheap"], "rule 'r': its chain")
    assert (made.features.source, made.features.rule) == ("rule", "r")


def test_a_rule_leaves_a_client_what_it_asks_for() -> None:
    known = ruled(RULE + 'then = { models = ["cheap"], goal = "cost", mode = "compare" }')
    named = plan("named", known=known, mode="best_of", goal="latency")
    assert (names(named), named.features.mode, named.features.goal) == (["named"], "best_of", "latency")
    left = plan("named", known=known)
    assert (left.features.mode, left.features.goal) == ("compare", "cost")


def test_a_rules_limits_hold_for_everybody_and_the_tighter_counts() -> None:
    known = ruled(RULE + "then = { max_cost_usd = 0.05, max_latency_ms = 3000 }")
    assert plan("good", known=known).targets == ()
    made = plan(known=known, max_latency_ms=9000, max_cost_usd=0.01)
    assert (made.features.max_latency_ms, made.features.max_cost_usd) == (3000, 0.01)


def test_a_client_cannot_shake_off_a_rule_on_the_tags_of_its_key() -> None:
    known = ruled(RULE + 'when.tags.plan = "free"\nthen.models = ["cheap"]')
    free = Key("key-1", tags={"plan": "free"})
    assert names(plan(known=known, key=free, tags={"plan": "paid"})) == ["cheap"]
    assert names(plan(known=known, tags={"plan": "free"})) == ["cheap"]
    assert plan(known=known).features.rule == ""


def test_what_a_rule_forbids_is_not_asked_even_if_it_is_named() -> None:
    known = ruled(RULE + 'then = { forbid_vendors = ["good-vendor"], forbid_models = ["named"] }')
    assert names(plan(known=known)) == ["cheap", "fast"]
    with pytest.raises(NoEligibleModel, match="rule 'r' forbids it"):
        plan("named", known=known).checked()


def test_a_rule_on_the_task_takes_the_clients_word_for_it() -> None:
    known = ruled(RULE + 'when.task = ["law"]\nthen.models = ["cheap"]')
    assert names(plan(known=known, task="law")) == ["cheap"]
    assert plan(known=known).features.rule == ""


def test_a_conversation_stays_on_its_model() -> None:
    made = plan(held=CHEAP.id)
    assert (names(made)[0], made.reason) == ("cheap", "auto:balanced, code 1.00; stays on the conversation's model")
    assert made.decision.propensity == 1.0


def test_a_limit_moves_a_conversation_and_the_reason_says_so() -> None:
    made = plan(held=GOOD.id, max_latency_ms=4000)
    assert names(made)[0] == "cheap"
    assert made.reason.endswith(f"the conversation's model {GOOD.id} is out")


def test_one_who_explores_goes_first_at_times_and_never_outside_the_limits() -> None:
    key = replace(KEY, explore=0.5)
    request = Request(CHAT, "auto", Options(task="code", max_latency_ms=6000))
    made = [make_plan(Asked(request, key, AT), KNOWN, str(number)) for number in range(400)]
    firsts = {names(one)[0] for one in made}
    assert firsts == {"cheap", "fast", "sibling"}
    assert all(("explores" in one.reason) == (names(one)[0] != "cheap") for one in made)
    each = 0.5 / 3
    assert {round(one.decision.propensity, 6) for one in made} == {round(each, 6), round(0.5 + each, 6)}
    share = sum(names(one)[0] != "cheap" for one in made) / 400
    assert 0.2 < share < 0.5, "the expected share is a third"


@pytest.mark.parametrize("held_or_unclear", [{"held": GOOD.id}, {"task": ""}, {"models": ("good", "fast")}])
def test_nobody_explores_in_a_conversation_with_an_unclear_task_or_with_a_list(held_or_unclear: dict[str, Any]) -> None:
    key = replace(KEY, explore=1.0)
    assert plan(key=key, **held_or_unclear).decision.propensity == 1.0
    assert "explores" not in plan(key=key, **held_or_unclear).reason


def test_by_default_nobody_explores() -> None:
    request = Request(CHAT, "auto", Options(task="code"))
    assert {names(make_plan(Asked(request, KEY, AT), KNOWN, str(n)))[0] for n in range(100)} == {"good"}


# What may be asked of the models above, by whom, with whatever rules; and how it comes back from its record.

ids = st.sampled_from([model.id for model in MODELS])
some = st.lists(ids, unique=True).map(tuple)
features = st.builds(
    Features,
    day=st.just("2026-11-24"),
    prompt_tokens=st.integers(0, 120_000),
    source=st.sampled_from(["auto", "rule", "list", "name"]),
    answer_tokens=st.integers(0, 12_000),
    needs=st.sampled_from([(), ("tools",), ("images", "seed")]),
    goal=st.sampled_from(["balanced", "cost", "latency", "reliability"]),
    rule=st.sampled_from(["", "r"]),
    task=st.sampled_from(["", "code", "chat"]),
    confidence=st.none() | st.floats(0, 1),
    max_cost_usd=st.none() | st.floats(0.0001, 2),
    max_latency_ms=st.none() | st.integers(500, 10_000),
    fallbacks=st.integers(0, 1),
    forbidden=some,
    barred=some,
    unready=st.lists(st.sampled_from([model.vendor.name for model in MODELS]), unique=True).map(tuple),
    resting=some,
    held=st.just("") | ids,
    explore=st.floats(0, 1),
)
figures = st.builds(
    Expected,
    quality=st.floats(0, 1),
    cost_usd=st.floats(0, 1),
    usd_per_token=st.floats(0, 1e-4),
    latency_s=st.floats(0, 100),
    success=st.floats(0, 1),
)
rows = st.dictionaries(ids, figures)
tables = st.builds(Outcomes, rows=st.fixed_dictionaries({"code": rows}), safe=rows, threshold=st.floats(0, 1))
goals = st.sampled_from(["balanced", "cost", "latency", "reliability"])
chains = st.dictionaries(goals, st.dictionaries(st.sampled_from(["code", "chat"]), some))
policies = st.builds(Policy, st.just("p-1"), st.just(0.0), chains, tables)


def as_it_was(models: tuple[Model, ...], known: Features) -> tuple[Model, ...]:
    """The models, with a key where there was one."""
    return tuple(
        replace(model, vendor=replace(model.vendor, key="")) if model.vendor.name in known.unready else model
        for model in models
    )


@given(st.lists(st.sampled_from(MODELS), unique=True, min_size=1).map(tuple), features, st.integers(0, 2**48), policies)
def test_a_decision_comes_out_of_its_row_again_bit_for_bit(
    candidates: tuple[Model, ...], known: Features, seed: int, policy: Policy
) -> None:
    knowledge = knowing(*MODELS)
    made = decide(as_it_was(candidates, known), replace(known, catalog=knowledge.version), seed, policy)
    record = Record("01J", AT, "key-1", "auto", stream=False)
    made.note(record)
    row = from_item(from_wire(to_wire(to_item(record, 90))))
    again = replay(row, knowledge, decoded(encoded(policy)))
    assert (again.changed, again.differs) == ((), ())
    assert again.plan.decision.targets == made.decision.targets


@given(st.lists(st.sampled_from(MODELS), unique=True, min_size=1).map(tuple), features, st.integers(0, 2**48), policies)
def test_each_candidate_is_a_target_or_dropped_and_nothing_barred_is_a_target(
    candidates: tuple[Model, ...], known: Features, seed: int, policy: Policy
) -> None:
    made = decide(as_it_was(candidates, known), known, seed, policy)
    dropped = {drop.model for drop in made.dropped}
    assert {model.id for model in made.targets} | dropped == {model.id for model in candidates}
    assert not {model.id for model in made.targets} & dropped
    assert not {model.id for model in made.targets} & {*known.forbidden, *known.barred}
    assert not {model.vendor.name for model in made.targets} & set(known.unready)
    assert 0 < made.decision.propensity <= 1
    assert made.targets or made.decision.propensity == 1


def recorded(known: Knowledge = KNOWN) -> Record:
    record = Record("01J", AT, "key-1", "auto", stream=False)
    plan(known=known).note(record)
    return record


def test_a_replay_says_which_knowledge_has_changed_and_what_came_of_it() -> None:
    record = recorded()
    record.reason += "; after 1 failed attempt"
    swapped = Outcomes({"code": {**CODE, GOOD.id: CODE[CHEAP.id], CHEAP.id: CODE[GOOD.id]}}, SAFE, 0.6, "p-2")
    again = replay(record, replace(ruled(RULE + 'then.goal = "cost"'), outcomes=swapped))
    assert [change.partition(":")[0] for change in again.changed] == ["rules", "policy"]
    assert again.differs == ("targets", "scores", "primary")


def test_a_replay_needs_a_decision_and_the_models_it_was_made_among() -> None:
    with pytest.raises(CannotReplay, match="no decision"):
        replay(Record("01J", AT, "key-1", "auto", stream=False), KNOWN)
    with pytest.raises(CannotReplay, match="no longer has good-vendor/good"):
        replay(recorded(), knowing(CHEAP, outcomes=NOTHING_KNOWN))


POLICY = Policy("p-7", AT, {"balanced": {"code": (FAST.id, SIBLING.id, "gone/model")}}, OUTCOMES)


def steered(policy: Policy = POLICY, key: Key = KEY, request_id: str = "01J", held: str = "", **asked: Any) -> Plan:
    """The plan under a policy."""
    wishes: dict[str, Any] = {"task": "code"} | asked
    resting = wishes.pop("resting", "")
    request = Request(CHAT, wishes.pop("model", "auto"), Options(**wishes))
    inquiry = Asked(request, key, AT, held, lambda model: model.name == resting)
    return make_plan(inquiry, KNOWN, request_id, policy)


def test_a_policys_chain_goes_first_as_it_is_and_then_the_others_by_rank() -> None:
    made = steered()
    assert names(made) == ["fast", "sibling", "good", "cheap"]
    assert made.reason == "auto:balanced, code 1.00, policy p-7"
    assert (made.decision.policy, made.decision.primary, made.decision.propensity) == ("p-7", FAST.id, 1.0)


def test_what_a_policy_does_not_name_is_ranked_by_its_outcomes() -> None:
    swapped = Outcomes({"code": {**CODE, GOOD.id: CODE[CHEAP.id], CHEAP.id: CODE[GOOD.id]}}, SAFE, 0.6, "o-2")
    made = steered(replace(POLICY, chains={}, outcomes=swapped))
    assert (names(made)[0], made.reason, made.decision.policy) == ("cheap", "auto:balanced, code 1.00", "p-7")
    assert names(steered(goal="latency", task="extremes"))[0] == "fast"


def test_a_task_that_is_not_clear_gets_the_policys_safe_chain() -> None:
    made = steered(task="")
    assert names(made)[0] == "sibling"
    assert "safe chain" in made.reason


def test_a_chain_whose_first_cannot_take_it_goes_on_with_the_next_and_says_so() -> None:
    made = steered(max_latency_ms=500_000, resting="fast")
    assert names(made)[0] == "sibling"
    assert made.reason == f"auto:balanced, code 1.00, policy p-7, whose {FAST.id} is out"
    assert made.decision.primary == FAST.id, "the policy's choice counts, whatever its circuit says"


def test_a_conversation_stays_on_its_model_before_the_policys_chain() -> None:
    made = steered(held=CHEAP.id)
    assert names(made) == ["cheap", "fast", "sibling", "good"]
    assert made.decision.primary == ""


def test_one_who_explores_does_so_around_the_chains_first() -> None:
    key = replace(KEY, explore=0.4)
    made = [steered(key=key, request_id=str(number)) for number in range(400)]
    assert {names(one)[0] for one in made} == {"good", "fast", "cheap", "sibling"}
    assert {round(one.decision.propensity, 6) for one in made if names(one)[0] == "fast"} == {0.7}
    assert all(one.decision.primary == FAST.id for one in made)
    assert all(("explores" in one.reason) == (names(one)[0] != "fast") for one in made)


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ({}, "p-7"),
        ({"model": "good", "fallbacks": ("cheap",), "strategy": "policy"}, "p-7"),
        ({"model": "good"}, ""),
        ({"models": ("good", "cheap")}, ""),
        ({"model": "good", "fallbacks": ("cheap",), "strategy": "cost"}, ""),
        ({"held": CHEAP.id}, ""),
    ],
    ids=["auto", "strategy policy", "named", "a list", "another strategy", "a conversation that stays"],
)
def test_a_record_names_the_policy_where_it_chose(asked: dict[str, Any], version: str) -> None:
    record = Record("01J", AT, "key-1", "auto", stream=False)
    steered(**asked).note(record)
    assert record.policy == version
    assert record.decision
    assert record.decision.policy == "p-7"


def test_the_version_of_a_catalog_changes_with_its_facts_and_not_with_its_keys() -> None:
    keyless = replace(GOOD, vendor=replace(GOOD.vendor, key=""))
    assert knowing(GOOD).version == knowing(keyless).version
    assert knowing(GOOD).version != knowing(replace(GOOD, context_window=1)).version
