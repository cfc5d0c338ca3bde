"""The plan of one request: which models will be asked, in which order, and why."""

from dataclasses import dataclass
from datetime import date
from typing import get_args

from turnout.catalog import Catalog
from turnout.catalog.tokens import estimate_chat
from turnout.core.chat import Goal, Request
from turnout.core.errors import InvalidRequest, NoEligibleModel, UnknownModel
from turnout.core.models import Model
from turnout.core.records import Drop
from turnout.routing.eligible import Demand, needs, split

GOALS: tuple[Goal, ...] = get_args(Goal.__value__)
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Plan:
    """`targets` in the order in which they are asked; never empty."""

    targets: tuple[Model, ...]
    candidates: tuple[Model, ...]
    dropped: tuple[Drop, ...]
    goal: Goal
    reason: str


def make_plan(request: Request, catalog: Catalog, day: date) -> Plan:
    """Raises UnknownModel, InvalidRequest or NoEligibleModel, each with the field to mend.

    `day` (UTC) is the one whose prices hold.
    """
    chat, goal = request.chat, goal_of(request)
    candidates, reason = _candidates(request, catalog)
    demand = Demand(needs(chat), estimate_chat(chat), chat.max_tokens or 0, request.options.max_cost_usd, day)
    able, dropped = split(candidates, demand)
    if not able:
        raise NoEligibleModel(_nobody(dropped), param="model")
    return Plan(able, candidates, dropped, goal, _told(reason, able, candidates))


def goal_of(request: Request) -> Goal:
    """The goal, from the options or the model's suffix (`auto:cost`); `balanced` when neither says."""
    suffix = request.model.removeprefix(f"{AUTO}:")
    named: Goal | None = next((goal for goal in GOALS if goal == suffix), None)
    if suffix != request.model and named is None:
        told = ", ".join(f"auto:{goal}" for goal in GOALS)
        raise InvalidRequest(f"There is no goal '{suffix}'. Use one of {told}.", param="model")
    return request.options.goal or (named if suffix != request.model else None) or "balanced"


def _candidates(request: Request, catalog: Catalog) -> tuple[tuple[Model, ...], str]:
    options = request.options
    fallbacks = [_find(catalog, name, "turnout.fallbacks") for name in options.fallbacks]
    if options.models:
        chosen, reason = [_find(catalog, name, "turnout.models") for name in options.models], "the request's list"
    elif request.model == AUTO or request.model.startswith(f"{AUTO}:"):
        chosen, reason = list(catalog.auto()), "auto: the catalog's order"
    else:
        chosen, reason = [_find(catalog, request.model, "model")], "the model that was asked for"
    return tuple(dict.fromkeys(chosen + fallbacks)), reason


def _find(catalog: Catalog, name: str, param: str) -> Model:
    try:
        return catalog.find(name)
    except UnknownModel as error:
        error.param = param
        raise


def _told(reason: str, able: tuple[Model, ...], candidates: tuple[Model, ...]) -> str:
    return reason if able[0] is candidates[0] else f"{reason}; first of those that can do it"


def _nobody(dropped: tuple[Drop, ...]) -> str:
    told = "; ".join(f"{drop.model}: {drop.reason}" for drop in dropped)
    return f"No model can take this request. {told}. Change the request, name another model, or use 'auto'."
