"""From a request to the features of a decision: the only step of routing that reads the prompt.

What it gives is all that `plan.decide` needs, so a record that keeps it can be decided again without the prompt.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import get_args

from turnout.catalog import Catalog
from turnout.catalog.tokens import estimate_chat
from turnout.core.chat import Chat, Goal, Request
from turnout.core.errors import InvalidRequest
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.outcomes import Outcomes
from turnout.core.policies import Policy, unguided
from turnout.core.ports import Key
from turnout.core.records import Features, Source
from turnout.routing.allowed import Allowed, allowed, automatic
from turnout.routing.classify import Kind, classify
from turnout.routing.eligible import needs
from turnout.routing.lots import comparable
from turnout.routing.rules import NOTHING, Rules, Then
from turnout.routing.rules_when import Subject, first
from turnout.routing.several import wanted
from turnout.routing.turns import Turns

type Models = tuple[Model, ...]

GOALS: tuple[Goal, ...] = get_args(Goal.__value__)
AUTO = "auto"
DEFAULT_MODE = "failover"
IN_TURN = "round_robin"


@dataclass(frozen=True)
class Knowledge:
    """What decisions are made with, the request and the policy apart; `outcomes` are the priors."""

    catalog: Catalog
    outcomes: Outcomes
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def priors(self) -> Policy:
        """What decides where there is no policy."""
        return unguided(self.outcomes)

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


@frozen
class Asked:
    """A request as it came: by whom and when (epoch seconds).

    `held` is the id of the model that the conversation is on, "" for none; `is_open` tells of a model's circuit,
    `turns` whose turn it is.
    """

    request: Request
    key: Key
    at: float
    held: str = ""
    is_open: Callable[[Model], bool] = all_well
    turns: Turns = field(default_factory=Turns)


def chooses(request: Request) -> bool:
    """Whether the client leaves the choice of the model to the gateway."""
    return not request.options.models and (request.model == AUTO or request.model.startswith(f"{AUTO}:"))


@dataclass(slots=True)
class _Lazy:
    """The kind, found out when it is asked for, once; the client's word needs no finding out."""

    chat: Chat
    told: str
    kind: Kind | None = None

    def __call__(self) -> Kind:
        if self.kind is None:
            self.kind = Kind(self.told, 1.0) if self.told else classify(self.chat)
        return self.kind


def subject_of(asked: Asked) -> Subject:
    """What rules look at."""
    chat, options = asked.request.chat, asked.request.options
    return Subject(
        chat=chat,
        key=asked.key,
        tags=asked.key.tagged(options.tags),
        tokens=estimate_chat(chat),
        needs=needs(chat),
        at=asked.at,
        kind=_Lazy(chat, options.task),
    )


def observe(asked: Asked, knowledge: Knowledge) -> tuple[Models, Features]:
    """The candidates and the features. Raises UnknownModel, InvalidRequest or Forbidden, with the field to mend."""
    request, subject = asked.request, subject_of(asked)
    goal = goal_of(request)
    rule = first(knowledge.rules, subject)
    then = rule.then if rule else NOTHING
    may = allowed(asked.key, knowledge.catalog)
    source, named = _named(request, then, knowledge.catalog, may)
    candidates = _with_fallbacks(named, request, knowledge.catalog, may)
    # Nobody pays for a classification that nothing depends on.
    known = source == "auto" or knowledge.rules.on_task or bool(request.options.task)
    kind = subject.kind() if known else Kind("", 0.0)
    return candidates, Features(
        source=source,
        goal=goal or then.goal or asked.key.goal or "balanced",
        mode=(mode := _mode(request.options.mode, then)),
        strategy=(strategy := request.options.strategy if mode == DEFAULT_MODE else ""),
        turn=asked.turns.now(_ids(candidates)) if strategy == IN_TURN else None,
        rule=rule.name if rule else "",
        task=kind.task,
        confidence=kind.confidence if known else None,
        fallbacks=len(candidates) - len(named),
        several=wanted(mode, request.options.strategy) if source == "auto" else 0,
        day=_day(asked.at),
        prompt_tokens=subject.tokens,
        answer_tokens=request.chat.max_tokens or 0,
        needs=tuple(sorted(subject.needs)),
        max_cost_usd=_tighter(request.options.max_cost_usd, then.max_cost_usd),
        max_latency_ms=_tighter(request.options.max_latency_ms, then.max_latency_ms),
        forbidden=_forbidden(candidates, then),
        barred=() if may.everything else tuple([model.id for model in candidates if model not in may]),
        unready=tuple(sorted({model.vendor.name for model in candidates if not model.vendor.ready})),
        resting=tuple([model.id for model in candidates if asked.is_open(model)]),
        held=asked.held,
        explore=asked.key.explore,
        sample=_sample(asked) if source == "auto" and mode == DEFAULT_MODE else 0.0,
        rules=knowledge.rules.version,
        catalog=knowledge.version,
    )


def _sample(asked: Asked) -> float:
    sampling = asked.key.sampling
    return sampling.share if sampling and comparable(asked.request.chat) else 0.0


def _ids(models: Models) -> tuple[str, ...]:
    return tuple([model.id for model in models])


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _mode(wanted: str, then: Then) -> str:
    return wanted if wanted != DEFAULT_MODE else then.mode or DEFAULT_MODE


def _forbidden(candidates: Models, then: Then) -> tuple[str, ...]:
    if not (then.forbid_models or then.forbid_vendors):
        return ()
    return tuple(model.id for model in candidates if then.forbids(model.id, model.vendor.name))


def goal_of(request: Request) -> Goal | None:
    """The goal that the client names, in the options or as the model's suffix (`auto:cost`)."""
    suffix = request.model.removeprefix(f"{AUTO}:")
    if suffix == request.model:
        return request.options.goal
    named: Goal | None = next((goal for goal in GOALS if goal == suffix), None)
    if named is None:
        told = ", ".join(f"auto:{goal}" for goal in GOALS)
        raise InvalidRequest(f"There is no goal '{suffix}'. Use one of {told}.", param="model")
    return request.options.goal or named


def _named(request: Request, then: Then, catalog: Catalog, may: Allowed) -> tuple[Source, Models]:
    if request.options.models:
        return "list", _once(may.find(catalog, name, "turnout.models") for name in request.options.models)
    if not chooses(request):
        return "name", (may.find(catalog, request.model, "model"),)
    if then.models:
        return "rule", _once(may.prefer(catalog, name) for name in then.models)
    return "auto", automatic(catalog, may)


def _with_fallbacks(named: Models, request: Request, catalog: Catalog, may: Allowed) -> Models:
    if not request.options.fallbacks:
        return named
    more = [may.find(catalog, name, "turnout.fallbacks") for name in request.options.fallbacks]
    return named + _once(model for model in more if model not in named)


def _once(models: Iterable[Model]) -> Models:
    return tuple({model.id: model for model in models}.values())


def _tighter[T: (int, float)](asked: T | None, ruled: T | None) -> T | None:
    if asked is None or ruled is None:
        return ruled if asked is None else asked
    return min(asked, ruled)
