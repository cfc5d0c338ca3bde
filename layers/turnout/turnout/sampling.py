"""Sampled quality: when the client has its answer, a second model answers the same chat, and a judge compares the two.

For the `auto` requests of a key that wants it, by lot. The longest that the calls may cost is taken out of the key's
purse for the day before they are made, and what was not used is put back: so all instances together never spend more.
The calls are attempts of the request's own row, and so are the scores, each with the probability that it came about.
"""

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from datetime import date
from decimal import Decimal

from turnout.core.chat import Chat, Options
from turnout.core.errors import TurnoutError
from turnout.core.events import Answer, Delta
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.ports import Key, Purse
from turnout.core.records import ANSWER, Attempt, Part, Record, Sampled
from turnout.core.verdict import Verdict
from turnout.modes.asking import Asking, Terms
from turnout.modes.bill import Bill, Models, Planned, Size, verdicts
from turnout.modes.gathering import Question, Whole, gather
from turnout.modes.judge import Bench, verdict_of
from turnout.modes.ledger import Ledger, opened
from turnout.routing.lots import Lot, lot
from turnout.routing.plan import Plan

LEAST_SECONDS = 5.0
"""With less time left, no sample is begun."""
KEPT_SECONDS = 1.0
"""Of the time that is left, for the writing of the row."""
SHORTEST, MORE = 2048, 4
"""Tokens that the second answer may have where the client sets no limit: so many, or so many times the first one's."""
FIRST, SECOND = 0, 1
"""The numbers of the two answers."""


class NoPurse:
    """Nobody may spend anything."""

    async def take(self, key_id: str, day: str, usd: Decimal, limit: Decimal) -> bool:  # noqa: ARG002 - a Purse
        """See the port."""
        return False

    async def put_back(self, key_id: str, day: str, usd: Decimal) -> None:
        """See the port."""


class NotSampled(Exception):
    """Nothing comes of a sample, and `why`."""

    def __init__(self, why: Sampled) -> None:
        super().__init__(why)
        self.why: Sampled = why


@frozen
class Sample:
    """A request that was drawn, and what its client has seen of the answer."""

    lot: Lot
    key: Key
    chat: Chat
    plan: Plan
    record: Record
    answer: Answer = field(default_factory=Answer)

    def first(self) -> tuple[Attempt, Whole]:
        """The client's answer. Raises NotSampled where it cannot be judged as the answer of one model."""
        told = [attempt for attempt in self.record.attempts if attempt.part == ANSWER and attempt.outcome == "ok"]
        choice = self.answer.choices.get(0)
        if not (choice and choice.text and choice.finish == "stop" and len(self.answer.started) == len(told) == 1):
            raise NotSampled("unfit")
        return told[0], Whole(FIRST, self.answer.started[0].model, (Delta(text=choice.text),))

    def others(self, first: Model) -> Models:
        """Who could have answered as well."""
        return tuple(model for model in self.plan.targets if model.name != first.name)

    def calls(self, second: Model, judge: Model) -> tuple[Planned, ...]:
        """What a sample takes."""
        return Planned(Part("candidate", SECOND), (second,)), *verdicts((judge,), 2, Options())

    def limited(self, first: Attempt) -> Chat:
        """The chat with a limit of tokens, or the second answer could cost more than any purse holds."""
        return replace(self.chat, max_tokens=self.chat.max_tokens or max(SHORTEST, MORE * first.usage.completion))


type Bounded = Callable[[Ledger], Asking]
"""To ask within a ledger."""


def drawn(plan: Plan, key: Key, chat: Chat, record: Record) -> list[Sample]:
    """The sample that is to be taken of a request, if any."""
    found = lot(record.id, plan.features.sample)
    return [Sample(found, key, chat, plan, record)] if found else []


async def take(sample: Sample, judges: Models, purse: Purse, bounded: Bounded) -> None:
    """Take a sample, and write into the record what came of it. Raises nothing of ours."""
    try:
        sample.record.sample = await _taken(sample, judges, purse, bounded)
    except NotSampled as reason:
        sample.record.sample = reason.why


async def _taken(sample: Sample, judges: Models, purse: Purse, bounded: Bounded) -> Sampled:
    attempt, first = sample.first()
    if not (others := sample.others(first.model)):
        raise NotSampled("no_second_model")
    second = sample.lot.second(others)
    judge = next((model for model in judges if model.name not in {first.model.name, second.name}), None)
    if not judge:
        raise NotSampled("no_judge")
    chat = sample.limited(attempt)
    ledger = _ledger(sample, chat, second, sample.calls(second, judge))
    await _take_out(sample, purse, ledger.limit)
    try:
        verdict = await _verdict(sample, chat, first, second, judge, bounded(ledger))
    finally:
        await purse.put_back(sample.key.id, sample.plan.features.day, ledger.limit - ledger.spent())
    _mark(sample, verdict, {FIRST: sample.lot.propensity(), SECOND: sample.lot.propensity(len(others))})
    return "judged"


def _ledger(sample: Sample, chat: Chat, second: Model, calls: tuple[Planned, ...]) -> Ledger:
    """Of the sample alone, with what all its calls may cost as the limit."""
    features, before = sample.plan.features, sample.record.cost_usd
    size = Size(features.prompt_tokens, chat.max_tokens or 0, date.fromisoformat(features.day))
    bill = Bill(calls, (second,), size)
    return opened(bill, bill.most, lambda: sample.record.cost_usd - before)


async def _take_out(sample: Sample, purse: Purse, due: Decimal) -> None:
    assert sample.key.sampling  # noqa: S101 - or there would be no lot
    try:
        if not await purse.take(sample.key.id, sample.plan.features.day, due, sample.key.sampling.usd_per_day):
            raise NotSampled("over_budget")
    except TurnoutError:
        raise NotSampled("budget_unknown") from None


async def _verdict(sample: Sample, chat: Chat, first: Whole, second: Model, judge: Model, ask: Asking) -> Verdict:
    gathered = await gather([Question(SECOND, second, chat)], ask)
    if not gathered.whole or gathered.whole[0].pieces[-1].finish != "stop":
        raise NotSampled("no_second_answer")
    bench = Bench(sample.chat, (first, *gathered.whole), (), (judge,), ask)
    if not (verdict := await verdict_of(bench, Terms(seed=sample.lot.seed))):
        raise NotSampled("no_verdict")
    return verdict


def _mark(sample: Sample, verdict: Verdict, propensities: Mapping[int, Decimal]) -> None:
    """Each score at the attempt whose answer it is for, with the probability of its being there."""
    for score in verdict.scores:
        role = "answer" if score.number == FIRST else "candidate"
        told = [a for a in sample.record.attempts if a.part.role == role and a.outcome == "ok"]
        told[-1].judged, told[-1].propensity = score.points / 10, propensities[score.number]
