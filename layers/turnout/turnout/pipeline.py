"""The path of one request, in order:

1. plan: which models, in which order, and why (`routing.plan`)
2. mode: who is asked when (`modes`)
3. ask: one target, with its share of the time and its tries (`providers.wrappers` around `providers.http`)
4. record: what happened, complete when the events have ended, failed or been closed

Whoever calls `answer` reads the events, closes them, and then writes the record.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from turnout.catalog import Catalog
from turnout.core.chat import Chat, Request
from turnout.core.errors import DeadlineExceeded, InvalidRequest, TurnoutError
from turnout.core.events import Delta, Done, Events, ModeEvents, Started, Usage
from turnout.core.models import Model
from turnout.core.ports import Ask, Call, Clock, Deadline, Key
from turnout.core.records import Record
from turnout.modes import MODES
from turnout.routing.eligible import fitted
from turnout.routing.plan import make_plan

SHARE = 0.6
"""How much of the time left a target gets while others wait behind it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many tries a target gets: while others wait, and when it is the last."""

    while_others_wait: int
    last: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request under way. `events` raise TurnoutError; `record` is complete once they are over or closed."""

    record: Record
    events: ModeEvents


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that answering needs, built once by the composition root."""

    catalog: Catalog
    ask: Ask
    clock: Clock
    patience: Patience

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
            tags={**key.tags, **request.options.tags},
        )
        return Exchange(record, self._kept(request, record, self._within(request, deadline)))

    def _within(self, request: Request, deadline: Deadline) -> Deadline:
        """The client's own limit, where that is sooner."""
        wanted = request.options.max_latency_ms
        return deadline if wanted is None else deadline.sooner(wanted / 1000)

    async def _kept(self, request: Request, record: Record, deadline: Deadline) -> ModeEvents:
        """The events, with the record kept beside them."""
        elapsed = partial(self._since, self.clock.monotonic())
        try:
            async with aclosing(self._answered(request, record, deadline)) as events:
                async for event in events:
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

    def _answered(self, request: Request, record: Record, deadline: Deadline) -> ModeEvents:
        plan = make_plan(request, self.catalog, datetime.fromtimestamp(record.at, UTC).date())
        record.goal, record.reason, record.dropped = plan.goal, plan.reason, plan.dropped
        record.candidates = tuple(model.id for model in plan.candidates)
        mode = MODES.get(request.options.mode)
        if mode is None:
            raise InvalidRequest(f"There is no such mode. Use one of {', '.join(MODES)}.", param="turnout.mode")
        return mode(plan.targets, request.chat, self._asking(record, deadline))

    def _asking(self, record: Record, limit: Deadline) -> Callable[..., Events]:
        def ask(chat: Chat, model: Model, *, more: bool) -> Events:
            if not limit.left:
                raise DeadlineExceeded("The time for this request is up. Ask for less, or allow more time.")
            share = Deadline(self.clock.monotonic() + limit.left * (SHARE if more else 1), self.clock)
            tries = self.patience.while_others_wait if more else self.patience.last
            return self.ask(Call(fitted(chat, model), model, share, limit, record, tries))

        return ask

    def _since(self, begun: float) -> int:
        return round((self.clock.monotonic() - begun) * 1000)


def _noted(event: Started | Delta | Done, record: Record, elapsed: Callable[[], int]) -> Started | Delta | Done:
    match event:
        case Started():
            _started(event, record, elapsed())
        case Delta(finish=str()):
            record.finish = record.finish or event.finish or ""
        case Done():
            return Done(_usage_shown(record), event.response_id, event.fingerprint)
        case Delta():
            pass
    return event


def _started(event: Started, record: Record, elapsed: int) -> None:
    record.vendor, record.model = event.model.vendor.name, event.model.name
    if record.first_token_ms is None:
        record.first_token_ms = elapsed
    if failed := len(record.attempts) - 1:
        record.reason = f"{record.reason.partition('; after ')[0]}; after {failed} failed attempt{'s'[: failed > 1]}"


def _usage_shown(record: Record) -> Usage:
    """The tokens behind the words that the client has seen; more than one attempt's when one took over from another."""
    shown = [attempt.usage for attempt in record.attempts if attempt.first_token_ms is not None]
    return Usage(
        input=sum(usage.input for usage in shown),
        cached_input=sum(usage.cached_input for usage in shown),
        cache_write=sum(usage.cache_write for usage in shown),
        output=sum(usage.output for usage in shown),
        reasoning=sum(usage.reasoning for usage in shown),
        source="vendor" if all(usage.source == "vendor" for usage in shown) else "estimated",
    )
