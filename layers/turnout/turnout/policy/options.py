"""The models that may be chosen for a goal and a task, with their utility and the limits that they break."""

from collections.abc import Iterable, Mapping, Sequence

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.goals import WEIGHTS
from turnout.core.models import Model
from turnout.core.policies import Chain
from turnout.policy.estimate import Estimate, together
from turnout.policy.evaluate import Arms
from turnout.policy.evidence import Known
from turnout.policy.goals import CAUTIONS, Constraints


@frozen
class Kind:
    """All that is known of a task: its requests, the mean tokens of a prompt, and each model by id."""

    task: str
    requests: int
    prompt_tokens: float
    known: Mapping[str, Known]

    def judged(self, least: int) -> frozenset[str]:
        """The models whose answers were judged often enough."""
        return frozenset(name for name, one in self.known.items() if one.verdicts >= least)


@frozen
class Option:
    """One model that may be chosen. `seen`: often enough; `may_break` and `breaks` are limits, "" for none."""

    known: Known
    utility: Estimate
    seen: bool
    may_break: str = ""
    breaks: str = ""

    @property
    def model(self) -> Model:
        """What it is about."""
        return self.known.model


@frozen
class Case:
    """A goal and a task: what can be chosen, by id and best first, what cannot and why, and the chain of now.

    `caution` is what USD and seconds weigh, as a multiple of the goal's weights; `arms` are the drawn decisions.
    """

    goal: Goal
    kind: Kind
    now: Chain
    options: Mapping[str, Option]
    forbidden: Mapping[str, str]
    constraints: Constraints
    caution: float
    arms: Arms

    @property
    def perfect(self) -> float:
        """The utility of a perfect answer at no cost and in no time."""
        weights = WEIGHTS[self.goal]
        return weights.quality + weights.success


def case(goal: Goal, kind: Kind, now: Chain, constraints: Constraints, caution: float, arms: Arms) -> Case:
    """The options of a goal and a task."""
    reasons = {name: constraints.forbids(one.model, kind.task) for name, one in kind.known.items()}
    options = [_option(one, goal, kind, constraints, caution) for name, one in kind.known.items() if not reasons[name]]
    options.sort(key=lambda option: option.utility.low, reverse=True)
    forbidden = {name: reason for name, reason in reasons.items() if reason}
    return Case(goal, kind, now, {o.model.id: o for o in options}, forbidden, constraints, caution, arms)


def _option(one: Known, goal: Goal, kind: Kind, constraints: Constraints, caution: float) -> Option:
    judged = kind.judged(constraints.least)
    seen = one.attempts >= constraints.least and (not judged or one.model.id in judged)
    limits = _limits(one, kind, constraints)
    return Option(
        one,
        one.utility(WEIGHTS[goal], kind.prompt_tokens, caution),
        seen,
        may_break=next((told for told, excess in limits if excess.high > 0), ""),
        breaks=next((told for told, excess in limits if excess.low > 0), ""),
    )


def _limits(one: Known, kind: Kind, constraints: Constraints) -> list[tuple[str, Estimate]]:
    """Each limit in words, and by how much it is exceeded."""
    cost, time = (one.metric(name, kind.prompt_tokens) for name in ("cost_usd", "latency_ms"))
    quality, found = one.metric("quality", kind.prompt_tokens), list[tuple[str, Estimate]]()
    if constraints.min_quality:
        told = f"its quality {quality.mean:.3f} is not surely above {constraints.min_quality:g}"
        found.append((told, Estimate(constraints.min_quality - quality.mean, quality.error)))
    if constraints.max_cost_usd is not None:
        told = f"its cost of {cost.mean:.6f} USD is not surely below {constraints.max_cost_usd:g}"
        found.append((told, Estimate(cost.mean - constraints.max_cost_usd, cost.error)))
    if constraints.max_latency_ms is not None:
        told = f"its {time.mean:.0f} ms are not surely below {constraints.max_latency_ms:g}"
        found.append((told, Estimate(time.mean - constraints.max_latency_ms, time.error)))
    return found


def caution(goal: Goal, kinds: Iterable[Kind], constraints: Constraints) -> float:
    """How much USD and seconds may weigh so that the policy keeps, with 95%, enough of the best single model's quality.

    Counted over the tasks whose answers are judged, by their requests; 1 where there are none. So a goal saves as much
    as quality allows, and no more.
    """
    judged = [pool for kind in kinds if (pool := _judged(kind, constraints))]
    single = _best_single(judged)
    pools = [pool for pool in judged if single in pool.known]
    if not pools:
        return 1.0
    allowed = (constraints.keep(goal) - 1) * sum(pool.kind.requests * _good(pool.known[single]).mean for pool in pools)
    return next((one for one in CAUTIONS if _change(pools, single, goal, one).low >= allowed), 0.0)


@frozen
class _Pool:
    """A judged task: the models that were, by id."""

    kind: Kind
    known: Mapping[str, Known]


def _judged(kind: Kind, constraints: Constraints) -> _Pool | None:
    names = kind.judged(constraints.least)
    found = {n: one for n, one in kind.known.items() if n in names and not constraints.forbids(one.model, kind.task)}
    return _Pool(kind, found) if found else None


def _best_single(pools: Sequence[_Pool]) -> str:
    """Of the models that are judged in most tasks, the one with the best quality over all requests."""
    gained: dict[str, list[float]] = {}
    for pool in pools:
        for name, one in pool.known.items():
            gained.setdefault(name, []).append(pool.kind.requests * _good(one).mean)
    return max(gained, key=lambda name: (len(gained[name]), sum(gained[name])), default="")


def _change(pools: Sequence[_Pool], single: str, goal: Goal, part: float) -> Estimate:
    """By how much what would be chosen is better than a single model, over all requests."""
    found: list[Estimate] = []
    for pool in pools:
        chosen = max(pool.known.values(), key=lambda one: one.utility(WEIGHTS[goal], pool.kind.prompt_tokens, part).low)
        if chosen.model.id != single:
            gain = _good(chosen) - _good(pool.known[single])
            found.append(Estimate(pool.kind.requests * gain.mean, pool.kind.requests * gain.error))
    return Estimate(sum(one.mean for one in found), together(one.error for one in found))


def _good(one: Known) -> Estimate:
    """The quality of an attempt: one that fails has none."""
    return Estimate(one.expected.quality * one.expected.success, one.expected.success * one.errors["quality"])
