"""What is known of each model at a task: the prior after what was observed, with the errors of what was observed."""

from collections.abc import Mapping
from dataclasses import replace

from turnout.core.frozen import frozen
from turnout.core.goals import Weights, score
from turnout.core.models import Model
from turnout.core.outcomes import Expected, updated
from turnout.core.policies import Metric
from turnout.policy.estimate import Estimate, mean_error, share_error, together
from turnout.policy.rollup import Rollup
from turnout.policy.verdicts import QUALITY

WORTHLESS = ("bad_json", "bad_tools")
"""The signals that an answer is as good as none: it counts as a failure of the model."""


@frozen
class Known:
    """One model at one task: attempts that count, verdicts on them, and the standard errors of what is expected.

    Those of cost are USD, of latency seconds. A prior counts as it is: it has no error.
    """

    model: Model
    expected: Expected
    errors: Mapping[Metric, float]
    attempts: int = 0
    verdicts: int = 0

    def metric(self, name: Metric, prompt_tokens: float) -> Estimate:
        """What a request with a prompt of so many tokens is expected to give."""
        one = self.expected
        values: dict[Metric, float] = {
            "quality": one.quality,
            "success": one.success,
            "latency_ms": one.latency_s * 1000,
            "cost_usd": one.cost_usd + prompt_tokens * one.usd_per_token,
        }
        return Estimate(values[name], self.errors[name] * (1000 if name == "latency_ms" else 1))

    def utility(self, weights: Weights, prompt_tokens: float, caution: float) -> Estimate:
        """By what the goal values; metrics count as independent."""
        one, errors = self.expected, self.errors
        parts = (
            weights.quality * one.success * errors["quality"],
            (weights.quality * one.quality + weights.success) * errors["success"],
            caution * weights.usd * errors["cost_usd"],
            caution * weights.second * errors["latency_ms"],
        )
        return Estimate(score(one, weights, prompt_tokens, caution), together(parts))


def known(model: Model, prior: Expected, seen: Rollup) -> Known:
    """The prior of a model at a task after a rollup of its attempts."""
    tried, worked = _tried(seen), seen.whole("ak")
    verdicts = [seen.verdicts(series) for series in QUALITY]
    judged, quality = sum(one.count for one in verdicts), float(sum(one.sum for one in verdicts))
    good = max(0.0, worked - float(sum(seen.verdicts(series).sum for series in WORTHLESS)))
    sent = seen.whole("aq")
    cost, squares = float(seen.cost_usd), seen.whole("u2") / 1e18
    time, times = seen.whole("ls") / 1e3, seen.whole("lq") / 1e6
    answer = max(0.0, cost - seen.usage.prompt * prior.usd_per_token)
    after = replace(
        _moved(prior, sent, cost_usd=_mean(answer, sent)),
        quality=_moved(prior, judged, quality=_mean(quality, judged)).quality,
        success=_moved(prior, tried, success=_mean(good, tried)).success,
        latency_s=_moved(prior, worked, latency_s=_mean(time, worked)).latency_s,
    )
    errors: dict[Metric, float] = {
        "quality": _shrunk(share_error(judged, quality), judged, prior),
        "success": _shrunk(share_error(tried, good), tried, prior),
        "cost_usd": _shrunk(mean_error(sent, cost, squares), sent, prior),
        "latency_ms": _shrunk(mean_error(worked, time, times), worked, prior),
    }
    return Known(model, after, errors, tried, judged)


def _tried(seen: Rollup) -> int:
    """Attempts that ended well, or did not by the fault of the model or its vendor."""
    return seen.whole("ak") + seen.whole("bm") + seen.whole("bv")


def _moved(prior: Expected, count: int, **seen: float) -> Expected:
    return updated(prior, replace(prior, count=count, **seen))


def _shrunk(error: float, count: int, prior: Expected) -> float:
    """The error of a mean that the prior holds back."""
    return error * count / (count + prior.count) if count else 0.0


def _mean(total: float, count: int) -> float:
    return total / count if count else 0.0
