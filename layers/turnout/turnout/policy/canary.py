"""Whether a canary does harm: a sequential test against its control, which may be looked at as often as one likes.

Each look compares the requests that were counted since the look before: the canary's against those of the control, in
the same minutes, and goal by goal and task by task. So neither the time of day nor another mix of tasks passes for an
effect. For each metric, with n requests of the canary and m of the control in such a block, the difference of the means
counts with the weight h = nm/(n+m), and the sum S of what is beyond the tolerance, S = sum of h (mean - mean), has the
variance V = sum of h² (v/n + w/m): v and w are the variances of single requests where the canary is just as bad as is
tolerated, read from the control for shares, as a share of p has the variance p(1-p), else from all n+m together, as
under a permutation of who is canary; for quality n and m are verdicts. Then, however long it goes on,

    |S - its mean| < sqrt((V + r) log((V + r) / (r a²)))        but for a part `a` of all canaries

This is the normal mixture of Robbins; Howard, Ramdas, McAuliffe, Sekhon: "Time-uniform, nonparametric, nonasymptotic
confidence sequences", Annals of Statistics 49(2), 2021, eq. 14, https://arxiv.org/abs/1810.08240. For variances that
are estimated it holds in the limit: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: "Time-uniform central limit theory",
Annals of Statistics 52(6), 2024, https://arxiv.org/abs/2103.06476. Its scale r = SCALE keeps a handful of events from
being enough. `a` is the rate of false alarms, divided by the number of metrics. `python -m benchmarks.canary` measures
what is left of it on canaries that do no harm.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from turnout.core.frozen import frozen
from turnout.policy.canary_metrics import METRICS, Metric, told
from turnout.policy.canary_terms import Evidence, Sums, Terms
from turnout.policy.estimate import Z_ONE_SIDED

SCALE = 10.0
"""The variance for which the test is sharpest, in failures, squared nats, or squares of the control's mean cost."""

type Finding = Literal["worse", "fine", "open"]
type Verdict = Literal["promote", "roll_back", "watch"]


@frozen
class Block:
    """What was counted between two looks of one goal and task, by metric."""

    canary: Mapping[str, Sums]
    control: Mapping[str, Sums]


@frozen
class Judgement:
    """What to do with the canary, and why, in a sentence that holds the figures."""

    verdict: Verdict
    why: str


def added(evidence: Mapping[str, Evidence], blocks: Sequence[Block], terms: Terms) -> dict[str, Evidence]:
    """The evidence after one more look."""
    found = dict(evidence)
    for name, metric in METRICS.items():
        pairs = [(block.canary[name], block.control[name]) for block in blocks]
        both = [(left, right) for left, right in pairs if min(left.count, right.count) >= 1]
        if both and name not in found:
            # The unit is that of the first look, and stays: it may depend on nothing that comes later.
            found[name] = Evidence(unit=metric.units(sum((right for _, right in both), Sums())))
        for left, right in both:
            found[name] = _with(found[name], metric, left, right, terms)
    return found


def _with(before: Evidence, metric: Metric, canary: Sums, control: Sums, terms: Terms) -> Evidence:
    """One block more."""
    left, right = metric.allowed(canary.over(before.unit), terms), control.over(before.unit)
    varies = metric.varies(left, right, terms)
    weight = left.count * right.count / (left.count + right.count)
    return Evidence(
        before.weight + weight,
        before.canary + weight * left.mean,
        before.control + weight * right.mean,
        before.variance + weight * weight * (varies[0] / left.count + varies[1] / right.count),
        before.unit,
    )


def bound(variance: float, risk: float) -> float:
    """How far S strays from its mean at most, at all times together, but for a part `risk` of all canaries."""
    return math.sqrt((variance + SCALE) * math.log((variance + SCALE) / (SCALE * risk * risk)))


def finding(evidence: Evidence, terms: Terms) -> Finding:
    """Whether the canary is beyond the tolerance, within it, or it is not clear yet."""
    if not evidence.variance and not evidence.excess:
        return "fine" if evidence.weight else "open"
    strays = bound(evidence.variance, terms.false_alarms / len(METRICS))
    if evidence.excess > strays:
        return "worse"
    return "fine" if evidence.excess < -strays else "open"


def judged(evidence: Mapping[str, Evidence], requests: float, seconds: float, terms: Terms) -> Judgement:
    """What to do with a canary that has answered so many requests in so many seconds."""
    found = {name: finding(evidence.get(name, Evidence()), terms) for name in METRICS}
    figures = told(evidence, terms)
    so_far = f"after {requests:.0f} requests in {_hours(seconds)}"
    if worse := [METRICS[name].words for name, one in found.items() if one == "worse"]:
        return Judgement("roll_back", f"Worse than the control in {_and(worse)}, {so_far}: {figures}.")
    if requests < terms.least_requests:
        if seconds < terms.most_seconds:
            return Judgement("watch", f"Too few requests to tell, {so_far}.")
        return Judgement("roll_back", f"Not proven: only {requests:.0f} requests in {_hours(seconds)}.")
    unclear = [METRICS[name].words for name, one in found.items() if one != "fine" and _counts(name, evidence)]
    if seconds >= terms.least_seconds and not unclear:
        return Judgement("promote", f"As good as the control within the tolerance, {so_far}: {figures}.")
    if seconds < terms.most_seconds:
        return Judgement("watch", f"{f'Not clear yet: {_and(unclear)}' if unclear else 'Fine'}, {so_far}: {figures}.")
    return _at_the_end(evidence, f"{so_far}: {figures}.")


def _at_the_end(evidence: Mapping[str, Evidence], figures: str) -> Judgement:
    """Time is up, and no harm is proven: the figures as they are decide; where few requests tell, if they are clear."""
    beyond = [metric.words for name, metric in METRICS.items() if _beyond(metric, evidence.get(name, Evidence()))]
    if beyond:
        return Judgement("roll_back", f"Not proven to be as good in {_and(beyond)}, {figures}")
    return Judgement("promote", f"No harm seen, {figures}")


def _beyond(metric: Metric, evidence: Evidence) -> bool:
    return evidence.excess > (Z_ONE_SIDED * math.sqrt(evidence.variance) if metric.unseen else 0.0)


def _counts(name: str, evidence: Mapping[str, Evidence]) -> bool:
    """Whether a canary waits for this metric: not for what no request has told."""
    return name in evidence or not METRICS[name].unseen


def _hours(seconds: float) -> str:
    return f"{seconds / 3_600:.1f} h" if seconds >= 3_600 else f"{seconds / 60:.0f} min"


def _and(words: list[str]) -> str:
    return " and ".join(words)
