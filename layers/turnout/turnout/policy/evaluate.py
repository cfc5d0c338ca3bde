"""Off-policy evaluation: what requests would get if another model were asked first, from decisions drawn by chance.

Each drawn decision weighs one over its propensity. Two estimators from the sums of `draws`, for the mean of a metric
over all requests of which one model could be the first:

    snips            the weighted mean of its own draws (Swaminathan and Joachims, "The Self-Normalized Estimator for
                     Counterfactual Learning", NeurIPS 2015); interval by Fieller
    doubly_robust    what is expected of it anyway, corrected by the weighted residuals of its draws (Dudik, Langford,
                     Li, "Doubly Robust Policy Evaluation and Learning", ICML 2011, https://arxiv.org/abs/1103.4601);
                     where a metric is not always observed, of its ratio to the observed; interval by the delta method

The effective sample size is the squared sum of the weights over the sum of their squares (Kish). Where it is small, or
where the weights of a model do not add up to the number of decisions, so that it could not be drawn for all of them,
there is a refusal in words instead of a number.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from turnout.core.frozen import frozen
from turnout.core.policies import Interval, Metric
from turnout.policy.draws import LETTERS, UNITS, WEIGHT_UNIT
from turnout.policy.estimate import Z
from turnout.policy.rollup import Cell, Counts, Rollup, grouped

LEAST_EFFECTIVE = 50.0
"""Effective samples below which nothing is told."""
OVERLAP = 0.1
"""Overlap is poor where weights miss the number of decisions by this part of it, and by more than chance does."""
SHARES: frozenset[Metric] = frozenset({"success", "quality"})
"""Metrics from 0 to 1. To their intervals a good and a bad draw are added (Agresti and Caffo, 2000)."""


@frozen
class Sums:
    """Over the draws of a model in which a metric was observed: how many, and the sums of weights w and values r."""

    n: float = 0.0
    w: float = 0.0
    ww: float = 0.0
    wr: float = 0.0
    wwr: float = 0.0
    wwrr: float = 0.0

    @property
    def effective(self) -> float:
        """How many draws of equal weight would tell as much."""
        return self.w * self.w / self.ww if self.ww else 0.0

    @property
    def mean(self) -> float:
        """The weighted mean. Raises ZeroDivisionError without draws."""
        return self.wr / self.w

    def squares(self, at: float) -> float:
        """The sum of the squared weighted residuals around a value."""
        return max(0.0, self.wwrr - 2 * at * self.wwr + at * at * self.ww)

    def steadied(self) -> "Sums":
        """With a draw of 1 and one of 0 more, each of a typical weight."""
        one = self.ww / self.w
        two = one * one
        return Sums(self.n + 2, self.w + 2 * one, self.ww + 2 * two, self.wr + one, self.wwr + two, self.wwrr + two)


NOTHING = Sums()

type Arm = Mapping[Metric, Sums]
"""The draws of one model as the first, by metric. Success is observed in all of them."""
type Arms = Mapping[str, Arm]
"""The arms of a goal and a task, by model id."""


@frozen
class Refused:
    """Why there is no estimate."""

    why: str


@frozen
class Valued:
    """An estimate from so many effective samples."""

    interval: Interval
    effective: float


def draws(cells: Iterable[tuple[Cell, Counts]]) -> Mapping[tuple[str, str], Arms]:
    """The arms by goal and task, from cells of the dimension `choice`; whatever the policy."""
    found: defaultdict[tuple[str, str], dict[str, Arm]] = defaultdict(dict)
    for (goal, task, model), rollup in grouped(cells, lambda c: (c["goal"], c["task"], c["first"])).items():
        found[goal, task][model] = {metric: _sums(rollup, metric) for metric in LETTERS}
    return found


def _sums(rollup: Rollup, metric: Metric) -> Sums:
    letter, unit = LETTERS[metric], UNITS[metric]
    n, w, v, one, two, three = (rollup.whole(letter + name) for name in "nwv123")
    w_, w2 = float(WEIGHT_UNIT), float(WEIGHT_UNIT) ** 2
    return Sums(n, w / w_, v / w2, one / (w_ * unit), two / (w2 * unit), three / (w2 * unit * unit))


def refusal(arms: Arms, model: str) -> str:
    """Why a model cannot be evaluated; empty when it can be."""
    total = sum(arm["success"].n for arm in arms.values())
    if not total:
        return "no decision was drawn by chance: let some keys explore"
    own = arms.get(model, {}).get("success", NOTHING)
    if own.effective < LEAST_EFFECTIVE:
        return (
            f"{model} was drawn first {own.n:.0f} times, {own.effective:.0f} effective of {LEAST_EFFECTIVE:.0f} needed"
        )
    share = own.w / total
    error = math.sqrt(max(0.0, own.ww / total**2 - share * share / total))
    if abs(share - 1) <= max(OVERLAP, 3 * error):
        return ""
    if share > 1:
        return f"the weights of {model} add up to {share:.0%} of the decisions: their propensities are not right"
    return f"{model} could be drawn for some {share:.0%} of the decisions only: poor overlap"


def snips(arms: Arms, model: str, metric: Metric) -> Valued | Refused:
    """The value of a metric if `model` is first."""
    if why := _refused(arms, model, metric):
        return Refused(why)
    own = arms[model][metric]
    return Valued(_fieller(own, metric), own.effective)


def _refused(arms: Arms, model: str, metric: Metric) -> str:
    if why := refusal(arms, model):
        return why
    effective = arms[model][metric].effective
    short = effective < LEAST_EFFECTIVE
    return (
        f"{metric} of {model} was observed {effective:.0f} effective times of {LEAST_EFFECTIVE:.0f} needed"
        if short
        else ""
    )


def _fieller(own: Sums, metric: Metric) -> Interval:
    """All values whose weighted residuals are within chance: a quadratic inequality."""
    used = own.steadied() if metric in SHARES else own
    t = _t(used.effective)
    a = used.w**2 - t * t * used.ww
    b = used.w * used.wr - t * t * used.wwr
    c = used.wr**2 - t * t * used.wwrr
    half = math.sqrt(max(0.0, b * b - a * c))
    return _bounded((b - half) / a, own.mean, (b + half) / a, metric)


@frozen
class _Correction:
    """What the draws of an arm add to what is expected: the value, and each draw's part in its error.

    `base` counts for every decision; draws add `total`, with `squares` for their sum of squares.
    """

    value: float
    scale: float
    base: float
    total: float
    squares: float
    effective: float


def doubly_robust(arms: Arms, model: str, metric: Metric, expected: float) -> Valued | Refused:
    """The value of a metric if `model` is first, where `expected` is what is known of it anyway."""
    if why := _refused(arms, model, metric):
        return Refused(why)
    decisions = _decisions(arms)
    raw, used = (_correction(arms[model], metric, expected, decisions, steady) for steady in (False, True))
    error = math.sqrt(used.squares + 2 * used.base * used.total + decisions * used.base**2) / used.scale
    return Valued(_around(raw.value, used.value, error, used.effective, metric), raw.effective)


def difference(arms: Arms, models: tuple[str, str], metric: Metric, expected: tuple[float, float]) -> Valued | Refused:
    """How much more a metric is if the second of `models` is first than if the first is: doubly robust."""
    for model in models:
        if why := _refused(arms, model, metric):
            return Refused(why)
    decisions = _decisions(arms)
    raw, used = (
        [_correction(arms[m], metric, e, decisions, steady) for m, e in zip(models, expected, strict=True)]
        for steady in (False, True)
    )
    error = math.sqrt(max(0.0, _spread(used[0], used[1], decisions)))
    effective = min(one.effective for one in raw)
    values = [pair[1].value - pair[0].value for pair in (raw, used)]
    return Valued(_around(values[0], values[1], error, effective, None), effective)


def _spread(old: _Correction, new: _Correction, decisions: float) -> float:
    """The variance of the difference: no decision is drawn for both."""
    alone = sum((one.squares + 2 * one.base * one.total + decisions * one.base**2) / one.scale**2 for one in (old, new))
    crossed = decisions * old.base * new.base + old.base * new.total + new.base * old.total
    return alone - 2 * crossed / (old.scale * new.scale)


def _decisions(arms: Arms) -> float:
    return sum(arm["success"].n for arm in arms.values())


def _correction(arm: Arm, metric: Metric, expected: float, decisions: float, steady: bool) -> _Correction:
    """The ratio of two doubly robust means, of the values where observed and of being observed."""
    every, own = arm["success"], arm[metric]
    if steady and metric in SHARES:
        every, own = (every.steadied(), own.steadied()) if metric == "success" else (every, own.steadied())
    share = own.w / every.w
    guess = share * expected
    value = (guess + (own.wr - guess * every.w) / decisions) / share
    base = share * (expected - value)
    total = own.wr - value * own.w - base * every.w
    squares = own.squares(value) - 2 * base * (own.wwr - value * own.ww) + base**2 * every.ww
    return _Correction(value, decisions * share, base, total, squares, own.effective)


def _around(mid: float, center: float, error: float, effective: float, metric: Metric | None) -> Interval:
    reach = _t(effective) * error
    if metric is None:
        return Interval(min(mid, center - reach), mid, max(mid, center + reach))
    return _bounded(center - reach, mid, center + reach, metric)


def _bounded(low: float, mid: float, high: float, metric: Metric) -> Interval:
    most = 1.0 if metric in SHARES else math.inf
    return Interval(*(min(max(value, 0.0), most) for value in (min(low, mid), mid, max(high, mid))))


def _t(effective: float) -> float:
    """The two-sided 95% point of Student's t, by Cornish and Fisher's expansion."""
    v = max(1.0, effective - 1)
    return Z + (Z**3 + Z) / (4 * v) + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * v * v)
