"""The client's own order of its targets, for failover: by cost, by time, in turn, or as the gateway would rank them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import inf

from turnout.catalog.pricing import cost, price_on
from turnout.core.chat import ONLY_LIMITS
from turnout.core.errors import InvalidRequest
from turnout.core.events import Usage
from turnout.core.models import Model
from turnout.core.policies import Policy
from turnout.core.records import Features
from turnout.routing.choice import row_of
from turnout.routing.decision import IN_TURN, Models
from turnout.routing.order import Order, chosen, kind_of

TYPICAL_ANSWER = 500
"""Tokens by which prices are compared where the client sets no limit."""

type Arrange = Callable[[Models, Features, int, Policy], Iterable[Model]]


def arranged(able: Models, features: Features, seed: int, policy: Policy) -> Order:
    """Of those that can take the request, in the order of `features.strategy`, alike ones as they were named."""
    told = f"strategy {features.strategy}"
    if features.strategy == "policy":
        order = chosen(able, features, seed, policy)
        return replace(order, reason=f"{told}: {order.reason}")
    return Order(tuple(ARRANGEMENTS[features.strategy](able, features, seed, policy)), told)


def _by_cost(able: Models, features: Features, _seed: int, _policy: Policy) -> Iterable[Model]:
    tokens = Usage(input=features.prompt_tokens, output=features.answer_tokens or TYPICAL_ANSWER)
    day = date.fromisoformat(features.day)

    def usd(model: Model) -> Decimal:
        return cost(tokens, price_on(model, day))

    return sorted(able, key=usd)


def _by_latency(able: Models, features: Features, _seed: int, policy: Policy) -> Iterable[Model]:
    row, _ = row_of(kind_of(features), policy.outcomes)
    return sorted(able, key=lambda model: row[model.id].latency_s if model.id in row else inf)


def _in_turn(able: Models, features: Features, seed: int, _policy: Policy) -> Iterable[Model]:
    """The first that can on or after the one whose turn it is; where nobody counts turns, it is drawn."""
    first = (seed if features.turn is None else features.turn) % max(1, len(able))
    return able[first:] + able[:first]


ARRANGEMENTS: Mapping[str, Arrange] = {"cost": _by_cost, "latency": _by_latency, IN_TURN: _in_turn}
STRATEGIES = frozenset({*ARRANGEMENTS, "policy"})


def check(strategy: str) -> None:
    """Raises InvalidRequest for a strategy of failover that there is not."""
    if strategy and strategy not in STRATEGIES and strategy != ONLY_LIMITS:
        told = ", ".join(("policy", *ARRANGEMENTS, ONLY_LIMITS))
        raise InvalidRequest(f"failover has no such strategy. Use one of {told}.", param="turnout.strategy")
