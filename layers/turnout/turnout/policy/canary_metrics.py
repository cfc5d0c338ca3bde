"""What a canary is tested on: how each metric is read from rollups, what of it is tolerated, how it is told."""

import math
from collections.abc import Callable, Mapping

from turnout.core.frozen import frozen
from turnout.policy.canary_terms import Evidence, Sums, Terms
from turnout.policy.rollup import Counts, Rollup
from turnout.policy.sketch import logarithm
from turnout.policy.verdicts import UNIT

CHEAPEST = 1e-7
"""USD per request as which the control's cost counts at least, so that there is a part of it where all are free."""


@frozen
class Metric:
    """Something that may get worse: the more, the worse.

    `read` gives its sums of a rollup, `allowed` what is left of the canary's after the tolerance of the terms, `units`
    what counts as 1 given the control's sums, `varies` the variances of single requests of canary and control where the
    canary is as bad as is tolerated, and `told` the means of both. `unseen` is for what only some requests tell: it is
    said where none does, and then the metric holds nobody up.
    """

    words: str
    read: Callable[[Rollup], Sums]
    allowed: Callable[[Sums, Terms], Sums]
    told: Callable[[Evidence, Terms], str]
    varies: Callable[[Sums, Sums, Terms], tuple[float, float]]
    units: Callable[[Sums], float] = lambda _: 1.0
    unseen: str = ""


def variance(pooled: Sums) -> float:
    """Of single observations; 0 of fewer than two."""
    if pooled.count < 2:
        return 0.0
    return max(0.0, pooled.squares - pooled.total**2 / pooled.count) / (pooled.count - 1)


def sums(counts: Counts) -> dict[str, Sums]:
    """What the test needs of a cell, by metric."""
    rollup = Rollup(counts)
    return {name: metric.read(rollup) for name, metric in METRICS.items()}


def told(evidence: Mapping[str, Evidence], terms: Terms) -> str:
    """The figures of all metrics, for a person."""
    known = [(METRICS[name], one) for name in METRICS if (one := evidence.get(name)) and one.weight]
    if not known:
        return "nothing to compare"
    unseen = [one.unseen for name, one in METRICS.items() if name not in evidence and one.unseen]
    return "; ".join([*(f"{metric.words} {metric.told(one, terms)}" for metric, one in known), *unseen])


def _failed(rollup: Rollup) -> Sums:
    return _share(rollup.errors, rollup.whole("rk") + rollup.errors)


def _diverted(rollup: Rollup) -> Sums:
    return _share(rollup.whole("rd"), rollup.requests)


def _share(some: int, all_: int) -> Sums:
    return Sums(all_, some, some)


def _latency(rollup: Rollup) -> Sums:
    """In nats: the mean of logarithms is that of factors, and one that hangs does not drown all others."""
    known = [(times, logarithm(number)) for number, times in rollup.latency.buckets.items()]
    return Sums(
        sum(times for times, _ in known),
        sum(times * log for times, log in known),
        sum(times * log * log for times, log in known),
    )


def _cost(rollup: Rollup) -> Sums:
    return Sums(rollup.requests, float(rollup.cost_usd), rollup.whole("u2") / 1e18)


def _badness(rollup: Rollup) -> Sums:
    """What answers that were judged lack of being perfect."""
    count, total, squares = rollup.whole("vn"), rollup.whole("vs") / UNIT, rollup.whole("vq") / UNIT**2
    return Sums(count, count - total, count - 2 * total + squares)


def _shares(tolerance: Callable[[Terms], float]) -> Callable[[Evidence, Terms], str]:
    def words(one: Evidence, terms: Terms) -> str:
        canary = max(0.0, one.canary / one.weight + tolerance(terms))
        return f"{canary:.2%} against {one.control / one.weight:.2%}"

    return words


def _of_shares(tolerance: Callable[[Terms], float]) -> Callable[[Sums, Sums, Terms], tuple[float, float]]:
    def varies(_: Sums, control: Sums, terms: Terms) -> tuple[float, float]:
        share = control.mean
        worst = min(1.0, share + tolerance(terms))
        return worst * (1 - worst), share * (1 - share)

    return varies


def _alike(canary: Sums, control: Sums, _: Terms) -> tuple[float, float]:
    together = variance(canary + control)
    return together, together


def _of_scores(canary: Sums, control: Sums, terms: Terms) -> tuple[float, float]:
    """As all together; a worse canary's more, by as much as shares would, the nearer scores come to right or wrong."""
    together, lost = canary + control, terms.quality
    spread, bad = variance(together), min(max(together.mean, 0.0), 1.0)
    most = bad * (1 - bad)
    likeness = min(1.0, spread / most) if most else 1.0
    return spread + max(0.0, likeness * lost * (1 - 2 * bad - lost)), spread


def _seconds_told(one: Evidence, terms: Terms) -> str:
    canary = math.exp(one.canary / one.weight) * terms.latency
    return f"{canary / 1e3:.2f} s against {math.exp(one.control / one.weight) / 1e3:.2f} s"


def _usd_told(one: Evidence, terms: Terms) -> str:
    per_unit = one.unit / one.weight
    return f"${one.canary * terms.cost * per_unit:.6f} against ${one.control * per_unit:.6f}"


def _quality_told(one: Evidence, terms: Terms) -> str:
    canary = 1 - one.canary / one.weight - terms.quality
    return f"{canary:.3f} against {1 - one.control / one.weight:.3f}"


def _share_metric(words: str, read: Callable[[Rollup], Sums], tolerance: Callable[[Terms], float]) -> Metric:
    return Metric(
        words,
        read,
        lambda sums, terms: sums.less(tolerance(terms)),
        _shares(tolerance),
        _of_shares(tolerance),
    )


METRICS: Mapping[str, Metric] = {
    "failed": _share_metric("failed requests", _failed, lambda terms: terms.failed),
    "diverted": _share_metric("requests that the first choice did not answer", _diverted, lambda terms: terms.diverted),
    "latency": Metric(
        "latency", _latency, lambda sums, terms: sums.less(math.log(terms.latency)), _seconds_told, _alike
    ),
    "cost": Metric(
        "cost per request",
        _cost,
        lambda sums, terms: sums.over(terms.cost),
        _usd_told,
        _alike,
        lambda control: max(control.mean, CHEAPEST),
    ),
    "quality": Metric(
        "quality of answers",
        _badness,
        lambda sums, terms: sums.less(terms.quality),
        _quality_told,
        _of_scores,
        unseen="quality of answers not compared, as not both had judged ones",
    ),
}
"""All that a canary is tested on; `Terms` has a tolerance for each, by the same name."""
