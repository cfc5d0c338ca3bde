"""Cost against quality: what a request of this deployment's own mix of tasks gives with each model.

Of a model at a task it is what was observed, where that is enough, else what is expected.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from turnout.core.frozen import frozen
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Advice
from turnout.policy.report import Point
from turnout.policy.report_sums import Cells, judged
from turnout.policy.rollup import TOKENS, Rollup, grouped

ENOUGH = 100
"""Attempts, and verdicts, of a model at a task from which on they are shown instead of what is expected."""
SEEN = frozenset({"aq", "us", "jdn", "jds", "fbn", "fbs"})
ASKED = frozenset({"rq", "aq", *TOKENS})
"""The counts that are read, of models and of routes."""


@frozen
class Share:
    """A task's part in the mix: its requests, the tokens of its mean prompt, and what was counted of each model."""

    row: Mapping[str, Expected]
    requests: int
    prompt_tokens: float
    seen: Mapping[str, Rollup]


@frozen
class Mean:
    """Cost and quality of the mean request, and what they rest on; see `report.Point`."""

    cost_usd: float
    quality: float
    observed: float
    attempts: int
    verdicts: int


def tradeoff(outcomes: Outcomes, models: Cells, routes: Cells, advice: Sequence[Advice]) -> tuple[Point, ...]:
    """Each model that is known for all tasks asked here, by its id; `outcomes` are what is expected of them."""
    mix = _mix(outcomes, models, routes)
    names = sorted({name for share in mix for name in share.row if all(name in other.row for other in mix)})
    means = {name: _mean(name, mix) for name in names}
    now, proposed = _primaries(one.now for one in advice), _primaries(one.proposed for one in advice)
    return tuple(
        Point(
            model=name,
            cost_usd=one.cost_usd,
            quality=one.quality,
            observed=one.observed,
            attempts=one.attempts,
            verdicts=one.verdicts,
            frontier=not any(_beats(other, one) for other in means.values()),
            primary_now=now[name],
            primary_proposed=proposed[name],
        )
        for name, one in means.items()
    )


def _mix(outcomes: Outcomes, models: Cells, routes: Cells) -> list[Share]:
    """The tasks that are asked here; where nothing is, all that are known, in equal parts."""
    asked = grouped(routes, lambda cell: cell["task"], ASKED)
    known = {task: asked[task] for task in outcomes.rows if task in asked and asked[task].requests}
    if not known:
        return [Share(row, 1, 0.0, {}) for row in outcomes.rows.values()]
    seen = grouped(models, lambda cell: (cell["task"], cell["model"]), SEEN)
    by_task = {task: {model: one for (at, model), one in seen.items() if at == task} for task in known}
    return [
        Share(outcomes.rows[task], rollup.requests, _prompt(rollup), by_task[task]) for task, rollup in known.items()
    ]


def _prompt(rollup: Rollup) -> float:
    usage = rollup.usage
    return (usage.input + usage.cached_input + usage.cache_write + usage.image) / max(1, rollup.whole("aq"))


def _mean(name: str, mix: Sequence[Share]) -> Mean:
    parts = [(_of_task(name, share), share.requests) for share in mix]
    whole = sum(requests for _, requests in parts)
    return Mean(
        sum(one.cost_usd * requests for one, requests in parts) / whole,
        sum(one.quality * requests for one, requests in parts) / whole,
        sum(one.observed * requests for one, requests in parts) / whole,
        sum(one.attempts for one, _ in parts),
        sum(one.verdicts for one, _ in parts),
    )


def _of_task(name: str, share: Share) -> Mean:
    """A request of one task: what was seen of each figure, where that is enough."""
    expected, seen = share.row[name], share.seen.get(name, Rollup())
    attempts, verdicts = seen.whole("aq"), judged(seen)
    tried, known = attempts >= ENOUGH, verdicts.count >= ENOUGH
    cost = (
        float(seen.cost_usd) / attempts if tried else expected.cost_usd + expected.usd_per_token * share.prompt_tokens
    )
    quality = verdicts.mean if known and verdicts.mean is not None else expected.quality
    return Mean(cost, quality, (tried + known) / 2, attempts, verdicts.count)


def _beats(one: Mean, other: Mean) -> bool:
    """Whether one is at least as cheap and as good as the other, and not the same."""
    same = (one.cost_usd, one.quality) == (other.cost_usd, other.quality)
    return one.cost_usd <= other.cost_usd and one.quality >= other.quality and not same


def _primaries(chains: Iterable[Sequence[str]]) -> Counter[str]:
    return Counter(chain[0] for chain in chains if chain)
