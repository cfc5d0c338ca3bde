"""What is expected of a change, by metric: from decisions drawn by chance where they reach, else from what is known."""

import math
from collections.abc import Mapping
from dataclasses import replace

from turnout.core.goals import WEIGHTS
from turnout.core.policies import Chain, Effect, Interval, Metric
from turnout.policy.estimate import Estimate, Z, together
from turnout.policy.evaluate import Refused, Valued, difference, doubly_robust
from turnout.policy.evidence import Known
from turnout.policy.options import Case

METRICS: tuple[Metric, ...] = ("quality", "success", "latency_ms", "cost_usd")
MOST: Mapping[Metric, float] = {"quality": 1.0, "success": 1.0}
"""The largest value that a metric can have, where there is one."""


def effects(case: Case, proposed: Chain) -> tuple[Effect, ...]:
    """What a request gets of each metric with the primary of now and with the proposed one, and the change."""
    old, new = (case.kind.known.get(names[0]) if names else None for names in (case.now, proposed))
    return tuple(_effect(case, metric, old, new) for metric in METRICS)


def evaluated_gain(case: Case, new: Known) -> Estimate | None:
    """What the goal gains by a primary as far as drawn decisions tell; None where they do not tell of any metric."""
    old = case.kind.known[case.now[0]]
    found = effects(case, (new.model.id,))
    if all(one.method == "direct" for one in found):
        return None
    weights, expected = WEIGHTS[case.goal], old.expected
    worth: dict[Metric, float] = {
        "quality": weights.quality * expected.success,
        "success": weights.quality * expected.quality + weights.success,
        "cost_usd": -case.caution * weights.usd,
        "latency_ms": -case.caution * weights.second / 1000,
    }
    changes = [(worth[one.metric], one.change) for one in found if one.change]
    return Estimate(
        sum(value * change.mid for value, change in changes),
        together(value * (change.high - change.low) / (2 * Z) for value, change in changes),
    )


def _effect(case: Case, metric: Metric, old: Known | None, new: Known | None) -> Effect:
    tokens, most = case.kind.prompt_tokens, MOST.get(metric, math.inf)
    was, will = (one.metric(metric, tokens) if one else None for one in (old, new))
    moves = old is not None and new is not None and old is not new
    direct = Effect(
        metric,
        was.within(0.0, most) if was else None,
        will.within(0.0, most) if will else None,
        (will - was).within() if was and will and moves else None,
    )
    return _evaluated(case, direct, old, new) if old and new else direct


def _evaluated(case: Case, direct: Effect, old: Known, new: Known) -> Effect:
    """The same from drawn decisions, if they reach."""
    metric, names = direct.metric, (old.model.id, new.model.id)
    expected = old.metric(metric, case.kind.prompt_tokens).mean, new.metric(metric, case.kind.prompt_tokens).mean
    was, will = (doubly_robust(case.arms, name, metric, guess) for name, guess in zip(names, expected, strict=True))
    change = difference(case.arms, names, metric, expected) if direct.change else None
    if refused := next((one.why for one in (was, will, change) if isinstance(one, Refused)), ""):
        return replace(direct, refused=refused)
    return Effect(metric, _interval(was), _interval(will), _interval(change), method="doubly_robust")


def _interval(found: Valued | Refused | None) -> Interval | None:
    return found.interval if isinstance(found, Valued) else None
