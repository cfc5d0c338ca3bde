"""Drift: whether a model does another job than it did, told from rollups alone, at a stated rate of false alarms.

For each model, task and metric the hours of the last days are tested against those of the window before. An hour is one
sample, so that requests which share its troubles do not pass for independent evidence. The statistic is the difference
of the means per request over its standard error where both windows have the same mean, its residuals summed by hour: a
score test that is robust to clusters (Boos, "On Generalized Score Tests", The American Statistician, 1992). Times are
compared by their ridits in the pooled buckets (Bross, "How to Use Ridit Analysis", Biometrics, 1958), which makes it
the Mann-Whitney test: the shift is the probability that a later request is slower than an earlier one, less a half.

Over all tests of a report the procedure of Benjamini and Hochberg (1995) holds the rate of false discoveries: where
nothing has drifted, at most FALSE_ALARMS of the reports name a drift. That is so as long as the hours of both windows
are alike but for chance; windows of whole days keep the daily round out of the comparison.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import NormalDist

from turnout.core.frozen import frozen
from turnout.policy.rollup import SERIES, Cell, Counts, Rollup, grouped
from turnout.policy.sketch import Sketch

FALSE_ALARMS = 0.05
"""The share of reports that name a drift though nothing has drifted, at most."""
LEAST_HOURS = 24
"""How many hours with observations either window needs."""
LEAST_EVENTS = 5.0
"""What a test of how often something happens must expect of it in either window (Cochran's rule)."""

HOUR = 3_600
RECENT = 3 * 24 * HOUR
BEFORE = 14 * 24 * HOUR
"""Seconds of the two windows: whole days, so that both have the same hours; the longer in weeks, for the weekends."""

type Hours = Sequence[Rollup]


@frozen
class Sample:
    """What one hour says of a metric: how many observations, and their sum."""

    count: float
    total: float


@frozen
class Comparison:
    """Two windows as samples; `told` is what a person is told of each."""

    before: Sequence[Sample]
    after: Sequence[Sample]
    told: tuple[float, float]


@frozen
class Metric:
    """Something that may drift. `least` is the smallest shift worth telling, as a part of the mean if `relative`."""

    name: str
    compare: Callable[[Hours, Hours], Comparison | None]
    least: float
    relative: bool = False


@frozen
class Finding:
    """One test. `before` and `after` are medians in ms for times, else means; `drifted`: it is named."""

    model: str
    task: str
    metric: str
    before: float
    after: float
    shift: float
    p_value: float
    drifted: bool = False


def windows(now: float) -> tuple[float, float, float]:
    """In epoch seconds: where the window before begins, where the recent one does, and its end, the last whole hour."""
    until = now // HOUR * HOUR
    return until - RECENT - BEFORE, until - RECENT, until


def drifts(
    before: Iterable[tuple[Cell, Counts]], after: Iterable[tuple[Cell, Counts]], false_alarms: float = FALSE_ALARMS
) -> list[Finding]:
    """A finding for each model, task and metric with enough evidence, from the hourly `model` cells of two windows."""
    earlier, later = _by_hour(before), _by_hour(after)
    return named(
        (
            found
            for key in sorted(earlier.keys() & later.keys())
            for metric in METRICS.values()
            if (found := finding(metric, *key, metric.compare(earlier[key], later[key])))
        ),
        false_alarms,
    )


def _by_hour(cells: Iterable[tuple[Cell, Counts]]) -> Mapping[tuple[str, str], Hours]:
    """By model and task, whatever the policy. What no model has answered is no model's."""
    hours = grouped(cells, lambda cell: (cell["model"], cell["task"], cell.start))
    found: defaultdict[tuple[str, str], list[Rollup]] = defaultdict(list)
    for (model, task, _), rollup in hours.items():
        if model:
            found[model, task].append(rollup)
    return found


def finding(metric: Metric, model: str, task: str, compared: Comparison | None) -> Finding | None:
    """The test of one metric; None when there is not enough to test."""
    if not compared or min(len(compared.before), len(compared.after)) < LEAST_HOURS:
        return None
    shift = mean(compared.after) - mean(compared.before)
    return Finding(model, task, metric.name, *compared.told, shift, p_value(compared.before, compared.after))


def named(findings: Iterable[Finding], false_alarms: float = FALSE_ALARMS) -> list[Finding]:
    """The findings with those marked that are a drift: a discovery among all of them, and large enough to matter."""
    found = list(findings)
    limit = largest_discovery([test.p_value for test in found], false_alarms)
    return [replace(test, drifted=test.p_value <= limit and _matters(test)) for test in found]


def _matters(test: Finding) -> bool:
    metric = METRICS[test.metric]
    return abs(test.shift) >= metric.least * (test.before if metric.relative else 1)


def largest_discovery(p_values: Sequence[float], false_alarms: float) -> float:
    """The largest p-value that Benjamini and Hochberg's procedure takes for a discovery; -1 when there is none."""
    ranked = enumerate(sorted(p_values), start=1)
    return max((p for rank, p in ranked if p <= false_alarms * rank / len(p_values)), default=-1.0)


def p_value(before: Sequence[Sample], after: Sequence[Sample]) -> float:
    """How likely so large a difference of the means is, either way, while both windows have the same."""
    center = mean([*before, *after])
    variance = _variance(before, center) + _variance(after, center)
    if not variance:
        return 1.0
    return two_sided((mean(after) - mean(before)) / math.sqrt(variance), len(before) + len(after) - 2)


def mean(samples: Sequence[Sample]) -> float:
    """Per observation. Raises ZeroDivisionError without any."""
    return sum(sample.total for sample in samples) / sum(sample.count for sample in samples)


def _variance(samples: Sequence[Sample], center: float) -> float:
    """Of a window's mean, were `center` the true one."""
    residuals = sum((sample.total - center * sample.count) ** 2 for sample in samples)
    return residuals / sum(sample.count for sample in samples) ** 2


def two_sided(t: float, freedom: int) -> float:
    """Both tails of Student's t, by Wallace's approximation (1959); it is right to a few percent far out, too."""
    z = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(t * t / freedom))
    return 2 * NormalDist().cdf(-z)


def _times(read: Callable[[Rollup], Sketch]) -> Callable[[Hours, Hours], Comparison | None]:
    def compare(before: Hours, after: Hours) -> Comparison | None:
        earlier, later = list(map(read, before)), list(map(read, after))
        medians = _median(earlier), _median(later)
        return Comparison(*ridits(earlier, later), medians)

    return compare


def _median(hours: Iterable[Sketch]) -> float:
    return sum(hours, Sketch()).quantile(0.5) or 0.0


def ridits(before: Sequence[Sketch], after: Sequence[Sketch]) -> tuple[list[Sample], list[Sample]]:
    """Each hour as the sum of its values' ridits: the share of all values that are smaller, and half of those alike."""
    pooled = sum((*before, *after), Sketch())
    numbers = sorted(pooled.buckets)
    below = accumulate((pooled.buckets[number] for number in numbers), initial=0)
    middles = ((low + high) / 2 / pooled.count for low, high in pairwise(below))
    ridit = dict(zip(numbers, middles, strict=True))
    return _ranked(before, ridit), _ranked(after, ridit)


def _ranked(hours: Iterable[Sketch], ridit: Mapping[int, float]) -> list[Sample]:
    return _seen(Sample(hour.count, sum(times * ridit[n] for n, times in hour.buckets.items())) for hour in hours)


def _seen(samples: Iterable[Sample]) -> list[Sample]:
    return [sample for sample in samples if sample.count]


def _means(read: Callable[[Rollup], Sample]) -> Callable[[Hours, Hours], Comparison | None]:
    def compare(before: Hours, after: Hours) -> Comparison | None:
        earlier, later = _seen(map(read, before)), _seen(map(read, after))
        return Comparison(earlier, later, (mean(earlier), mean(later))) if earlier and later else None

    return compare


def _rates(read: Callable[[Rollup], Sample]) -> Callable[[Hours, Hours], Comparison | None]:
    """The same for what happens or does not: nothing is told where it is too rare to be tested."""
    means = _means(read)

    def compare(before: Hours, after: Hours) -> Comparison | None:
        compared = means(before, after)
        return compared if compared and not _rare(compared) else None

    return compare


def _rare(compared: Comparison) -> bool:
    rate = mean([*compared.before, *compared.after])
    fewest = min(sum(sample.count for sample in window) for window in (compared.before, compared.after))
    return fewest * min(rate, 1 - rate) < LEAST_EVENTS


def _errors(hour: Rollup) -> Sample:
    return Sample(hour.whole("ak") + hour.whole("ae"), hour.whole("ae"))


def _cost(hour: Rollup) -> Sample:
    return Sample(hour.whole("aq"), float(hour.cost_usd))


def _series(name: str) -> Callable[[Rollup], Sample]:
    def read(hour: Rollup) -> Sample:
        verdicts = hour.verdicts(name)
        return Sample(verdicts.count, float(verdicts.sum))

    return read


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("latency_ms", _times(lambda hour: hour.latency), least=0.05),
        Metric("first_token_ms", _times(lambda hour: hour.first_token), least=0.05),
        Metric("error_rate", _rates(_errors), least=0.01),
        Metric("cost_usd", _means(_cost), least=0.05, relative=True),
        *(
            Metric(name, (_means if name in ("feedback", "judge") else _rates)(_series(name)), least=0.02)
            for name in SERIES
        ),
    )
}
"""All that is tested of a model's own attempts, among it each series of quality under its name."""
