"""A decision of the past, made again from its record: with the same knowledge the same comes out, bit for bit."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from turnout.catalog import Catalog
from turnout.core.errors import UnknownModel
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.policies import Policy
from turnout.core.records import Decision, Features, Record
from turnout.routing.decision import Knowledge
from turnout.routing.plan import Plan, decide


class CannotReplay(ValueError):
    """The record holds no decision, or one among models that the catalog no longer has."""


@frozen
class Replay:
    """The plan as it comes out now; `changed` tells which versions have, `differs` what did not come out as it was."""

    record: Record
    plan: Plan
    changed: tuple[str, ...]
    differs: tuple[str, ...]


def replay(record: Record, knowledge: Knowledge, policy: Policy | None = None) -> Replay:
    """Decide again, by `policy` or else by the priors. Raises CannotReplay."""
    if (decision := record.decision) is None:
        raise CannotReplay(
            f"The record of {record.id} holds no decision: the request was refused before there was one."
        )
    candidates = tuple(_as_it_was(knowledge.catalog, name, decision.features) for name in record.candidates)
    plan = decide(candidates, decision.features, decision.seed, policy or knowledge.priors)
    changed = _changed(decision, knowledge, plan.policy)
    return Replay(record, plan, tuple(changed), tuple(_differing(record, decision, plan)))


def _as_it_was(catalog: Catalog, name: str, features: Features) -> Model:
    try:
        return with_keys(catalog.find(name), but_for=features.unready)
    except UnknownModel:
        raise CannotReplay(f"The catalog no longer has {name}, which was a candidate.") from None


def with_keys(model: Model, but_for: Collection[str] = ()) -> Model:
    """The model as it is where all vendors but those have their keys, whatever keys there are here."""
    return replace(model, vendor=replace(model.vendor, key="", needs_key=model.vendor.name in but_for))


def _changed(then: Decision, now: Knowledge, policy: Policy) -> Iterable[str]:
    versions = {
        "rules": (then.features.rules, now.rules.version),
        "catalog": (then.features.catalog, now.version),
        "policy": (then.policy, policy.version),
    }
    return (f"{name}: {old or 'none'}, now {new or 'none'}" for name, (old, new) in versions.items() if old != new)


def _differing(record: Record, then: Decision, plan: Plan) -> Iterable[str]:
    now = plan.decision
    pairs = {
        "targets": (then.targets, now.targets),
        "dropped": (record.dropped, plan.dropped),
        "scores": (dict(then.scores), dict(now.scores)),
        "propensity": (then.propensity, now.propensity),
        "primary": (then.primary, now.primary),
        "reason": (record.reason.partition("; after ")[0], plan.reason),
    }
    return (name for name, (old, new) in pairs.items() if old != new)
