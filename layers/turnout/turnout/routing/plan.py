"""The plan of one request: which models will be asked, in which order, and why.

1. observe: rules, task, goal and candidates become features; no prompt is needed after that (`decision`)
2. drop: what a candidate lacks, or a rule forbids, takes it out (`eligible`)
3. rank: where the gateway chooses, by goal and task; below the confidence threshold by the safe chain (`choice`)
4. stay: a conversation stays on its model if that one is still there (`sessions`)
5. explore: with a small probability another one goes first (`explore`)

Steps 2 to 5 are `decide`, a pure function of candidates, features, seed and outcomes.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from math import isfinite
from typing import cast

from turnout.core.errors import NoEligibleModel
from turnout.core.models import Capability, Model
from turnout.core.records import Decision, Drop, Features, Record
from turnout.routing.choice import WEIGHTS, Outcomes, rank, row_of
from turnout.routing.classify import Kind
from turnout.routing.decision import Asked, Knowledge, observe
from turnout.routing.eligible import Demand, lack, remedy
from turnout.routing.explore import draw, seed_of

type Models = tuple[Model, ...]

CHOSEN = {"list": "the request's list", "name": "the model that was asked for", "rule": "the chain"}
"""What the candidates are, in words, where the gateway did not choose."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`targets` in the order in which they are asked; none if nobody can take the request."""

    targets: Models
    candidates: Models
    dropped: tuple[Drop, ...]
    reason: str
    decision: Decision
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
        raise NoEligibleModel(f"No model can take this request. {told}. {self.remedy}", param="model")

    def note(self, record: Record) -> None:
        """Write it into a record."""
        features, decision = self.features, self.decision
        record.goal, record.task, record.mode = features.goal, features.task, features.mode
        record.candidates, record.dropped = tuple(model.id for model in self.candidates), self.dropped
        record.reason, record.decision, record.policy = self.reason, decision, decision.outcomes


@dataclass(frozen=True, slots=True)
class Order:
    """Models in the order in which they are to be asked, and how that came about."""

    models: Models
    reason: str
    scores: dict[str, float] = field(default_factory=dict[str, float])
    propensity: float = 1.0


def make_plan(asked: Asked, knowledge: Knowledge, request_id: str) -> Plan:
    """Raises UnknownModel or InvalidRequest, each with the field to mend."""
    candidates, features = observe(asked, knowledge)
    plan = decide(candidates, features, seed_of(request_id), knowledge.outcomes)
    versions = replace(plan.decision, rules=knowledge.rules.version, catalog=knowledge.version)
    return replace(plan, decision=versions)


def decide(candidates: Models, features: Features, seed: int, outcomes: Outcomes) -> Plan:
    """The same arguments give the same plan, wherever and whenever; of models only their facts count."""
    demand = _demand(features, outcomes)
    dropped = {model.id: told for model in candidates if (told := _barred(model, features) or lack(model, demand))}
    able = tuple(model for model in candidates if model.id not in dropped)
    if features.source == "auto":
        dropped |= _resting(able, features)
        own = candidates[: len(candidates) - features.fallbacks]
        order = _ranked([model for model in own if model.id not in dropped], features, seed, outcomes)
    else:
        order = Order((), CHOSEN[features.source])
    ...


def _demand(features: Features, outcomes: Outcomes) -> Demand:
    row, _ = row_of(_kind(features), outcomes)
    return Demand(
        needed=cast("frozenset[Capability]", frozenset(features.needs)),
        prompt_tokens=features.prompt_tokens,
        answer_tokens=features.answer_tokens,
        max_cost_usd=features.max_cost_usd,
        day=date.fromisoformat(features.day),
        max_latency_ms=features.max_latency_ms,
        seconds={name: expected.latency_s for name, expected in row.items()},
    )
