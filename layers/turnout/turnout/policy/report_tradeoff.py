"""Cost against quality: what a request of this deployment's own mix of tasks is expected to give with each model."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Advice
from turnout.policy.report import Point
from turnout.policy.report_sums import Cells
from turnout.policy.rollup import Rollup, grouped


@dataclass(frozen=True, slots=True)
class Share:
    """A task's part in the mix: its requests, and the tokens of its mean prompt."""

    row: Mapping[str, Expected]
    requests: int
    prompt_tokens: float


def tradeoff(outcomes: Outcomes, routes: Cells, advice: Sequence[Advice], prior_count: float) -> tuple[Point, ...]:
    """Each model that is known for all tasks asked here, by its id.

    `prior_count` is how many observations the priors within `outcomes` count for.
    """
    mix = _mix(outcomes, routes)
    names = sorted({name for share in mix for name in share.row if all(name in other.row for other in mix)})
    means = {name: _mean(name, mix, prior_count) for name in names}
    now, proposed = _primaries(one.now for one in advice), _primaries(one.proposed for one in advice)
    return tuple(
        Point(
            model=name,
            cost_usd=cost,
            quality=quality,
            observed=observed,
            frontier=not any(_beats(other[:2], (cost, quality)) for other in means.values()),
            primary_now=now[name],
            primary_proposed=proposed[name],
        )
        for name, (cost, quality, observed) in means.items()
    )


def _mix(outcomes: Outcomes, routes: Cells) -> list[Share]:
    """The tasks that are asked here; where nothing is, all that are known, in equal parts."""
    asked = grouped(routes, lambda cell: cell["task"])
    known = {task: asked[task] for task in outcomes.rows if task in asked and asked[task].requests}
    if not known:
        return [Share(row, 1, 0.0) for row in outcomes.rows.values()]
    return [Share(outcomes.rows[task], rollup.requests, _prompt(rollup)) for task, rollup in known.items()]


def _prompt(rollup: Rollup) -> float:
    usage = rollup.usage
    return (usage.input + usage.cached_input + usage.cache_write + usage.image) / max(1, rollup.whole("aq"))


def _mean(name: str, mix: Sequence[Share], prior_count: float) -> tuple[float, float, float]:
    """Cost, quality and the share that was observed, of the mean request."""
    whole = sum(share.requests for share in mix)
    parts = [(share.row[name], share) for share in mix]
    return (
        sum((one.cost_usd + one.usd_per_token * share.prompt_tokens) * share.requests for one, share in parts) / whole,
        sum(one.quality * share.requests for one, share in parts) / whole,
        sum(max(0.0, 1 - prior_count / one.count) * share.requests for one, share in parts if one.count) / whole,
    )


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether one is at least as cheap and as good as the other, and not the same."""
    return one[0] <= other[0] and one[1] >= other[1] and one != other


def _primaries(chains: Iterable[Sequence[str]]) -> Counter[str]:
    return Counter(chain[0] for chain in chains if chain)
