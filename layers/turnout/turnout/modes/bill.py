"""What a request of several calls may cost, before any is made: each answers as long as it may.

As with a single model, a limit on cost is a promise, so what counts is the longest answer, written and read. A repeat
is not on the bill: it is made only where the limit leaves room for it (`modes.ledger`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal

from turnout.catalog.pricing import cost, price_on
from turnout.catalog.tokens import estimate_chat, estimate_text
from turnout.core.chat import Chat, Options
from turnout.core.errors import InvalidRequest
from turnout.core.events import Usage
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.records import Part
from turnout.modes import prompts, ruling
from turnout.modes.asking import Terms
from turnout.modes.blend import MOST_SYNTHESIZERS
from turnout.modes.gathering import Whole
from turnout.modes.judge import judges_among
from turnout.modes.ruling import LONGEST
from turnout.modes.strategies import DEFAULT, REVIEW

type Models = tuple[Model, ...]

OUR_WORDS = max(map(estimate_text, (prompts.CONSENSUS, prompts.COUNCIL, prompts.REVIEW, prompts.MIXTURE)))
"""Tokens of the longest instruction to those who read answers."""
TAGS = 24
"""Tokens around each answer that is quoted."""
CENTS = Decimal("0.0001")
"""To hundredths of a cent an amount is rounded up, so that a limit of as much will do."""


@frozen
class Planned:
    """One call, of one of `models`, the dearest of them for all that is known; it `reads` so many answers.

    `words` are the tokens of our instructions to it, `writes` its limit of tokens, 0: the client's.
    """

    part: Part
    models: Models
    reads: int = 0
    words: int = 0
    writes: int = 0


@frozen
class Size:
    """Tokens of the chat's prompt and of its longest answer, 0: as long as a model can; and the day of the prices."""

    prompt: int
    answer: int
    day: date


def answered(models: Models) -> list[Planned]:
    """Each answers, for the client to see."""
    return [Planned(Part("answer", number), (model,)) for number, model in enumerate(models)]


def candidates(models: Models, reads: int = 0, layer: int = 0, writes: int = 0) -> list[Planned]:
    """Each answers, or reads so many answers and then does."""
    words = OUR_WORDS if reads else 0
    return [
        Planned(Part("candidate", number, layer), (model,), reads, words, writes) for number, model in enumerate(models)
    ]


def _layers(targets: Models, options: Options) -> list[Planned]:
    later = range(1, options.layers)
    return candidates(targets) + [call for layer in later for call in candidates(targets, len(targets), layer)]


CANDIDATES: Mapping[str, Callable[[Models, Options], list[Planned]]] = {
    "consensus": lambda targets, _: candidates(targets),
    "council": lambda targets, _: candidates(targets) + candidates(targets, len(targets), 1, REVIEW),
    "best_of": lambda targets, _: candidates(targets),
    "chain": lambda targets, _: candidates(targets[:1]) + candidates(targets, 1)[1:],
    "moa": _layers,
    "self_moa": lambda targets, options: candidates(targets[:1] * options.samples),
}
"""The candidates' calls, by strategy of blend."""
READS: Mapping[str, Callable[[Models, Options], int]] = {
    "chain": lambda _, __: 1,
    "self_moa": lambda _, options: options.samples,
}
"""How many answers a synthesizer reads, where those are not one of each target."""
REVIEWED = "council"
"""The strategy whose synthesizer reads a review of each target, too."""


def _comparison(targets: Models, _terms: Terms) -> list[Planned]:
    return answered(targets)


def _blend(targets: Models, terms: Terms) -> list[Planned]:
    name = terms.options.strategy or DEFAULT
    if name not in CANDIDATES:
        return []
    reads = READS[name](targets, terms.options) if name in READS else len(targets)
    synthesizers = (terms.panel or targets)[:MOST_SYNTHESIZERS]
    reviews = len(targets) * (REVIEW + TAGS) if name == REVIEWED else 0
    synthesis = Planned(Part("synthesis"), synthesizers, reads, OUR_WORDS + reviews)
    return [*CANDIDATES[name](targets, terms.options), synthesis]


def _judgement(targets: Models, terms: Terms) -> list[Planned]:
    return candidates(targets) + verdicts(judges_among(terms.panel, targets), len(targets), terms.options)


def verdicts(judges: Models, reads: int, options: Options) -> list[Planned]:
    """One opinion of so many answers, or two."""
    blank = [Whole(number, judge, ()) for number, judge in enumerate(judges[:1] * reads)]
    words = estimate_chat(ruling.asked(Chat(()), blank, options.criteria))
    return [
        Planned(Part("verdict", number), judges, reads, words, LONGEST)
        for number in range(2 if options.second_opinion else 1)
    ]


CALLS: Mapping[str, Callable[[Models, Terms], list[Planned]]] = {
    "compare": _comparison,
    "blend": _blend,
    "judge": _judgement,
}
"""The calls of each mode that makes several."""


@frozen
class Bill:
    """The planned `calls` of a request whose candidates are `targets`."""

    calls: Sequence[Planned]
    targets: Models
    size: Size

    def quote(self, call: Planned) -> Decimal:
        """What one call costs at most, in USD."""
        prompt, limit = self._prompt(call), call.writes or self.size.answer
        usd = (_usd(model, prompt, _longest(model, prompt, limit), self.size.day) for model in call.models)
        return max(usd, default=Decimal(0))

    def _prompt(self, call: Planned) -> int:
        size = self.size
        quoted = max((_longest(model, size.prompt, size.answer) for model in self.targets), default=0)
        return size.prompt + call.words + call.reads * (quoted + TAGS)

    def _tokens(self, call: Planned) -> int:
        prompt, limit = self._prompt(call), call.writes or self.size.answer
        return prompt + max((_longest(model, prompt, limit) for model in call.models), default=0)

    @property
    def most(self) -> Decimal:
        """What all calls cost at most, in USD."""
        return sum(map(self.quote, self.calls), Decimal(0))

    @property
    def tokens(self) -> int:
        """How many all calls take at most, of prompts and answers together."""
        return sum(map(self._tokens, self.calls))

    def check(self, limit: Decimal) -> None:
        """Raises InvalidRequest when all calls together may cost more than `limit` USD."""
        if (usd := self.most) > limit:
            raise over(
                f"This may cost {usd.quantize(CENTS, ROUND_CEILING)} USD in {len(self.calls)} calls, and max_cost_usd "
                f"is {limit:f}. Set or lower max_tokens, name fewer or cheaper models, or allow more."
            )


def bill_of(mode: str, targets: Models, terms: Terms, size: Size) -> Bill | None:
    """None for a mode of which a single call is the answer."""
    return Bill(CALLS[mode](targets, terms), targets, size) if mode in CALLS else None


def quote_of(chat: Chat, model: Model, day: date) -> Decimal:
    """What a call costs at most that is about to be made, in USD."""
    prompt = estimate_chat(chat)
    return _usd(model, prompt, _longest(model, prompt, chat.max_tokens or 0), day)


def _longest(model: Model, prompt: int, limit: int) -> int:
    return limit or max(0, min(model.max_output, model.context_window - prompt))


def _usd(model: Model, prompt: int, answer: int, day: date) -> Decimal:
    return cost(Usage(input=prompt, output=answer), price_on(model, day))


def over(message: str) -> InvalidRequest:
    """What is refused for the client's own limit on cost."""
    return InvalidRequest(message, param="turnout.max_cost_usd", code="over_max_cost")
