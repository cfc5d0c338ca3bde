"""The sequential test: what it finds, how soon and how rarely in error, on trials with fixed seeds."""

import math
from dataclasses import asdict, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.canary import NONE, TERMS, TOLERATED, Harm, false_alarms, runs
from turnout.config import Config
from turnout.policy.canary import SCALE, Block, added, bound, finding, judged
from turnout.policy.canary_metrics import METRICS, sums, told, variance
from turnout.policy.canary_terms import Evidence, Sums, Terms
from turnout.policy.rollup import merged
from turnout.policy.sketch import RELATIVE_ERROR, bucket, logarithm
from turnout.policy.verdicts import UNIT, squared

HOUR = 3_600.0


def counts(
    ok: int, failed: int = 0, ms: int = 1_000, *, diverted: int = 0, right: int = 0, wrong: int = 0
) -> dict[str, int]:
    """What the rollups hold of so many requests, alike but for their end, of which some were judged."""
    all_ = ok + failed
    times = {f"l{bucket(ms)}": ok, "ls": ok * ms, "lq": ok * ms * ms}
    judged = {"vn": right + wrong, "vs": right * UNIT, "vq": right * UNIT**2}
    return {"rq": all_, "rk": ok, "re": failed, "rd": diverted, "u2": all_ * 10**12, **times, **judged}


def block(canary: dict[str, int], control: dict[str, int], usd: float = 0.001, control_usd: float = 0.001) -> Block:
    sides = [sums(side) for side in (canary, control)]
    for side, each in zip(sides, (usd, control_usd), strict=True):
        count = side["cost"].count
        side["cost"] = Sums(count, count * each, count * each**2)
    return Block(*sides)


def after(*blocks: Block, terms: Terms = TERMS) -> dict[str, Evidence]:
    return added({}, blocks, terms)


scores = st.lists(st.decimals(0, 1, places=6), min_size=1, max_size=20)
values = st.lists(st.floats(-100, 100), min_size=2, max_size=20)


@given(values, st.floats(-10, 10), st.floats(0.1, 10))
def test_sums_of_changed_observations_are_those_of_the_observations_changed(
    many: list[float], shift: float, factor: float
) -> None:
    def of(observations: list[float]) -> Sums:
        return Sums(len(observations), sum(observations), sum(one * one for one in observations))

    for changed, expected in (
        (of(many).less(shift), of([one - shift for one in many])),
        (of(many).over(factor), of([one / factor for one in many])),
        (of(many) + of(many), of(many + many)),
        (of(many + many) - of(many), of(many)),
    ):
        assert changed.count == expected.count
        assert changed.total == pytest.approx(expected.total, abs=1e-6)
        assert changed.squares == pytest.approx(expected.squares, abs=1e-4)
    assert variance(of(many)) >= 0


@given(st.integers(1, 600_000))
def test_the_logarithm_of_a_bucket_is_that_of_its_values(ms: int) -> None:
    assert logarithm(bucket(ms)) == pytest.approx(math.log(ms), abs=1.1 * RELATIVE_ERROR)


@given(st.floats(0, 1e6), st.floats(0.001, 0.2))
def test_the_bound_is_the_normal_mixtures(seen: float, risk: float) -> None:
    """At the bound the mixture of exp(cS - c²V/2) over normal c, of variance 1/SCALE, is 1/risk."""
    at = bound(seen, risk)
    mixture = 0.5 * math.log(SCALE / (seen + SCALE)) + at * at / (2 * (seen + SCALE))
    assert mixture == pytest.approx(math.log(1 / risk))


def test_alike_canaries_are_fine_and_are_promoted_once_they_had_their_time() -> None:
    evidence = after(*[block(counts(60, right=54, wrong=6), counts(540, right=486, wrong=54))] * 60)
    assert {name: finding(evidence[name], TERMS) for name in METRICS} == dict.fromkeys(METRICS, "fine")
    assert judged(evidence, 3_600, HOUR - 1, TERMS).verdict == "watch"
    judgement = judged(evidence, 3_600, HOUR, TERMS)
    assert judgement.verdict == "promote"
    assert judgement.why == (
        "As good as the control within the tolerance, after 3600 requests in 1.0 h: failed requests 0.00% against "
        "0.00%; requests that the first choice did not answer 0.00% against 0.00%; latency 1.02 s against 1.02 s; "
        "cost per request $0.001000 against $0.001000; quality of answers 0.900 against 0.900."
    )


def test_a_canary_whose_answers_nobody_judges_is_promoted_on_all_else_and_it_says_so() -> None:
    for control in (counts(540), counts(540, right=10)):
        judgement = judged(after(*[block(counts(60), control)] * 60), 3_600, HOUR, TERMS)
        assert judgement.verdict == "promote"
        assert judgement.why.endswith("; quality of answers not compared, as not both had judged ones.")


def test_a_few_verdicts_hold_a_canary_up_until_its_time_is_over() -> None:
    evidence = after(
        *[block(counts(60), counts(540))] * 60, block(counts(60, right=3, wrong=2), counts(540, right=40, wrong=5))
    )
    watched = judged(evidence, 3_600, HOUR, TERMS)
    assert watched.verdict == "watch"
    assert watched.why.startswith("Not clear yet: quality of answers, after ")
    assert judged(evidence, 3_600, 48 * HOUR, TERMS).verdict == "promote"  # 2 of 5 wrong is no proof


def test_at_the_end_worse_answers_count_if_it_is_clear_that_they_are() -> None:
    worse = block(counts(60, right=45, wrong=15), counts(540, right=486, wrong=54))
    assert judged(after(worse), 240, 48 * HOUR, TERMS).why.startswith("Not proven to be as good in quality of answers")


@given(scores, scores)
def test_verdicts_are_compared_by_what_they_lack_of_perfect(canary: list[Decimal], control: list[Decimal]) -> None:
    left, right = (sums(merged(map(squared, many)))["quality"] for many in (canary, control))
    for found, many in ((left, canary), (right, control)):
        lacking = [float(1 - round(score, 4)) for score in many]
        assert (found.count, found.total) == (len(many), pytest.approx(sum(lacking), abs=1e-9))
        assert found.squares == pytest.approx(sum(one * one for one in lacking), abs=1e-9)
    worse, spread = METRICS["quality"].varies(left, right, TERMS)
    assert worse >= spread >= 0


@given(st.integers(0, 100), st.integers(0, 900))
def test_right_or_wrong_varies_as_a_share_does(canary: int, control: int) -> None:
    """The worse one by the tolerance more, as far as p(1-p) grows."""
    left, right = Sums(100, canary, canary), Sums(900, control, control)
    share, lost = (canary + control) / 1_000, TERMS.quality
    worse, spread = METRICS["quality"].varies(left, right, TERMS)
    assert spread == pytest.approx(share * (1 - share), rel=0.01)
    assert worse == pytest.approx(max(spread, (share + lost) * (1 - share - lost)), rel=0.01)


@pytest.mark.parametrize(
    ("canary", "words"),
    [
        (block(counts(45, failed=15), counts(540)), "failed requests"),
        (block(counts(60, diverted=60), counts(540)), "requests that the first choice did not answer"),
        (block(counts(60, ms=3_000), counts(540)), "latency"),
        (block(counts(60), counts(540), usd=0.01), "cost per request"),
        (block(counts(60, wrong=60), counts(540, right=540)), "quality of answers"),
    ],
)
def test_a_harm_is_called_by_its_name(canary: Block, words: str) -> None:
    judgement = judged(after(canary, canary), 120, 600, TERMS)
    assert judgement.verdict == "roll_back"
    assert judgement.why.startswith(f"Worse than the control in {words}, after 120 requests in 10 min: ")


def test_what_is_tolerated_is_no_harm() -> None:
    twice = block(counts(60, ms=2_000), counts(540), usd=0.002)
    assert judged(after(twice, twice), 120, 600, TERMS).verdict == "roll_back"
    lenient = replace(TERMS, latency=2.5, cost=2.5)
    assert judged(after(twice, twice, terms=lenient), 120, 600, lenient).verdict == "watch"


def test_better_is_no_harm() -> None:
    better = block(counts(60, ms=100, right=60), counts(500, failed=40, diverted=300, wrong=400), usd=0.0001)
    evidence = after(*[better] * 10)
    assert judged(evidence, 600, HOUR, TERMS).verdict == "promote"


def test_a_handful_of_failures_is_not_enough() -> None:
    evidence = after(block(counts(0, failed=5), counts(45)))
    assert finding(evidence["failed"], TERMS) == "open"


def test_a_block_with_one_side_only_says_nothing() -> None:
    assert after(block(counts(0), counts(540)), block(counts(60), counts(0))) == {}


def test_models_that_cost_nothing_are_compared_too() -> None:
    free = after(*[block(counts(60), counts(540), usd=0.0, control_usd=0.0)] * 9)
    assert finding(free["cost"], TERMS) == "fine"
    dear = after(block(counts(60), counts(540), usd=0.001, control_usd=0.0))
    assert finding(dear["cost"], TERMS) == "worse"


def test_the_evidence_does_not_depend_on_the_mix_of_tasks() -> None:
    """A canary that gets more of a dear task is not dearer."""
    quick, long = block(counts(90, ms=100), counts(100, ms=100)), block(counts(10, ms=9_000), counts(800, ms=9_000))
    evidence = after(*[quick, long] * 20)
    assert evidence["latency"].excess / evidence["latency"].weight == pytest.approx(-math.log(TERMS.latency))


@pytest.mark.parametrize(
    ("requests", "hours", "failed", "verdict", "why"),
    [
        (10, 1, 0, "watch", "Too few requests to tell, after 10 requests in 1.0 h."),
        (10, 48, 0, "roll_back", "Not proven: only 10 requests in 48.0 h."),
        (240, 47, 0, "watch", "Not clear yet: failed requests and requests that"),
        (240, 48, 0, "promote", "No harm seen, after 240 requests in 48.0 h: "),
        (240, 48, 3, "roll_back", "Not proven to be as good in failed requests, after 240 requests in 48.0 h: "),
    ],
)
def test_when_its_time_is_up_the_figures_decide(requests: int, hours: int, failed: int, verdict: str, why: str) -> None:
    evidence = after(block(counts(requests - failed, failed), counts(9 * requests)))
    judgement = judged(evidence, requests, hours * HOUR, TERMS)
    assert judgement.verdict == verdict
    assert judgement.why.startswith(why)


def test_without_evidence_there_is_nothing_to_tell() -> None:
    assert told({}, TERMS) == "nothing to compare"
    assert judged({}, 0, 60, TERMS).verdict == "watch"


def test_the_settings_are_the_terms() -> None:
    assert Config().guard.model_dump() == asdict(Terms())


# Trials, smaller than those of `python -m benchmarks.canary`.


@pytest.mark.parametrize("harm", [NONE, TOLERATED, replace(TOLERATED, judged=1.0)], ids=lambda harm: harm.name)
def test_a_canary_that_does_no_harm_is_rarely_found_to(harm: Harm) -> None:
    short = replace(TERMS, most_seconds=6 * HOUR)
    assert false_alarms(harm, 60, short) <= TERMS.false_alarms


@pytest.mark.parametrize(
    ("harm", "requests"),
    [
        (Harm("its first choice fails", diverted=0.98), 80),
        (Harm("failures", failed=0.1), 400),
        (Harm("slow", latency=2.0), 150),
        (Harm("dear", cost=2.0), 800),
        (Harm("worse answers", quality=0.3, judged=0.5), 400),
    ],
    ids=lambda value: value.name if isinstance(value, Harm) else "",
)
def test_a_harm_is_found_within_few_requests(harm: Harm, requests: int) -> None:
    ends = runs(harm, TERMS, 20)
    assert [end.judgement.verdict for end in ends] == ["roll_back"] * len(ends)
    assert all(end.requests <= requests for end in ends)


def test_a_harmless_canary_is_promoted_in_the_end() -> None:
    assert {end.judgement.verdict for end in runs(NONE, TERMS, 5)} == {"promote"}
