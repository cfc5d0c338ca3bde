"""A report says what the rollups and the proposal say, and can say that it has nothing to say."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from tests import reported
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Advice, Effect, Evidence, Interval, Proposal
from turnout.policy.estimate import wilson
from turnout.policy.report import Report, schema
from turnout.policy.report_advice import overall
from turnout.policy.report_sums import totals
from turnout.policy.report_words import seconds, usd
from turnout.policy.reporting import Seen, report
from turnout.policy.rollup import Cell, Counts

SCHEMA = Path(__file__).parents[3] / "docs/report.schema.json"
NOTHING = Proposal("2026-11-01", "2026-11-02", (), None, Outcomes({}, {}), ("Nothing was counted.",))


def of(proposal: Proposal, seen: Seen | None = None) -> Report:
    nothing_seen = Seen([], [], [])
    return report("id", reported.NOW, proposal, "", seen or nothing_seen)


def test_the_published_schema_is_that_of_the_code() -> None:
    assert from_json(SCHEMA.read_bytes()) == schema(), "write it again: make report-schema"


def test_a_report_follows_the_published_schema_and_can_be_read_back() -> None:
    told = reported.a_report()
    kept = told.model_dump_json()
    jsonschema_rs.validator_for(from_json(SCHEMA.read_bytes())).validate(from_json(kept))
    assert Report.model_validate_json(kept) == told


def test_what_is_summed_is_what_was_counted() -> None:
    told, cells = reported.a_report(), reported.cells("model")
    asked = sum(int(counts["rq"]) for _, counts in cells)
    assert sum(model.requests for model in told.models) == asked
    assert {model.model for model in told.models} == set(reported.MODELS)
    assert sum(one.requests for one in told.spending.models) == asked
    assert sum(one.cost_usd for one in told.spending.models) == sum(counts["us"] for _, counts in cells)
    for spent in (told.spending.models, told.spending.tasks, told.spending.goals, told.spending.keys):
        assert sum(one.share for one in spent) == pytest.approx(1)
        assert list(spent) == sorted(spent, key=lambda one: -one.cost_usd)


def test_a_day_of_which_nothing_was_counted_is_named() -> None:
    assert reported.a_report().totals.missing == ("2026-11-05",)


def test_the_model_that_became_slow_and_dear_shows_it_in_its_days() -> None:
    slow = next(model for model in reported.a_report().models if model.model == reported.SLOW)
    first, last = slow.days[0], slow.days[-1]
    assert (last.latency_p50_ms or 0) > 2 * (first.latency_p50_ms or 1e9)
    assert (last.cost_per_request_usd or 0) > 2 * (first.cost_per_request_usd or 1e9)


def test_what_changed_and_what_to_do_come_first() -> None:
    told = reported.a_report()
    assert told.headline == "Move 8 of 15 chains from openai/gpt-5.2 to anthropic/claude-sonnet-4.5."
    assert told.steps[0].command == "turnout policy canary p-20261124"
    assert any(
        "latency on code 2.08 s → 6.64 s" in step.text and step.text.endswith(" It comes first in 11 of 15 chains now.")
        for step in told.steps
    )
    assert any("610 requests" in step.text for step in told.steps)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "not_enough_evidence"}, "Keep the policy: there is not enough evidence yet to change it."),
        ({"verdict": "keep"}, "Keep the policy: nothing else is better with enough certainty."),
        ({"now": ()}, "Move 1 of 1 chain to anthropic/claude-sonnet-4.5."),
        ({"now": ("anthropic/claude-sonnet-4.5",)}, "Change the fallbacks of 1 of 1 chain; the primaries stay."),
    ],
)
def test_the_headline_is_the_verdict(changes: dict[str, object], said: str) -> None:
    seen = Seen([], reported.cells("route"), [])
    one = replace(reported.proposal(), advice=(reported.an_advice(**changes),))
    assert of(one, seen).headline == said


def test_several_moves_are_counted_the_most_frequent_first() -> None:
    moves = [("a/a", "b/b"), ("a/a", "b/b"), ("c/c", "d/d"), ("e/e", "f/f"), ("g/g", "g/g")]
    advice = tuple(reported.an_advice(now=(old,), proposed=(new, "z/z")) for old, new in moves)
    seen = Seen([], reported.cells("route"), [])
    told = of(replace(reported.proposal(), advice=advice), seen)
    assert told.headline == "Change 5 of 5 chains: 2 from a/a to b/b, 1 from c/c to d/d, 2 otherwise."


def test_of_nothing_there_is_a_report_too() -> None:
    told = of(NOTHING)
    assert told.headline == "Nothing was asked in this period, so there is nothing to learn from. The policy stays."
    assert told.steps[0].command == ""
    assert (told.models, told.goals, told.tradeoff, told.totals.success) == ((), (), (), None)
    assert told.totals.missing == ("2026-11-01", "2026-11-02")


def test_the_goal_that_is_asked_for_most_comes_first() -> None:
    asked = [goal.requests for goal in reported.a_report().goals]
    assert asked == sorted(asked, reverse=True)
    assert min(asked) > 0


def test_on_the_frontier_no_model_is_beaten_and_off_it_each_one_is() -> None:
    points = reported.a_report().tradeoff
    for one in points:
        beaten = any(
            other.cost_usd <= one.cost_usd and other.quality >= one.quality for other in points if other is not one
        )
        assert beaten is not one.frontier
    assert {one.model for one in points if one.primary_proposed} == {reported.SLOW, "anthropic/claude-sonnet-4.5"}


def counted(model: str, task: str, attempts: int, judged: int) -> tuple[Cell, Counts]:
    """A day of a model: attempts of 1 cent each, and verdicts of 0.5."""
    return Cell("day", "2026-11-01", "model", (model, task, "")), {
        "aq": attempts,
        "us": Decimal(attempts) / 100,
        "jdn": judged,
        "jds": Decimal(judged) / 2,
    }


def test_what_was_observed_is_shown_where_it_is_enough_else_what_is_expected() -> None:
    row = {name: Expected(0.9, 0.002, usd_per_token=0.0, count=25) for name in ("a/seen", "a/half", "a/new")}
    routes = [
        (Cell("day", "2026-11-01", "route", ("balanced", task, "")), {"rq": n}) for task, n in (("x", 30), ("y", 10))
    ]
    models = [
        counted("a/seen", "x", 200, 100),
        counted("a/seen", "y", 100, 150),
        counted("a/half", "x", 100, 99),
        counted("a/half", "x", 50, 0),
        counted("a/new", "z", 500, 500),  # a task that nobody asks for
    ]
    proposal = replace(NOTHING, outcomes=Outcomes({"x": row, "y": row}, row))
    found = {one.model: one for one in of(proposal, Seen(models, routes, [])).tradeoff}
    told = {name: (one.cost_usd, one.quality, one.observed, one.attempts, one.verdicts) for name, one in found.items()}
    assert told["a/seen"] == pytest.approx((0.01, 0.5, 1.0, 300, 250))
    assert told["a/half"] == pytest.approx((0.75 * 0.01 + 0.25 * 0.002, 0.9, 0.75 / 2, 150, 99))
    assert told["a/new"] == pytest.approx((0.002, 0.9, 0.0, 0, 0))


def test_effects_of_several_tasks_add_up_by_their_requests_and_their_errors_as_squares() -> None:
    def advice(change: Interval, requests: int) -> Advice:
        effects = (Effect("quality", change, change, change),)
        return reported.an_advice(effects=effects, evidence=Evidence(requests, 1.0))

    one, other = advice(Interval(-0.3, 0.0, 0.3), 1), advice(Interval(0.6, 1.0, 1.4), 1)
    (told,) = overall([one, other])
    assert told.change
    assert (told.change.low, told.change.mid, told.change.high) == pytest.approx((0.25, 0.5, 0.75))
    (heavy,) = overall([one, advice(Interval(1.0, 1.0, 1.0), 3)])
    assert heavy.change
    assert heavy.change.mid == 0.75


def test_where_one_task_has_no_estimate_there_is_none_for_all() -> None:
    without = reported.an_advice(effects=(Effect("quality", None, None, None),))
    told = {one.metric: one.change for one in overall([reported.an_advice(), without])}
    assert told["quality"] is None
    assert told["cost_usd"] is not None


@given(st.integers(1, 10_000).flatmap(lambda tries: st.tuples(st.integers(0, tries), st.just(tries))))
def test_a_share_lies_in_its_interval_and_the_interval_between_0_and_1(shares: tuple[int, int]) -> None:
    found = wilson(*shares)
    assert found
    assert 0 <= found.low <= found.mid <= found.high <= 1
    assert found.low < found.high


def test_days_out_of_order_and_twice_are_counted_as_they_are() -> None:
    routes = reported.cells("route")
    assert totals(routes[::-1], "2026-10-27", "2026-11-23") == totals(routes, "2026-10-27", "2026-11-23")


@pytest.mark.parametrize(
    ("amount", "said"), [(0, "$0.00"), (12.345, "$12.35"), (0.0123, "$0.0123"), (-0.00045, "\N{MINUS SIGN}$0.000450")]
)
def test_amounts_have_the_digits_that_say_something(amount: float, said: str) -> None:
    assert usd(amount) == said


@pytest.mark.parametrize(("ms", "said"), [(0, "0 ms"), (412.4, "412 ms"), (-1500, "\N{MINUS SIGN}1.50 s")])
def test_times_have_the_unit_that_suits_them(ms: float, said: str) -> None:
    assert seconds(ms) == said
