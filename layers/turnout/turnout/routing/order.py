"""The order of those that can take a request: as it was given, or by rank, stickiness and exploration."""

from collections.abc import Sequence
from dataclasses import field
from math import isfinite

from turnout.core.frozen import frozen
from turnout.core.goals import WEIGHTS
from turnout.core.models import Model
from turnout.core.policies import Chain, Policy
from turnout.core.records import Features
from turnout.routing.choice import rank
from turnout.routing.classify import Kind
from turnout.routing.decision import Models
from turnout.routing.explore import draw

GIVEN = {"list": "the request's list", "name": "the model that was asked for", "rule": "its chain"}
"""What the candidates are, in words, where somebody else than the gateway gave them."""


@frozen
class Order:
    """Models in the order in which they are to be asked, and how that came about.

    `propensity` is the probability with which the first was to be the first; `primary` is whom the policy puts first.
    """

    models: Models
    reason: str
    scores: dict[str, float] = field(default_factory=dict[str, float])
    propensity: float = 1.0
    primary: str = ""


def kind_of(features: Features) -> Kind:
    """The task, as far as it is known."""
    return Kind(features.task, 0.0 if features.confidence is None else features.confidence)


def given(able: Models, candidates: Models, features: Features) -> Order:
    """Somebody else has chosen, and the order is theirs."""
    reason = f"rule '{features.rule}': {GIVEN['rule']}" if features.source == "rule" else GIVEN[features.source]
    first = not able or able[0] is candidates[0]
    return Order(able, reason if first else f"{reason}; first of those that can do it")


def chosen(able: Models, features: Features, seed: int, policy: Policy) -> Order:
    """The policy's chain, then by expected utility; the conversation's model, or by chance another, goes first."""
    by_id = {model.id: model for model in able}
    ranking = rank(tuple(by_id), kind_of(features), WEIGHTS[features.goal], policy.outcomes, features.prompt_tokens)
    scores = {name: score for name, score in zip(ranking.order, ranking.scores, strict=True) if isfinite(score)}
    chain = () if ranking.safe else policy.chain(features.goal, features.task)
    lead = tuple([name for name in chain if name in by_id])
    ids = (*lead, *[name for name in ranking.order if name not in lead]) if lead else ranking.order
    reason = f"auto:{features.goal}, {ranking.reason}{_led(policy, chain, lead)}"
    if features.held in by_id:
        order = _led_by(features.held, lead, ids, by_id)
        return Order(order, f"{reason}; stays on the conversation's model", scores)
    if features.held:
        reason = f"{reason}; the conversation's model {features.held} is out"
    if not ids:
        return Order((), reason)
    # A prompt that is not understood gets the safe choice, not an experiment.
    drawn = draw(ids, 0.0 if ranking.safe else features.explore, seed)
    reason = f"{reason}; explores" if drawn.explored else reason
    return Order(_led_by(ids[drawn.first], lead, ids, by_id), reason, scores, drawn.propensity, ids[0])


def _led(policy: Policy, chain: Chain, lead: Chain) -> str:
    """What the reason says of the policy, where it names a chain."""
    if not chain:
        return ""
    return f", policy {policy.version}" + ("" if lead[:1] == chain[:1] else f", whose {chain[0]} is out")


def _led_by(first: str, lead: Chain, ids: Sequence[str], by_id: dict[str, Model]) -> Models:
    """`first`, the chain as it is, then as ranked, those of the first's vendor last: it may ail the whole vendor."""
    vendor = by_id[first].vendor.name
    fixed = (first, *[name for name in lead if name != first])
    others = [by_id[name] for name in ids if name not in fixed]
    return (
        *[by_id[name] for name in fixed],
        *[model for model in others if model.vendor.name != vendor],
        *[model for model in others if model.vendor.name == vendor],
    )
