"""The plan of one request: which models will be asked, in which order, and why.

1. observe: rules, task, goal and candidates become features; no prompt is needed after that (`decision`)
2. drop: what a candidate lacks, or its key or a rule forbids, takes it out (`eligible`)
3. rank: where the gateway chooses, the policy's chain for goal and task, then by expected utility; below the
   confidence threshold by the safe chain (`order`, `choice`)
4. stay: a conversation stays on its model if that one is still there (`sessions`)
5. explore: with a small probability another one goes first (`explore`)
6. pick: where several answer at once, the best ones of different vendors (`several`)

Steps 2 to 6 are `decide`, a pure function of candidates, features, seed and policy.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import cast

from turnout.core.errors import NoEligibleModel
from turnout.core.frozen import frozen
from turnout.core.models import Capability, Model
from turnout.core.outcomes import Outcomes
from turnout.core.policies import Policy
from turnout.core.records import Decision, Drop, Features, Record
from turnout.routing.choice import row_of
from turnout.routing.decision import Asked, Knowledge, Models, observe
from turnout.routing.eligible import Demand, lack, remedy
from turnout.routing.explore import seed_of
from turnout.routing.order import Order, chosen, given, kind_of
from turnout.routing.several import diverse
from turnout.routing.strategies import STRATEGIES, arranged, check


@frozen
class Plan:
    """`targets` in the order in which they are asked; none if nobody can take the request."""

    targets: Models
    candidates: Models
    dropped: tuple[Drop, ...]
    reason: str
    decision: Decision
    policy: Policy
    remedy: str = ""

    @property
    def features(self) -> Features:
        """What it was decided on."""
        return self.decision.features

    def checked(self) -> Models:
        """The targets. Raises NoEligibleModel, which says what each candidate lacks and what would help."""
        if self.targets:
            return self.targets
        told = "; ".join(f"{drop.model}: {drop.reason}" for drop in self.dropped)
        help_ = self.remedy or "Change the request, name another model, or use 'auto'"
        raise NoEligibleModel(f"No model can take this request. {told}. {help_}.", param="model")

    def note(self, record: Record) -> None:
        """Write it into a record."""
        features, decision = self.features, self.decision
        record.goal, record.task, record.mode = features.goal, features.task, features.mode
        record.candidates, record.dropped = _ids(self.candidates), self.dropped
        record.reason, record.decision = self.reason, decision
        record.policy = decision.policy if decision.primary else ""


def make_plan(asked: Asked, knowledge: Knowledge, request_id: str, policy: Policy | None = None) -> Plan:
    """By the priors where there is no policy.

    Raises UnknownModel, InvalidRequest or Forbidden, each with the field to mend.
    """
    candidates, features = observe(asked, knowledge)
    check(features.strategy)
    return decide(candidates, features, seed_of(request_id), policy or knowledge.priors)


def decide(candidates: Models, features: Features, seed: int, policy: Policy) -> Plan:
    """The same arguments give the same plan, wherever and whenever; of models only their facts count."""
    demand = _demand(features, policy.outcomes)
    out = {model.id: told for model in candidates if (told := _refused(model, features) or lack(model, demand))}
    fit = _but(candidates, out)
    resting = _resting(fit, features)
    out |= resting
    able = _but(fit, resting)
    order = _ordered(able, candidates, features, seed, policy)
    # What the policy wanted counts even where a circuit is in its way: that tells how well it fares.
    primary = _ordered(fit, candidates, features, seed, policy).primary if resting else order.primary
    if features.several:
        order = replace(order, models=diverse(order.models, features.several))
    return Plan(
        targets=order.models,
        candidates=candidates,
        dropped=tuple([Drop(name, told) for name, told in out.items()]),
        reason=order.reason,
        decision=Decision(features, seed, order.propensity, order.scores, _ids(order.models), policy.version, primary),
        policy=policy,
        remedy="" if able else remedy((model for model in candidates if not _refused(model, features)), demand),
    )


def _ordered(able: Models, candidates: Models, features: Features, seed: int, policy: Policy) -> Order:
    if features.strategy in STRATEGIES:
        return arranged(able, features, seed, policy)
    if features.source != "auto":
        return given(able, candidates, features)
    if not features.fallbacks:
        return chosen(able, features, seed, policy)
    theirs = _ids(candidates[len(candidates) - features.fallbacks :])
    order = chosen(tuple(model for model in able if model.id not in theirs), features, seed, policy)
    fallbacks = tuple(model for model in able if model.id in theirs)
    return replace(order, models=order.models + fallbacks)


def _demand(features: Features, outcomes: Outcomes) -> Demand:
    row, _ = row_of(kind_of(features), outcomes)
    timed = features.max_latency_ms is not None
    return Demand(
        needed=cast("frozenset[Capability]", frozenset(features.needs)),
        prompt_tokens=features.prompt_tokens,
        answer_tokens=features.answer_tokens,
        max_cost_usd=features.max_cost_usd,
        day=date.fromisoformat(features.day),
        max_latency_ms=features.max_latency_ms,
        seconds={name: expected.latency_s for name, expected in row.items()} if timed else {},
    )


def _refused(model: Model, features: Features) -> str:
    if model.id in features.barred:
        return "this key may not use it"
    return f"rule '{features.rule}' forbids it" if model.id in features.forbidden else ""


def _but(models: Models, out: Mapping[str, str]) -> Models:
    if not out:
        return models
    return tuple([model for model in models if model.id not in out])


def _resting(fit: Models, features: Features) -> dict[str, str]:
    """Those whose circuit is open are left out while another is there; else the client is told when to come back."""
    if not features.resting or features.source != "auto":
        return {}
    resting = [model.id for model in fit if model.id in features.resting]
    return dict.fromkeys(resting, "its circuit is open") if len(resting) < len(fit) else {}


def _ids(models: Models) -> tuple[str, ...]:
    return tuple([model.id for model in models])
