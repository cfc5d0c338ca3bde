"""The guard on real calls: half of the traffic is a canary's, the product's own test looks at it every 5 minutes.

Requests come at two a second, drawn from the later period's real outcomes, so tasks come as often as there; each answer
is judged right or wrong. A week of it: until the verdict half of the requests are the canary's, after it all of them or
none, as the guard has decided with the terms that it has by default.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from benchmarks.policy_log import Call, record
from turnout.policy.canary import Judgement, judged
from turnout.policy.canary_terms import Terms
from turnout.policy.canary_watch import Watch, looked
from turnout.policy.counting import entry
from turnout.policy.recount import Totals, add
from turnout.policy.rollup import Cell, Counts

PER_SECOND, SHARE, LOOK, WEEK = 2.0, 0.5, 300.0, 7 * 86_400.0
BEGIN = 1_800_000_000.0
CANARY, CONTROL = "canary", "control"
TERMS = Terms()
ANSWERS = Terms(latency=100.0, cost=100.0)
"""For a canary that may be as slow and dear as it likes, so that its answers alone decide."""

type Outcome = tuple[float, float, float]
"""Right or wrong, USD and seconds of a request, or the means of many."""


@dataclass(frozen=True, slots=True)
class Request:
    """The calls that a request takes with the new policy, with the model of before, and with the best model."""

    canary: Sequence[Call]
    control: Sequence[Call]
    best: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Watched:
    """What the guard came to, after how many requests of both sides and seconds, and the means of a week."""

    judgement: Judgement
    requests: int
    seconds: float
    guarded: Outcome
    unguarded: Outcome
    best: Outcome


def outcome(calls: Sequence[Call]) -> Outcome:
    """Of a request that took these calls: the last one answered, or nobody did."""
    right = not calls[-1].failed and calls[-1].correct
    return float(right), float(sum(call.usd for call in calls)), sum(call.seconds for call in calls)


def mean(many: Sequence[Outcome]) -> Outcome:
    """Of each figure."""
    return fmean(one[0] for one in many), fmean(one[1] for one in many), fmean(one[2] for one in many)


def watched(requests: Sequence[Request], seed: int, terms: Terms = TERMS) -> Watched:
    """A week of requests like these, and the guard's verdict on their canary."""
    judgement, asked, seconds = _verdict(requests, terms, np.random.default_rng(seed))
    canary, control = mean([outcome(one.canary) for one in requests]), mean([outcome(one.control) for one in requests])
    after = canary if judgement.verdict == "promote" else control
    tried, left = seconds / WEEK, 1 - seconds / WEEK
    return Watched(
        judgement,
        asked,
        seconds,
        _mixed((tried * SHARE, canary), (tried * (1 - SHARE), control), (left, after)),
        canary,
        mean([outcome(one.best) for one in requests]),
    )


def _mixed(*parts: tuple[float, Outcome]) -> Outcome:
    right, usd, seconds = (sum(share * one[number] for share, one in parts) for number in range(3))
    return right, usd, seconds


def _verdict(requests: Sequence[Request], terms: Terms, dice: np.random.Generator) -> tuple[Judgement, int, float]:
    """Look by look, until there is one."""
    sides = [
        (SHARE, [_counted(one.canary, CANARY) for one in requests]),
        (1 - SHARE, [_counted(one.control, CONTROL) for one in requests]),
    ]
    watch, now, asked = looked(Watch(CANARY, BEGIN), (), CONTROL, BEGIN, terms), BEGIN, 0
    cells: Totals = {}
    while True:
        for share, increments in sides:
            drawn = dice.integers(len(requests), size=dice.poisson(PER_SECOND * LOOK * share))
            asked += len(drawn)
            for number in drawn:
                add(cells, increments[number])
        now += LOOK
        watch = looked(watch, cells.items(), CONTROL, now, terms)
        judgement = judged(watch.evidence, watch.requests, now - BEGIN, terms)
        if judgement.verdict != "watch":
            return judgement, asked, now - BEGIN


def _counted(calls: Sequence[Call], version: str) -> Mapping[Cell, Counts]:
    """What a request adds to its `route` cell, all in one hour: the guard reads what has grown."""
    found = entry(record(calls, policy=version)).increments
    return {
        Cell("hour", "", cell.dimension, cell.values): counts
        for cell, counts in found.items()
        if (cell.grain, cell.dimension) == ("hour", "route")
    }


def show(name: str, many: Sequence[Watched]) -> None:
    """What became of a canary that was tried several times, what a week was like, and what the guard said at first."""
    verdicts, best = Counter(one.judgement.verdict for one in many), mean([one.best for one in many])
    told = ", ".join(f"{verdict.replace('_', ' ')} {times} of {len(many)}" for verdict, times in verdicts.most_common())
    print(f"\n{name}: {told}, after {median(one.requests for one in many):,.0f} requests", end=" ")
    print(f"in {median(one.seconds for one in many) / 60:.0f} minutes (medians)")
    weeks = {"without the guard": [one.unguarded for one in many], "with it": [one.guarded for one in many]}
    for words, (right, usd, seconds) in ((words, mean(week)) for words, week in weeks.items()):
        print(f"  {words:18} accuracy {right:.4f}, {right / best[0]:.2%} of the best model's;", end=" ")
        print(f"cost saved {1 - usd / best[1]:.1%}, time {1 - seconds / best[2]:.1%}")
    print(f"  {many[0].judgement.why}")
