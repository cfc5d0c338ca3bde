"""The replay of a log of calls, on two small logs whose models and categories are not quite the same."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest

from benchmarks.policy import Found, Trial, compared, requests, split
from benchmarks.policy_guard import Watched, outcome
from benchmarks.policy_log import Call, read

COLUMNS = ("run_date", "model", "category", "idx", "input_tokens", "output_tokens", "latency_s", "correct", "error")
BEST, CHEAP, FALLEN = "claude-3-5-sonnet-20240620", "gemini-1.5-flash-preview-0514", "gpt-4o-2024-05-13"
SECONDS = {BEST: 2.0, CHEAP: 0.8, FALLEN: 1.0, "claude-3-opus-20240229": 3.0, "mistral-tiny-2312": 0.5, "llama": 1.0}
JULY = {BEST: 0.92, CHEAP: 0.97, FALLEN: 0.9, "claude-3-opus-20240229": 0.7}
AUGUST = {BEST: 0.92, CHEAP: 0.97, FALLEN: 0.6, "mistral-tiny-2312": 0.3, "llama": 0.9}
"""The share of right answers; the cheap model is no good at `java`. `llama` has no list price."""


def log(path: Path, day: str, right: Mapping[str, float], tasks: Iterable[str], queries: int = 200) -> list[Call]:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for (model, share), task, idx in product(right.items(), tasks, range(queries)):
            share_here = 0.5 if (model, task) == (CHEAP, "java") else share
            mixed = (37 * idx + 11 * len(model)) % queries  # spread evenly, and not alike for two models
            failed = int(idx == 7)
            seconds = SECONDS[model] * (0.9 + 0.2 * mixed / queries)
            writer.writerow(
                (day, model, task, idx, 300, 60, seconds, int(mixed < share_here * queries and not failed), failed)
            )
    return read(path)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    path = tmp_path_factory.mktemp("logs")
    july = log(path / "july.csv", "2024-07-06", JULY, ("simple", "java", "rest"))
    august = log(path / "august.csv", "2024-08-19", AUGUST, ("simple", "java", "relevance"))
    return compared(july, august, runs=1, fall=0.0)


def watched(found: Found, ending: str) -> Watched:
    [name] = [name for name in found.watched if name.endswith(ending)]
    [one] = found.watched[name]
    return one


@pytest.mark.parametrize("goal", ["balanced", "cost"])
def test_a_policy_saves_and_keeps_its_quality_later(found: Found, goal: str) -> None:
    gain = found.gains[f"full, {goal}"]
    assert gain.requests == 600  # of all three later categories
    assert gain.got[0] >= gain.best[0]
    assert gain.got[1] < 0.8 * gain.best[1]
    assert gain.got[2] < 0.9 * gain.best[2]
    tried = watched(found, goal)
    assert tried.judgement.verdict == "promote"
    assert (
        tried.unguarded[1] < tried.guarded[1] < 1.02 * tried.unguarded[1]
    )  # half of the first hours was the control's


def test_a_policy_that_trusts_the_model_that_got_worse_is_rolled_back(found: Found) -> None:
    tried = watched(found, "latency")
    assert tried.judgement.why.startswith("Worse than the control in quality of answers, ")
    assert tried.unguarded[0] < 0.95 * tried.best[0]
    assert tried.guarded[0] > 0.999 * tried.best[0]


def test_the_model_that_got_worse_most_is_tried_as_it_was_and_rolled_back_as_it_is(found: Found) -> None:
    assert {name for name in found.watched if "for everything" in name} == {
        f"{FALLEN} for everything, as it was",
        f"{FALLEN} for everything, later",
    }
    assert watched(found, "as it was").judgement.verdict == "promote"
    later = watched(found, "later")
    assert later.judgement.why.startswith("Worse than the control in quality of answers, ")
    assert later.seconds <= 3_600
    assert later.guarded[0] > later.unguarded[0] + 0.2


def test_a_request_takes_the_calls_that_failed_too() -> None:
    def call(model: str, *, failed: bool) -> Call:
        return Call(model, "simple", "simple/1", "2024-07-06", 0.0, (300, 60), 1, 2.0, correct=True, failed=failed)  # pyright: ignore[reportArgumentType] - whole dollars

    calls: Sequence[Call] = [call("a", failed=True), call("b", failed=False), call("c", failed=False)]
    [both] = requests(lambda _: ("a", "b", "c"), Trial(("simple",), "b", calls, "c"))
    assert [one.model for one in both.canary] == ["a", "b"]
    assert outcome(both.canary) == (1.0, 2.0, 4.0)
    [nobody] = requests(lambda _: ("a",), Trial(("simple",), "b", calls, "c"))
    assert outcome(nobody.canary) == (0.0, 1.0, 2.0)


def test_each_query_is_measured_by_what_others_taught(tmp_path: Path) -> None:
    calls = log(tmp_path / "one.csv", "2024-07-06", JULY, ("simple",))
    pairs = list(split(calls, 3))
    assert sum(len(measure) for _, measure in pairs) == len(calls)
    for learn, measure in pairs:
        assert not {call.query for call in learn} & {call.query for call in measure}


def test_without_a_model_in_both_periods_it_says_so(tmp_path: Path) -> None:
    july = log(tmp_path / "july.csv", "2024-07-06", {BEST: 0.9}, ("simple",), queries=10)
    august = log(tmp_path / "august.csv", "2024-08-19", {CHEAP: 0.9}, ("simple",), queries=10)
    with pytest.raises(SystemExit, match="no model was asked nearly everything in both periods"):
        compared(july, august, runs=1, fall=0.0)
