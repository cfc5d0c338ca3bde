"""A decision as `POST /v1/route` tells it: which models would be asked, in which order, and why; none is."""

from collections.abc import Iterator

from turnout.api.wire import DropItem, RouteItem
from turnout.core.records import Drop
from turnout.core.text import header_value
from turnout.routing.plan import Plan


def route_item(plan: Plan) -> RouteItem:
    """The decision. Raises NoEligibleModel."""
    features, decision, targets = plan.features, plan.decision, plan.checked()
    return {
        "object": "route",
        "model": targets[0].id,
        "reason": plan.reason,
        "goal": features.goal,
        "mode": features.mode,
        "task": features.task or None,
        "confidence": features.confidence,
        "rule": features.rule or None,
        "prompt_tokens": features.prompt_tokens,
        "max_cost_usd": features.max_cost_usd,
        "max_latency_ms": features.max_latency_ms,
        "targets": [{"model": model.id, "score": decision.scores.get(model.id)} for model in targets],
        "dropped": list(map(_drop, plan.dropped)),
        "propensity": decision.propensity,
        "seed": decision.seed,
        "versions": {
            "policy": decision.policy or None,
            "rules": features.rules or None,
            "catalog": features.catalog or None,
        },
    }


def route_headers(plan: Plan) -> Iterator[tuple[str, str]]:
    """The headers that every answer has; nobody was asked and nothing is due."""
    yield "x-turnout-model", header_value(plan.targets[0].name)
    yield "x-turnout-reason", header_value(plan.reason)
    yield "x-turnout-attempts", "0"
    yield "x-turnout-cost-usd", "0"


def _drop(drop: Drop) -> DropItem:
    return {"model": drop.model, "reason": drop.reason}
