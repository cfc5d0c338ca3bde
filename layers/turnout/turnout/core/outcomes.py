"""What one request of a kind of task is expected to give with each model, and how observations move that."""

from collections.abc import Mapping
from statistics import fmean

from turnout.core.frozen import frozen


@frozen
class Expected:
    """What one request of a task is expected to give with one model.

    `quality` 0 to 1; `cost_usd` is the answer's, `usd_per_token` the prompt's; `latency_s` to the end of the answer;
    `success` the share of attempts that answer; `count` the observations behind it, a prior's included.
    """

    quality: float
    cost_usd: float
    usd_per_token: float = 0.0
    latency_s: float = 0.0
    success: float = 1.0
    count: float = 0.0


type Row = Mapping[str, Expected]
"""Expected outcomes by model id."""


@frozen
class Outcomes:
    """The rows by task. `safe` is the row for prompts whose task is not clear; `version` names where it all comes from.

    Below the confidence `threshold` the safe row is used.
    """

    rows: Mapping[str, Row]
    safe: Row
    threshold: float = 0.5
    version: str = ""


def safe_row(rows: Mapping[str, Row]) -> Row:
    """What is expected where the task is not clear: the mean over all tasks, of each model that is in all of them."""
    every = list(rows.values())
    if not every:
        return {}
    names = [name for name in every[0] if all(name in row for row in every)]
    return {name: _mean([row[name] for row in every]) for name in names}


def updated(prior: Expected, seen: Expected) -> Expected:
    """The prior after so many observations: their mean, weighted by the counts, so that few of them move it little.

    Of `seen`, `usd_per_token` is not used: prices are facts of the catalog, not observations.
    """
    total = prior.count + seen.count
    if not seen.count:
        return prior
    share = seen.count / total
    return Expected(
        quality=_between(prior.quality, seen.quality, share),
        cost_usd=_between(prior.cost_usd, seen.cost_usd, share),
        usd_per_token=prior.usd_per_token,
        latency_s=_between(prior.latency_s, seen.latency_s, share),
        success=_between(prior.success, seen.success, share),
        count=total,
    )


def _between(old: float, new: float, share: float) -> float:
    return old + share * (new - old)


def _mean(many: list[Expected]) -> Expected:
    return Expected(
        quality=fmean(one.quality for one in many),
        cost_usd=fmean(one.cost_usd for one in many),
        usd_per_token=fmean(one.usd_per_token for one in many),
        latency_s=fmean(one.latency_s for one in many),
        success=fmean(one.success for one in many),
        count=fmean(one.count for one in many),
    )
