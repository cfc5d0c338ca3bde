"""What a request of several calls may cost, before any is made: each answers as long as it may, none is repeated.

As with a single model, a limit on cost is a promise, so what counts is the longest answer, written and read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from turnout.catalog.pricing import cost, price_on
from turnout.core.chat import Options
from turnout.core.errors import InvalidRequest
from turnout.core.events import Usage
from turnout.core.models import Model
from turnout.modes.asking import Terms
from turnout.modes.blend import MOST_SYNTHESIZERS
from turnout.modes.judge import judges_among
from turnout.modes.ruling import LONGEST
from turnout.modes.strategies import DEFAULT

type Models = tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """One call of one of `models`, the dearest of them for all that is known; it `reads` so many answers.

    `writes` is its limit of tokens, 0: the client's.
    """

    models: Models
    reads: int = 0
    writes: int = 0


@dataclass(frozen=True, slots=True)
class Size:
    """Tokens of the chat's prompt and of its longest answer, 0: as long as a model can; and the day of the prices."""

    prompt: int
    answer: int
    day: date


def _each(models: Models, reads: int = 0) -> list[Planned]:
    return [Planned((model,), reads) for model in models]


def _layers(targets: Models, options: Options) -> list[Planned]:
    return _each(targets) + _each(targets, len(targets)) * (options.layers - 1)


CANDIDATES: Mapping[str, Callable[[Models, Options], list[Planned]]] = {
    "consensus": lambda targets, _: _each(targets),
    "council": lambda targets, _: _each(targets) + _each(targets, len(targets)),
    "best_of": lambda targets, _: _each(targets),
    "chain": lambda targets, _: _each(targets[:1]) + _each(targets[1:], 1),
    "moa": _layers,
    "self_moa": lambda targets, options: _each(targets[:1]) * options.samples,
}
"""The candidates' calls, by strategy of blend."""
READS: Mapping[str, Callable[[Models, Options], int]] = {
    "council": lambda targets, _: 2 * len(targets),
    "chain": lambda _, __: 1,
    "self_moa": lambda _, options: options.samples,
}
"""How many answers a synthesizer reads, where those are not one of each target."""


def _comparison(targets: Models, _terms: Terms) -> list[Planned]:
    return _each(targets)


def _blend(targets: Models, terms: Terms) -> list[Planned]:
    name = terms.options.strategy or DEFAULT
    if name not in CANDIDATES:
        return []
    reads = READS[name](targets, terms.options) if name in READS else len(targets)
    synthesizers = (terms.panel or targets)[:MOST_SYNTHESIZERS]
    return [*CANDIDATES[name](targets, terms.options), Planned(synthesizers, reads)]


def _judgement(targets: Models, terms: Terms) -> list[Planned]:
    judges = judges_among(terms.panel, targets)
    opinions = 2 if terms.options.second_opinion else 1
    return _each(targets) + [Planned(judges, len(targets), LONGEST)] * opinions


CALLS: Mapping[str, Callable[[Models, Terms], list[Planned]]] = {
    "compare": _comparison,
    "blend": _blend,
    "judge": _judgement,
}
"""The calls of each mode that makes several."""


def most(calls: Sequence[Planned], targets: Models, size: Size) -> Decimal:
    """USD."""
    quoted = max((_longest(model, size.prompt, size.answer) for model in targets), default=0)
    return sum((_most(call, quoted, size) for call in calls), Decimal(0))


def _most(call: Planned, quoted: int, size: Size) -> Decimal:
    prompt = size.prompt + call.reads * quoted
    limit = call.writes or size.answer
    return max(
        (_usd(model, prompt, _longest(model, prompt, limit), size.day) for model in call.models), default=Decimal(0)
    )


def _longest(model: Model, prompt: int, limit: int) -> int:
    return limit or max(0, min(model.max_output, model.context_window - prompt))


def _usd(model: Model, prompt: int, answer: int, day: date) -> Decimal:
    return cost(Usage(input=prompt, output=answer), price_on(model, day))


def check(mode: str, targets: Models, terms: Terms, size: Size, limit: float | None) -> None:
    """Raises InvalidRequest when all calls of a mode together may cost more than `limit` USD."""
    if limit is None or mode not in CALLS:
        return
    calls = CALLS[mode](targets, terms)
    if (usd := most(calls, targets, size)) > limit:
        raise InvalidRequest(
            f"This may cost {usd:.4f} USD in {len(calls)} calls, and max_cost_usd is {limit:g}. Set or lower "
            "max_tokens, name fewer or cheaper models, or allow more.",
            param="turnout.max_cost_usd",
            code="over_max_cost",
        )
