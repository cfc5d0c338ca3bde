"""What rows add: each figure against sums made directly over the rows."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.synthetic import rows
from turnout.core.events import Usage
from turnout.core.records import Attempt, Decision, Features, Part, Record
from turnout.policy.counting import entry, verdict
from turnout.policy.rollup import TOKENS, Cell, Dimension, Rollup, grouped, merged
from turnout.store.dynamo import from_wire, to_wire
from turnout.store.log import from_item, to_item

ROWS = list(rows(400, 4))

ANSWER = Attempt(
    "openai",
    "gpt",
    1,
    0,
    outcome="ok",
    latency_ms=900,
    first_token_ms=100,
    usage=Usage(input=10, cached_input=3, output=7),
    cost_usd=Decimal("0.25"),
    signals={"cut": True, "bad_json": False},
)
FAILURE = Attempt("mistral", "small", 1, 0, blames="model", latency_ms=40)
ROW = Record(
    id="01J",
    at=1_800_000_000.0,  # 2027-01-15T08:00:00Z
    key_id="key_1",
    requested="auto",
    stream=True,
    goal="cost",
    task="code",
    policy="7",
    tags={"team": "search"},
    attempts=[FAILURE, ANSWER],
    vendor="openai",
    model="gpt",
    outcome="ok",
    latency_ms=941,
    first_token_ms=141,
)

CHOSEN = Decision(
    Features("2026-11-24", 10), 0, targets=("openai/gpt", "mistral/small"), policy="7", primary="openai/gpt"
)
RESTING = replace(CHOSEN, features=replace(CHOSEN.features, resting=("openai/gpt",)), targets=("mistral/small",))


def cell(dimension: Dimension, *values: str) -> Cell:
    return Cell("hour", "2027-01-15T08", dimension, values)


def total(records: Iterable[Record], dimension: Dimension, grain: str = "day") -> Rollup:
    found = [
        counts
        for record in records
        for one, counts in entry(record).increments.items()
        if (one.dimension, one.grain) == (dimension, grain)
    ]
    return Rollup(merged(found))


def test_a_row_is_counted_once_in_each_period_of_each_dimension() -> None:
    assert {(one.grain, one.start, one.dimension, one.values) for one in entry(ROW).increments} == {
        *(
            (grain, start, dimension, values)
            for grain, start in (("hour", "2027-01-15T08"), ("day", "2027-01-15"))
            for dimension, values in (
                ("model", ("openai/gpt", "code", "7")),
                ("model", ("mistral/small", "code", "7")),
                ("route", ("cost", "code", "7")),
                ("key", ("key_1",)),
                ("tag", ("team", "search")),
            )
        ),
        ("minute", "2027-01-15T08:00", "health", ("openai/gpt",)),
        ("minute", "2027-01-15T08:00", "health", ("mistral/small",)),
    }


def test_what_failed_at_a_model_counts_there_and_the_request_where_it_was_answered() -> None:
    increments = entry(ROW).increments
    failed = Rollup(increments[cell("model", "mistral/small", "code", "7")])
    answered = Rollup(increments[cell("model", "openai/gpt", "code", "7")])
    assert failed.counts == {"aq": 1, "ae": 1, "bm": 1}
    assert (answered.requests, answered.whole("rk"), answered.whole("ak")) == (1, 1, 1)
    assert answered.latency.quantile(0.5) == pytest.approx(900, rel=0.025)
    assert answered.first_token.quantile(0.5) == pytest.approx(100, rel=0.025)
    assert (answered.whole("ls"), answered.whole("lq"), answered.whole("u2")) == (900, 810_000, 62_500_000_000_000_000)


def test_a_request_is_counted_with_its_own_times_and_all_its_attempts() -> None:
    route = Rollup(entry(ROW).increments[cell("route", "cost", "code", "7")])
    assert (route.requests, route.whole("aq"), route.whole("ae"), route.cost_usd) == (1, 2, 1, Decimal("0.25"))
    assert route.latency.quantile(0.5) == pytest.approx(941, rel=0.025)
    assert route.usage == Usage(input=10, cached_input=3, output=7)
    assert (route.verdicts("cut").mean, route.verdicts("bad_json").mean, route.verdicts("bad_tools").mean) == (
        1,
        0,
        None,
    )


def test_a_skipped_attempt_was_not_sent() -> None:
    skipped = replace(ROW, attempts=[Attempt("a", "x", 1, 0, outcome="skipped")], vendor="", model="", outcome="error")
    increments = entry(skipped).increments
    assert increments[cell("model", "a/x", "code", "7")] == {"ax": 1}
    assert Rollup(increments[cell("model", "", "code", "7")]).errors == 1


def test_times_are_of_what_ended_well_and_first_tokens_of_streams() -> None:
    increments = entry(replace(ROW, outcome="aborted", stream=False)).increments
    route = Rollup(increments[cell("route", "cost", "code", "7")])
    assert (route.latency.count, route.first_token.count, route.whole("ra")) == (0, 0, 1)


def test_a_judges_score_counts_once_for_the_model_that_was_judged_and_survives_the_log() -> None:
    judged = replace(ANSWER, part=Part("candidate"), judged=Decimal("0.85"))
    ruling = replace(ANSWER, vendor="mistral", model="large", part=Part("verdict"))
    row = replace(ROW, mode="judge", attempts=[judged, ruling])
    row = from_item(from_wire(to_wire(to_item(row, 30))))
    increments = entry(row).increments
    verdicts = Rollup(increments[cell("model", "openai/gpt", "code", "7")]).verdicts("judge")
    assert (verdicts.count, verdicts.mean) == (1, pytest.approx(0.85))
    assert Rollup(increments[cell("model", "mistral/large", "code", "7")]).verdicts("judge").count == 0
    assert Rollup(increments[cell("route", "cost", "code", "7")]).verdicts("judge").count == 1


def test_scores_that_came_about_by_lot_are_weighted_by_the_inverse_of_their_probability() -> None:
    scores = [("1", "0.9"), ("0.25", "0.5"), ("0.000000060", "0.1"), (None, "0.7")]
    rows = [
        replace(ROW, attempts=[replace(ANSWER, judged=Decimal(score), propensity=share and Decimal(share))])
        for share, score in scores
    ]
    rows = [from_item(from_wire(to_wire(to_item(row, 30)))) for row in rows]
    verdicts = total(rows, "model").verdicts("judge")
    weights = [(1 / Decimal(share), Decimal(score)) for share, score in scores if share]
    assert verdicts.count == 4
    assert float(verdicts.weight) == pytest.approx(float(sum(weight for weight, _ in weights)))
    estimate = float(sum(weight * score for weight, score in weights) / sum(weight for weight, _ in weights))
    assert verdicts.estimate == pytest.approx(estimate)
    assert Rollup().verdicts("judge").estimate is None


@pytest.mark.parametrize(
    ("change", "diverted"),
    [
        ({}, 0),
        ({"vendor": "mistral", "model": "small"}, 1),
        ({"outcome": "error", "vendor": "", "model": ""}, 1),
        ({"outcome": "aborted", "vendor": "", "model": ""}, 0),
        ({"mode": "blend", "vendor": "mistral", "model": "small"}, 0),
        ({"decision": replace(CHOSEN, targets=("mistral/small",)), "vendor": "mistral", "model": "small"}, 0),
        ({"decision": RESTING, "vendor": "mistral", "model": "small"}, 1),
        ({"decision": replace(CHOSEN, primary=""), "vendor": "mistral", "model": "small"}, 0),
        ({"decision": None, "vendor": "mistral", "model": "small"}, 0),
    ],
    ids=[
        "it answered",
        "another did",
        "nobody did",
        "the client left",
        "several were asked",
        "another explored",
        "its circuit was open",
        "others had chosen",
        "an old row",
    ],
)
def test_a_request_that_the_policys_first_choice_did_not_answer_is_counted(
    change: dict[str, Any], diverted: int
) -> None:
    row = replace(ROW, **({"decision": CHOSEN} | change))
    assert Rollup(entry(row).increments[cell("route", "cost", "code", "7")]).whole("rd") == diverted


def test_what_only_other_models_read_has_no_first_token() -> None:
    hidden = replace(ROW, attempts=[replace(ANSWER, part=Part("candidate"))])
    model = Rollup(entry(hidden).increments[cell("model", "openai/gpt", "code", "7")])
    assert (model.first_token.count, model.latency.count) == (0, 1)


def test_health_is_of_the_minute_in_which_the_answer_ended() -> None:
    late = entry(replace(ROW, latency_ms=61_000)).increments
    assert {one.start for one in late if one.grain == "minute"} == {"2027-01-15T08:01"}
    assert {one.start for one in late if one.grain == "hour"} == {"2027-01-15T08"}


@pytest.mark.parametrize("dimension", ["model", "route", "key"])
def test_the_sums_of_a_dimension_are_those_of_the_rows(dimension: Dimension) -> None:
    some = total(ROWS, dimension)
    attempts = [attempt for row in ROWS for attempt in row.attempts]
    assert some.requests == len(ROWS)
    assert some.errors == sum(row.outcome == "error" for row in ROWS)
    assert some.cost_usd == sum(attempt.cost_usd for attempt in attempts)
    for name, bucket in TOKENS.items():
        assert some.whole(name) == sum(getattr(attempt.usage, bucket) for attempt in attempts)
    assert some.whole("ev") == sum(attempt.usage.source == "estimated" for attempt in attempts)


def test_a_routes_verdicts_are_those_on_the_answers_of_the_rows() -> None:
    judged = [
        one.judged
        for row in ROWS
        for one in row.attempts
        if one.judged is not None and (one.vendor, one.model) == (row.vendor, row.model)
    ]
    route = total(ROWS, "route")
    assert judged
    assert route.whole("vn") == len(judged)
    assert route.whole("vs") == sum(score * 10_000 for score in judged)
    assert route.whole("vq") == sum((score * 10_000) ** 2 for score in judged)


def test_hours_add_up_to_days() -> None:
    assert total(ROWS, "model", "hour") == total(ROWS, "model", "day")


@given(st.permutations(ROWS[:20]), st.integers(1, 19))
def test_rows_add_up_in_any_order_and_grouping(shuffled: list[Record], cut: int) -> None:
    parts = [total(shuffled[:cut], "key").counts, total(shuffled[cut:], "key").counts]
    assert merged(parts) == total(ROWS[:20], "key").counts


def test_a_tag_is_counted_by_name_and_value() -> None:
    found = [pair for row in ROWS for pair in entry(row).increments.items() if pair[0].dimension == "tag"]
    by_team = grouped((pair for pair in found if pair[0].grain == "day"), lambda one: one["value"])
    assert {team: some.requests for team, some in by_team.items()} == {
        team: sum(row.tags.get("team") == team for row in ROWS) for team in by_team
    }


def test_a_group_of_some_counts_has_those_of_the_whole_group_and_no_others() -> None:
    found = [pair for row in ROWS for pair in entry(row).increments.items() if pair[0].dimension == "route"]
    wanted = {"rq", "us", "re"}
    whole, some = (grouped(found, lambda one: one["task"], only) for only in (None, wanted))
    assert whole.keys() == some.keys()
    for task, rollup in some.items():
        assert rollup.counts == {name: number for name, number in whole[task].counts.items() if name in wanted}


@pytest.mark.parametrize("value", ["x" * 5000, "ö" * 500, "\x00" * 100, "😀" * 128])
def test_a_value_that_is_too_long_for_a_key_is_abbreviated_and_stays_distinct(value: str) -> None:
    tagged = [entry(replace(ROW, tags={"t": text})).increments for text in (value, value + "y")]
    values = [one["value"] for increments in tagged for one in increments if one.dimension == "tag"]
    assert len(set(values)) == 2
    assert max(len(one.encode()) for one in values) < 120


@pytest.mark.parametrize("cost", ["0.0000000000000000001", "NaN", "Infinity"])
def test_an_amount_that_cannot_be_summed_exactly_is_refused(cost: str) -> None:
    with pytest.raises(ValueError, match="cost_usd"):
        entry(replace(ROW, attempts=[replace(ANSWER, cost_usd=Decimal(cost))]))


def test_a_verdict_counts_wherever_its_request_does() -> None:
    some = verdict(ROW, "feedback", Decimal("0.75"), "feedback:01J")
    assert some.marker == "feedback:01J"
    assert set(some.increments) == {
        one for one in entry(ROW).increments if one.dimension != "health" and "mistral/small" not in one.values
    }
    squares = {"vn": 1, "vs": 7_500, "vq": 56_250_000}
    for where, counts in some.increments.items():
        assert counts == {"fbn": 1, "fbs": Decimal("0.75"), **(squares if where.dimension == "route" else {})}


def test_a_signal_says_nothing_of_how_good_an_answer_is() -> None:
    signal = verdict(ROW, "cut", Decimal(1), "cut:01J")
    assert all(counts == {"ctn": 1, "cts": Decimal(1)} for counts in signal.increments.values())


def test_a_route_counts_the_verdict_on_the_answer_that_was_shown_and_on_no_sample() -> None:
    sample = replace(ANSWER, vendor="mistral", model="large", part=Part("candidate", 2), judged=Decimal("0.2"))
    row = replace(ROW, attempts=[FAILURE, replace(ANSWER, judged=Decimal("0.9")), sample])
    increments = entry(from_item(from_wire(to_wire(to_item(row, 30))))).increments
    route = Rollup(increments[cell("route", "cost", "code", "7")])
    assert (route.whole("vn"), route.whole("vs"), route.whole("vq")) == (1, 9_000, 81_000_000)
    assert route.verdicts("judge").count == 2
    assert not any("vn" in counts for where, counts in increments.items() if where.dimension != "route")


@pytest.mark.parametrize("score", ["-0.1", "1.1", "0.1234567890123456789"])
def test_a_score_out_of_range_is_refused(score: str) -> None:
    with pytest.raises(ValueError, match="score"):
        verdict(ROW, "feedback", Decimal(score), "f")
