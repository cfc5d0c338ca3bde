"""The optimizer: what was counted in a period, priors and a team's constraints become a proposal with its evidence.

A pure function. For each goal and task it finds the chain of now, what is known of every model that may be chosen, and
the verdict (`advice`). What could not be told is said in sentences (`gaps`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.goals import WEIGHTS
from turnout.core.models import Model
from turnout.core.outcomes import Outcomes, Row, safe_row
from turnout.core.policies import Advice, Chain, Policy, Proposal
from turnout.policy.advice import advise
from turnout.policy.chains import as_ranked, chain
from turnout.policy.evaluate import Arms, draws
from turnout.policy.evidence import known
from turnout.policy.gaps import gaps
from turnout.policy.goals import NEEDS, Constraints
from turnout.policy.history import History, Period, history
from turnout.policy.options import Kind, case, caution

FREE = Constraints()


@frozen
class _Setting:
    """What there is to decide with: what was seen up to the last day, and all else."""

    last_day: str
    now: float
    seen: History
    drawn: Mapping[tuple[str, str], Arms]
    models: Sequence[Model]
    prior: Outcomes
    constraints: Constraints
    current: Policy | None


def propose(
    period: Period,
    models: Sequence[Model],
    prior: Outcomes,
    *,
    now: float,
    constraints: Constraints = FREE,
    current: Policy | None = None,
) -> Proposal:
    """What to change, and why. Never raises on what was counted; it says what it could not use in `unknown`.

    `models` are those that may be asked: of the default chain, with a key. `prior` is what was expected of them before
    any observation, and has a row for each task. `current` is the active policy, None where the router ranks by the
    prior. `now`, in epoch seconds, is when the policy was made, if one comes of it.
    """
    seen, drawn = history(period), draws(found for found in period.choices if period.has(found[0]))
    setting = _Setting(period.last_day, now, seen, drawn, models, prior, constraints, current)
    kinds = [_kind(task, setting) for task in _tasks(setting)]
    learned = _outcomes(kinds, setting)
    advice = tuple(one for goal in WEIGHTS for one in _advice(goal, kinds, setting))
    return Proposal(
        first_day=period.first_day,
        last_day=period.last_day,
        advice=advice,
        policy=_policy(setting, kinds, advice, learned) if any(one.verdict == "change" for one in advice) else None,
        outcomes=learned,
        unknown=tuple(gaps(period, seen, kinds, constraints, drawn=bool(drawn))),
    )


def _tasks(setting: _Setting) -> list[str]:
    """Those of the prior, and those that clients name and of which much was seen."""
    named = (task for task, requests in sorted(setting.seen.requests.items()) if requests >= setting.constraints.least)
    return list(dict.fromkeys([*setting.prior.rows, *(task for task in named if task)]))


def _kind(task: str, setting: _Setting) -> Kind:
    row = setting.prior.rows.get(task, setting.prior.safe)
    rollups = {model.id: setting.seen.rollup(model.id, task) for model in setting.models if model.id in row}
    sent = sum(rollup.whole("aq") for rollup in rollups.values())
    tokens = sum(rollup.usage.prompt for rollup in rollups.values())
    return Kind(
        task,
        setting.seen.requests.get(task, 0),
        tokens / sent if sent else 0.0,
        {model.id: known(model, row[model.id], rollups[model.id]) for model in setting.models if model.id in row},
    )


def _advice(goal: Goal, kinds: Sequence[Kind], setting: _Setting) -> Iterator[Advice]:
    constraints = setting.constraints
    weighing = caution(goal, kinds, constraints)
    for kind in kinds:
        arms = setting.drawn.get((goal, kind.task), {})
        yield advise(case(goal, kind, _now(goal, kind, setting), constraints, weighing, arms), setting.seen.days)


def _now(goal: Goal, kind: Kind, setting: _Setting) -> Chain:
    """The chain of the active policy, else how the router ranks."""
    if setting.current and (named := setting.current.chain(goal, kind.task)):
        return named
    outcomes = setting.current.outcomes if setting.current else setting.prior
    needed = NEEDS.get(kind.task, frozenset())
    able = [model for model in setting.models if needed <= model.capabilities]
    ranked = as_ranked(able, _row(outcomes, kind.task), WEIGHTS[goal], kind.prompt_tokens)
    return chain(ranked[0], ranked, setting.constraints.fallbacks) if ranked else ()


def _row(outcomes: Outcomes, task: str) -> Row:
    return outcomes.rows.get(task, outcomes.safe)


def _outcomes(kinds: Sequence[Kind], setting: _Setting) -> Outcomes:
    """The priors moved by what was counted."""
    rows = {kind.task: {name: one.expected for name, one in kind.known.items()} for kind in kinds}
    own = {task: row for task, row in rows.items() if task in setting.prior.rows}
    return replace(setting.prior, rows=rows, safe=safe_row(own))


def _policy(setting: _Setting, kinds: Sequence[Kind], advice: Sequence[Advice], learned: Outcomes) -> Policy:
    """A version named by its content, so that the same evidence gives the same version."""
    chains = _chains(kinds, advice, setting)
    based_on = setting.current.version if setting.current else ""
    digest = blake2b(repr((chains, learned.rows, based_on)).encode(), digest_size=4).hexdigest()
    version = f"{setting.last_day}-{digest}"
    changes = sum(one.verdict == "change" for one in advice)
    note = f"{changes} of {len(advice)} chains change"
    return Policy(version, setting.now, chains, replace(learned, version=version), based_on, note=note)


def _chains(kinds: Sequence[Kind], advice: Sequence[Advice], setting: _Setting) -> Mapping[Goal, Mapping[str, Chain]]:
    """The proposed chains; with those that are kept where there is evidence, so that new outcomes do not move them."""
    requests = {kind.task: kind.requests for kind in kinds}
    chains: dict[Goal, dict[str, Chain]] = {}
    for one in advice:
        named = setting.current is not None and bool(setting.current.chain(one.goal, one.task))
        if one.proposed and (one.verdict == "change" or named or requests[one.task]):
            chains.setdefault(one.goal, {})[one.task] = one.proposed
    return chains
