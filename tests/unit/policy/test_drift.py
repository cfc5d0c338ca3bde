"""What drifts is named, what does not is not, and how often that goes wrong is measured."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.events import Usage
from turnout.core.records import Attempt, Record
from turnout.policy.counting import entry, verdict
from turnout.policy.drift import (
    FALSE_ALARMS,
    LEAST_HOURS,
    METRICS,
    Comparison,
    Finding,
    Sample,
    drifts,
    finding,
    largest_discovery,
    mean,
    named,
    p_value,
    ridits,
    two_sided,
)
from turnout.policy.rollup import Cell, Counts
from turnout.policy.sketch import Sketch

HOUR = 3600
MIDDLE = 1_800_000_000 // HOUR * HOUR


def dice(seed: int) -> random.Random:
    """The same each time."""
    return random.Random(seed)  # noqa: S311 - reproducible, not secret


@dataclass(frozen=True)
class Traffic:
    """What a model does: latency in ms and its spread, how often it fails, USD, the share of good feedback."""

    latency: float = 800
    spread: float = 0.5
    errors: float = 0.1
    cost: float = 0.002
    liked: float = 0.8
    per_hour: int = 6


def hours_of(traffic: Traffic, hours: range, rng: random.Random) -> Iterator[tuple[Cell, Counts]]:
    """The model cells of so many hours of traffic, counted from the middle, as the aggregator makes them."""
    for hour in hours:
        for number in range(traffic.per_hour):
            record = a_row(traffic, MIDDLE + hour * HOUR + number, rng)
            yield from of_model(entry(record).increments)
            score = Decimal(int(rng.random() < traffic.liked))
            yield from of_model(verdict(record, "feedback", score, "m").increments)


def of_model(increments: Mapping[Cell, Counts]) -> Iterator[tuple[Cell, Counts]]:
    for cell, counts in increments.items():
        if (cell.dimension, cell.grain) == ("model", "hour"):
            yield cell, counts


def a_row(traffic: Traffic, at: float, rng: random.Random) -> Record:
    failed = rng.random() < traffic.errors
    latency = max(1, round(traffic.latency * rng.lognormvariate(0, traffic.spread)))
    attempt = Attempt(
        "v",
        "m",
        1,
        0,
        outcome="error" if failed else "ok",
        latency_ms=latency,
        first_token_ms=None if failed else latency // 3,
        usage=Usage(input=10, output=10),
        cost_usd=Decimal(round(traffic.cost * rng.uniform(0.5, 1.5), 9)).quantize(Decimal("1e-9")),
        signals={} if failed else {"cut": rng.random() < 0.1},
    )
    return Record(
        "id",
        at,
        "key",
        "auto",
        stream=True,
        task="code",
        attempts=[attempt],
        vendor="" if failed else "v",
        model="" if failed else "m",
        outcome=attempt.outcome,
    )


def compared(before: Traffic, after: Traffic, seed: int = 1, hours: int = 48) -> dict[str, Finding]:
    """The findings by metric of four days before against two after."""
    rng = dice(seed)
    found = drifts(hours_of(before, range(-2 * hours, 0), rng), hours_of(after, range(hours), rng))
    return {one.metric: one for one in found}


USUAL = Traffic()
TESTED = {"latency_ms", "first_token_ms", "error_rate", "cost_usd", "feedback", "cut"}


@pytest.mark.parametrize(
    ("changes", "named_metrics"),
    [
        ({"latency": 1300}, {"latency_ms", "first_token_ms"}),
        ({"latency": 500}, {"latency_ms", "first_token_ms"}),
        ({"errors": 0.3}, {"error_rate"}),
        ({"cost": 0.003}, {"cost_usd"}),
        ({"liked": 0.5}, {"feedback"}),
        ({}, set[str]()),
    ],
    ids=["slower", "quicker", "more errors", "dearer", "liked less", "nothing"],
)
def test_what_has_changed_is_named_and_nothing_else(changes: dict[str, float], named_metrics: set[str]) -> None:
    found = compared(USUAL, replace(USUAL, **changes))
    assert found.keys() == TESTED
    assert {name for name, one in found.items() if one.drifted} == named_metrics


def test_a_finding_says_from_what_to_what() -> None:
    found = compared(USUAL, replace(USUAL, latency=1600, errors=0.3))
    latency, errors = found["latency_ms"], found["error_rate"]
    assert (latency.model, latency.task) == ("v/m", "code")
    assert latency.before == pytest.approx(800, rel=0.1)
    assert latency.after == pytest.approx(1600, rel=0.1)
    # the median doubled, at a spread of 0.5: P(later > earlier) = Phi(ln 2 / (0.5 * sqrt 2))
    assert latency.shift == pytest.approx(NormalDist().cdf(0.98) - 0.5, abs=0.05)
    assert errors.before == pytest.approx(0.1, abs=0.04)
    assert errors.shift == errors.after - errors.before


@pytest.mark.parametrize("hours", [LEAST_HOURS // 2 - 1, LEAST_HOURS - 1])
def test_with_too_few_hours_nothing_is_tested(hours: int) -> None:
    assert compared(USUAL, replace(USUAL, latency=5000), hours=hours) == {}


def test_what_happens_too_rarely_is_not_tested() -> None:
    found = compared(replace(USUAL, errors=0), replace(USUAL, errors=0.005))
    assert "error_rate" not in found
    assert "latency_ms" in found


def test_a_shift_that_is_sure_but_too_small_to_matter_is_not_named() -> None:
    many = replace(USUAL, per_hour=60, spread=0.05)
    found = compared(many, replace(many, cost=USUAL.cost * 1.03))
    assert found["cost_usd"].p_value < 1e-4
    assert not found["cost_usd"].drifted


def test_one_bad_hour_is_not_many_independent_failures() -> None:
    rng = dice(3)
    before = list(hours_of(USUAL, range(-96, 0), rng))
    after = [*hours_of(USUAL, range(47), rng), *hours_of(Traffic(errors=1.0, per_hour=60), range(47, 48), rng)]
    errors = next(one for one in drifts(before, after) if one.metric == "error_rate")
    assert errors.after > 1.5 * errors.before
    assert not errors.drifted


def test_policies_of_one_hour_are_one_sample_and_nobodys_requests_none() -> None:
    rng = dice(4)
    cells = list(hours_of(USUAL, range(-96, 0), rng))
    split = [(replace(cell, values=(*cell.values[:2], str(n % 2))), counts) for n, (cell, counts) in enumerate(cells)]
    nobodys = [(replace(cell, values=("", *cell.values[1:])), counts) for cell, counts in cells]
    after = list(hours_of(USUAL, range(48), rng))
    assert drifts([*split, *nobodys], [*after, *nobodys]) == drifts(cells, after)


# --- the rate of false alarms


def null_report(rng: random.Random, tests: int) -> list[Finding]:
    """A report on models that have not changed, of every kind of metric in turn."""
    found: list[Finding | None] = []
    for number in range(tests):
        draw = DRAWS[number % len(DRAWS)]
        before = [draw(rng, rng.randrange(1, 9)) for _ in range(96)]
        after = [draw(rng, rng.randrange(1, 9)) for _ in range(48)]
        name = ("latency_ms", "error_rate", "cost_usd")[number % len(DRAWS)]
        found.append(finding(METRICS[name], f"m{number}", "", comparison(before, after)))
    return named(one for one in found if one)


def comparison(before: list[list[float]], after: list[list[float]]) -> Comparison:
    samples = [[Sample(len(hour), sum(hour)) for hour in window] for window in (before, after)]
    told = tuple(mean(window) for window in samples)
    return Comparison(samples[0], samples[1], (told[0], told[1]))


DRAWS: tuple[Callable[[random.Random, int], list[float]], ...] = (
    lambda rng, count: [rng.random() for _ in range(count)],  # ridits are uniform
    lambda rng, count: [float(rng.random() < 0.08) for _ in range(count)],
    lambda rng, count: [rng.lognormvariate(-7, 1) for _ in range(count)],
)


REPORTS, TESTS = 250, 30


@pytest.fixture(name="reports", scope="module")
def the_reports() -> list[list[Finding]]:
    rng = dice(5)
    return [null_report(rng, TESTS) for _ in range(REPORTS)]


def test_reports_without_drift_err_no_more_often_than_stated(reports: list[list[Finding]]) -> None:
    """Small shifts count here, too: that they are not told only makes alarms fewer."""
    smallest = [min(one.p_value for one in report) for report in reports]
    limits = [largest_discovery([one.p_value for one in report], FALSE_ALARMS) for report in reports]
    erring = sum(p <= limit for p, limit in zip(smallest, limits, strict=True))
    spread = (REPORTS * FALSE_ALARMS * (1 - FALSE_ALARMS)) ** 0.5
    assert erring <= REPORTS * FALSE_ALARMS + 3 * spread
    assert erring >= REPORTS * FALSE_ALARMS / 10  # a test that never fires would be no test


@pytest.mark.parametrize("level", [0.05, 0.005])
def test_p_values_are_what_they_say(reports: list[list[Finding]], level: float) -> None:
    p_values = [one.p_value for report in reports for one in report]
    below = sum(p <= level for p in p_values) / len(p_values)
    spread = (level * (1 - level) / len(p_values)) ** 0.5
    assert level * 0.5 <= below <= level * 1.1 + 3 * spread


# --- the parts

samples = st.lists(st.builds(Sample, st.integers(1, 50), st.floats(0, 100)), min_size=2, max_size=20)
sketches = st.lists(st.dictionaries(st.integers(0, 250), st.integers(1, 9)).map(Sketch), min_size=1, max_size=8)


@given(samples, samples)
def test_a_p_value_is_a_probability_and_does_not_care_which_window_is_first(
    one: list[Sample], other: list[Sample]
) -> None:
    assert 0 <= p_value(one, other) <= 1
    assert p_value(one, other) == pytest.approx(p_value(other, one))


@given(samples)
def test_a_window_does_not_differ_from_itself(one: list[Sample]) -> None:
    assert p_value(one, one) == pytest.approx(1)


@given(sketches, sketches)
def test_ridits_average_one_half_and_their_difference_is_that_of_mann_and_whitney(
    before: list[Sketch], after: list[Sketch]
) -> None:
    earlier, later = ridits(before, after)
    if earlier and later:
        assert mean([*earlier, *later]) == pytest.approx(0.5)
        one, other = values(before), values(after)
        wins = sum((b > a) + (a == b) / 2 for a in one for b in other) / len(one) / len(other)
        assert mean(later) - mean(earlier) == pytest.approx(wins - 0.5)


def values(hours: list[Sketch]) -> list[int]:
    return [number for hour in hours for number, times in hour.buckets.items() for _ in range(times)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.2))
def test_discoveries_are_those_of_benjamini_and_hochberg(p_values: list[float], rate: float) -> None:
    found = largest_discovery(p_values, rate)
    accepted = sorted(p for p in p_values if p <= found)
    assert not accepted or accepted[-1] <= rate * len(accepted) / len(p_values)
    for rank, p in enumerate(sorted(p_values), start=1):
        assert p <= found or p > rate * rank / len(p_values)


@pytest.mark.parametrize(
    ("t", "freedom", "expected"),
    [(2.064, 24, 0.05), (2.797, 24, 0.01), (3.745, 24, 0.001), (1.984, 100, 0.05), (3.390, 100, 0.001)],
)
def test_the_tails_are_those_of_students_table(t: float, freedom: int, expected: float) -> None:
    assert two_sided(t, freedom) == pytest.approx(expected, rel=0.02)
