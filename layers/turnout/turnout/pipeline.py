"""The path of one request, in order:

1. plan: which models, in which order, and why (`routing.plan`), given the model that the conversation is on
2. reserve: what it is expected to use (`modes.estimate`), where its key or its tags may use only so much
3. mode: who is asked when (`modes`)
4. ask: one target, with its share of the time and its tries (`providers.wrappers` around `providers.http`)
5. record: what happened, complete when the events have ended, failed or been closed
6. sample: when the client has its answer, for some requests a second model answers too (`sampling`)

Whoever calls `answer` reads the events, closes them, lets the sample be taken, and then writes the record, with which
what was reserved is settled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import field, replace
from datetime import date
from functools import partial

from turnout.catalog import Catalog
from turnout.core.allowance import Left
from turnout.core.chat import Chat, Options, Request
from turnout.core.errors import DeadlineExceeded, InvalidRequest, RequestError, TurnoutError
from turnout.core.events import Delta, Done, Events, Failed, ModeEvent, ModeEvents, Started, Usage
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.policies import Policy
from turnout.core.ports import Allowances, Ask, Call, Clock, Deadline, Key, Purse, Sessions, Steering
from turnout.core.records import ANSWER, Features, Part, Record
from turnout.core.verdict import Verdict
from turnout.modes import MODES, PANELS
from turnout.modes.asking import Asking, Terms
from turnout.modes.bill import Size, bill_of
from turnout.modes.estimate import estimate
from turnout.modes.judge import panel as judges_of
from turnout.modes.ledger import Ledger, limited, within
from turnout.policy.unlimited import Unlimited
from turnout.routing.decision import Asked, Knowledge, Models, all_well, chooses
from turnout.routing.eligible import fitted
from turnout.routing.plan import Plan, make_plan
from turnout.routing.sessions import Forgetful, continued, conversation, session_of
from turnout.routing.steering import Unsteered
from turnout.routing.turns import Turns
from turnout.sampling import KEPT_SECONDS, LEAST_SECONDS, NoPurse, Sample, drawn, take

SHARE = 0.6
"""How much of the time left a target gets while others wait behind it."""


@frozen
class Patience:
    """How many tries a target gets: while others wait, and when it is the last."""

    while_others_wait: int
    last: int


async def nothing() -> None:
    """All is done."""


@frozen
class Exchange:
    """One request under way. `events` raise TurnoutError; `record` is complete once they are over or closed.

    `afterwards` adds to the record what nobody waits for; it may be cancelled, and raises nothing of ours.
    `left` tells what it has left for others of what is limited.
    """

    record: Record
    events: ModeEvents
    afterwards: Callable[[], Awaitable[None]] = nothing
    left: Callable[[], Left] = Left


@frozen
class Gateway:
    """Everything that answering needs, built once by the composition root."""

    knowledge: Knowledge
    ask: Ask
    clock: Clock
    patience: Patience
    sessions: Sessions = field(default_factory=Forgetful)
    is_open: Callable[[Model], bool] = all_well
    """Whether the circuit of a model is."""
    purse: Purse = field(default_factory=NoPurse)
    turns: Turns = field(default_factory=Turns)
    allowances: Allowances = field(default_factory=Unlimited)
    steering: Steering = field(default_factory=Unsteered)

    @property
    def catalog(self) -> Catalog:
        """The models that there are."""
        return self.knowledge.catalog

    async def plan(self, request: Request, key: Key, request_id: str, at: float) -> Plan:
        """What would be asked, and why. `at` is epoch seconds. Raises UnknownModel or InvalidRequest."""
        remembered = chooses(request) and (request.options.session or continued(request.chat))
        held = await self.sessions.find(conversation(request, key)) if remembered else ""
        asked = Asked(request, key, at, held, self.is_open, self.turns)
        policy = await self.steering.policy(session_of(request, key, request_id))
        plan = make_plan(asked, self.knowledge, request_id, policy)
        if plan.features.mode not in MODES:
            raise InvalidRequest(f"There is no such mode. Use one of {', '.join(MODES)}.", param="turnout.mode")
        return plan

    def answer(self, request: Request, key: Key, request_id: str, deadline: Deadline) -> Exchange:
        """Begin to answer; nothing happens before the first event is awaited. Never raises."""
        record = Record(
            id=request_id,
            at=self.clock.time(),
            key_id=key.id,
            requested=request.model,
            stream=request.chat.stream,
            mode=request.options.mode,
            task=request.options.task,
            session=request.options.session,
            conversation=conversation(request, key) if chooses(request) else "",
            tags=key.tagged(request.options.tags),
        )
        samples: list[Sample] = []
        events = self._kept(request, key, record, deadline, samples)
        left = partial(self.allowances.left, request_id)
        return Exchange(record, events, partial(self._sampled, samples, request, deadline), left)

    async def _kept(
        self, request: Request, key: Key, record: Record, deadline: Deadline, samples: list[Sample]
    ) -> ModeEvents:
        """The events, with the record kept beside them, and what a sample needs to know where one is to be taken."""
        begun = self.clock.monotonic()
        elapsed = partial(self._since, begun)
        try:
            plan = await self.plan(request, key, record.id, record.at)
            plan.note(record)
            if plan.features.turn is not None:
                self.turns.over(record.candidates)
            limit = _within(plan.features.max_latency_ms, begun, deadline)
            terms = Terms(request.options, self._panel(plan, request, key, record), plan.decision.seed)
            samples += drawn(plan, key, request.chat, record)
            async with aclosing(self._answered(plan, request.chat, record, limit, terms)) as events:
                await self._reserve(plan, request, key, record, terms)
                async for event in events:
                    for sample in samples:
                        sample.answer.add(event)
                    yield _noted(event, record, elapsed)
            record.outcome, record.status, record.code = "ok", 200, ""
        except TurnoutError as error:
            record.status, record.code, record.partial = error.http_status, error.code, bool(record.model)
            raise
        except (GeneratorExit, asyncio.CancelledError):
            record.outcome, record.code, record.partial = "aborted", "client_closed_request", bool(record.model)
            raise
        finally:
            record.latency_ms = elapsed()

    def _answered(self, plan: Plan, chat: Chat, record: Record, limit: Deadline, terms: Terms) -> ModeEvents:
        features = plan.features
        bill = bill_of(features.mode, plan.targets, terms, _size(features))
        ask = limited(self.ask, bill, features.max_cost_usd, lambda: record.cost_usd)
        return MODES[features.mode](plan.checked(), chat, self._asking(ask, record, limit, terms.options), terms)

    async def _sampled(self, samples: Sequence[Sample], request: Request, deadline: Deadline) -> None:
        limit = deadline.sooner(deadline.left - KEPT_SECONDS)
        for sample in samples:
            if sample.record.outcome != "ok":
                continue
            if limit.left < LEAST_SECONDS:
                sample.record.sample = "no_time"
                continue
            judges = self._planned(judges_of(request), sample.key, sample.record, sample.plan.policy).targets
            await take(sample, judges, self.purse, self._bounded(sample.record, limit))

    def _bounded(self, record: Record, limit: Deadline) -> Callable[[Ledger], Asking]:
        return lambda ledger: self._asking(within(self.ask, ledger), record, limit, Options())

    async def _reserve(self, plan: Plan, request: Request, key: Key, record: Record, terms: Terms) -> None:
        features = plan.features
        expected = partial(estimate, features.mode, plan.targets, terms, _size(features), request.chat.n)
        await self.allowances.reserve(record, key, record.tags, expected)

    def _panel(self, plan: Plan, request: Request, key: Key, record: Record) -> Models:
        """Those who may judge or put answers together: whom the client names, then whom the gateway would choose."""
        if not (panel := PANELS.get(plan.features.mode)):
            return ()
        fit, named, param = panel
        wanted = fit(request)
        chosen = self._planned(wanted, key, record, plan.policy).targets
        if name := named(request.options):
            options = replace(wanted.options, models=(name,))
            try:
                first = self._planned(replace(wanted, options=options), key, record, plan.policy).checked()
            except RequestError as error:
                error.param = param
                raise
            return first + tuple(model for model in chosen if model not in first)
        return chosen

    def _planned(self, request: Request, key: Key, record: Record, policy: Policy) -> Plan:
        return make_plan(Asked(request, key, record.at, "", self.is_open), self.knowledge, record.id, policy)

    def _asking(self, send: Ask, record: Record, limit: Deadline, options: Options) -> Asking:
        def ask(chat: Chat, model: Model, *, more: bool, part: Part = ANSWER) -> Events:
            if not limit.left:
                raise DeadlineExceeded("The time for this request is up. Ask for less, or allow more time.")
            until = _each(limit, options.max_model_latency_ms, part)
            share = until.sooner(limit.left * (SHARE if more else 1))
            tries = self.patience.while_others_wait if more else self.patience.last
            return send(Call(fitted(chat, model), model, share, until, record, tries, part))

        return ask

    def _since(self, begun: float) -> int:
        return round((self.clock.monotonic() - begun) * 1000)


def _size(features: Features) -> Size:
    return Size(features.prompt_tokens, features.answer_tokens, date.fromisoformat(features.day))


def _within(max_latency_ms: int | None, begun: float, deadline: Deadline) -> Deadline:
    """The deadline, or the request's own limit where that is sooner."""
    if max_latency_ms is None:
        return deadline
    return replace(deadline, at=min(deadline.at, begun + max_latency_ms / 1000))


def _each(limit: Deadline, max_model_latency_ms: int | None, part: Part) -> Deadline:
    """The deadline of one call: models that answer have one of their own, those that read the answers have not."""
    if max_model_latency_ms is None or part.role not in {"answer", "candidate"}:
        return limit
    return limit.sooner(max_model_latency_ms / 1000)


def _noted(event: ModeEvent, record: Record, elapsed: Callable[[], int]) -> ModeEvent:
    match event:
        case Started():
            _started(event, record, elapsed())
        case Delta(finish=str()):
            record.finish = record.finish or event.finish or ""
        case Done():
            return Done(_usage_shown(record), event.response_id, event.fingerprint)
        case Verdict():
            _judged(event, record)
        case Delta() | Failed():
            pass
    return event


def _started(event: Started, record: Record, elapsed: int) -> None:
    if event.resumed or not record.model:  # of several answers, the first to come stands for all
        record.vendor, record.model = event.model.vendor.name, event.model.name
    if record.first_token_ms is None:
        record.first_token_ms = elapsed
    if failed := sum(bool(attempt.error) for attempt in record.attempts):
        record.reason = f"{record.reason.partition('; after ')[0]}; after {failed} failed attempt{'s'[: failed > 1]}"
    if event.because:
        record.reason = f"{record.reason}; {event.because}"


def _judged(verdict: Verdict, record: Record) -> None:
    """Each score at the attempt whose answer it is for: the rollups count a row once, and so a verdict once."""
    points = {score.number: score.points for score in verdict.scores}
    for attempt in record.attempts:
        if attempt.part.role == "candidate" and attempt.outcome == "ok" and attempt.part.number in points:
            attempt.judged = points[attempt.part.number] / 10


def _usage_shown(record: Record) -> Usage:
    """The tokens behind the words that the client has seen; more than one attempt's when one took over from another."""
    shown = [attempt.usage for attempt in record.attempts if attempt.first_token_ms is not None]
    return Usage(
        input=sum(usage.input for usage in shown),
        cached_input=sum(usage.cached_input for usage in shown),
        cache_write=sum(usage.cache_write for usage in shown),
        output=sum(usage.output for usage in shown),
        reasoning=sum(usage.reasoning for usage in shown),
        image=sum(usage.image for usage in shown),
        source="vendor" if all(usage.source == "vendor" for usage in shown) else "estimated",
    )
