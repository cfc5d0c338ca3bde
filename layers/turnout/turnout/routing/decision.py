"""From a request to the features of a decision: the only step of routing that reads the prompt.

What it gives is all that `plan.decide` needs, so a record that keeps it can be decided again without the prompt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from hashlib import blake2b
from typing import get_args

from turnout.catalog import Catalog
from turnout.catalog.tokens import estimate_chat
from turnout.core.chat import Goal, Request
from turnout.core.errors import InvalidRequest, UnknownModel
from turnout.core.models import Model
from turnout.core.ports import Key
from turnout.core.records import Features, Source
from turnout.routing.choice import Outcomes
from turnout.routing.classify import Kind, classify
from turnout.routing.eligible import needs
from turnout.routing.rules import Rule, Rules, Then
from turnout.routing.rules_when import Subject, first

GOALS: tuple[Goal, ...] = get_args(Goal.__value__)
AUTO = "auto"
DEFAULT_MODE = "failover"
NOTHING = Then.model_construct()
"""What is done where no rule fires."""


@dataclass(frozen=True)
class Knowledge:
    """What decisions are made with, the request apart."""

    catalog: Catalog
    outcomes: Outcomes
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def version(self) -> str:
        """Of the catalog: it changes with the models that there are and with what is said of them."""
        facts = [
            (m.id, m.auto, m.context_window, m.max_output, sorted(m.capabilities), m.prices) for m in self.catalog.all()
        ]
        return blake2b(repr(facts).encode(), digest_size=4).hexdigest()


def all_well(model: Model) -> bool:  # noqa: ARG001 - where no circuits are known
    """No circuit is open."""
    return False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: by whom and when (epoch seconds).

    `held` is the id of the model that the conversation is on, "" for none; `is_open` tells of a model's circuit.
    """

    request: Request
    key: Key
    at: float
    held: str = ""
    is_open: Callable[[Model], bool] = all_well


def chooses(request: Request) -> bool:
    """Whether the client leaves the choice of the model to the gateway."""
    return not request.options.models and (request.model == AUTO or request.model.startswith(f"{AUTO}:"))


def subject_of(asked: Asked) -> Subject:
    """What rules look at."""
    chat, options = asked.request.chat, asked.request.options
    return Subject(
        chat=chat,
        key=asked.key,
        tags={**asked.key.tags, **options.tags},
        tokens=estimate_chat(chat),
        needs=needs(chat),
        at=asked.at,
        kind=cache(lambda: Kind(options.task, 1.0) if options.task else classify(chat)),
    )


def observe(asked: Asked, knowledge: Knowledge) -> tuple[tuple[Model, ...], Features]:
    """The candidates and the features. Raises UnknownModel or InvalidRequest, each with the field to mend."""
    request, subject = asked.request, subject_of(asked)
    goal = goal_of(request)
    rule = first(knowledge.rules, subject)
    source, named = _named(request, rule.then if rule else NOTHING, knowledge.catalog)
    fallbacks = [_find(knowledge.catalog, name, "turnout.fallbacks") for name in request.options.fallbacks]
    candidates = tuple(dict.fromkeys([*named, *fallbacks]))
    classified = source == "auto" or knowledge.rules.on_task
    features = replace(
        _limited(asked, subject, rule, candidates),
        source=source,
        goal=goal or (rule and rule.then.goal) or "balanced",
        fallbacks=len(candidates) - len(dict.fromkeys(named)),
        task=subject.kind().task if classified else request.options.task,
        confidence=subject.kind().confidence if classified else None,
    )
    return candidates, features


def _limited(asked: Asked, subject: Subject, rule: Rule | None, candidates: tuple[Model, ...]) -> Features:
    """What limits the choice, whoever makes it."""
    options, then = asked.request.options, rule.then if rule else NOTHING
    return Features(
        day=datetime.fromtimestamp(asked.at, UTC).date().isoformat(),
        prompt_tokens=subject.tokens,
        answer_tokens=subject.chat.max_tokens or 0,
        needs=tuple(sorted(subject.needs)),
        mode=(options.mode != DEFAULT_MODE and options.mode) or then.mode or DEFAULT_MODE,
        rule=rule.name if rule else "",
        max_cost_usd=_tighter(options.max_cost_usd, then.max_cost_usd),
        max_latency_ms=_tighter(options.max_latency_ms, then.max_latency_ms),
        forbidden=tuple(model.id for model in candidates if then.forbids(model.id, model.vendor.name)),
        unready=tuple(sorted({model.vendor.name for model in candidates if not model.vendor.ready})),
        resting=tuple(model.id for model in candidates if asked.is_open(model)),
        held=asked.held,
        explore=asked.key.explore,
    )


def goal_of(request: Request) -> Goal | None:
    """The goal that the client names, in the options or as the model's suffix (`auto:cost`)."""
    suffix = request.model.removeprefix(f"{AUTO}:")
    named: Goal | None = next((goal for goal in GOALS if goal == suffix), None)
    if suffix != request.model and named is None:
        told = ", ".join(f"auto:{goal}" for goal in GOALS)
        raise InvalidRequest(f"There is no goal '{suffix}'. Use one of {told}.", param="model")
    return request.options.goal or (named if suffix != request.model else None)


def _named(request: Request, then: Then, catalog: Catalog) -> tuple[Source, Sequence[Model]]:
    if request.options.models:
        return "list", [_find(catalog, name, "turnout.models") for name in request.options.models]
    if not chooses(request):
        return "name", [_find(catalog, request.model, "model")]
    if then.models:
        return "rule", [catalog.find(name) for name in then.models]
    return "auto", catalog.auto()


def _find(catalog: Catalog, name: str, param: str) -> Model:
    try:
        return catalog.find(name)
    except UnknownModel as error:
        error.param = param
        raise


def _tighter[T: (int, float)](*limits: T | None) -> T | None:
    return min((limit for limit in limits if limit is not None), default=None)
