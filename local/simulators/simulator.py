"""One vendor on one loopback port: takes requests, thinks up answers, fails when told to."""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Self

from pydantic_core import to_json

from local.simulators.arming import Marks, Order, Orders
from local.simulators.connection import ClientGone, Connection, told
from local.simulators.control import Control
from local.simulators.faults import FAULTS
from local.simulators.journal import Entry, Journal
from local.simulators.listener import HOST, Gate, Listener
from local.simulators.mind.cache import PromptCache
from local.simulators.mind.replying import reply
from local.simulators.personas import PERSONAS
from local.simulators.personas.protocol import Asked, Question, Refused, Reply
from local.simulators.steps import Pace, Situation, Steps, answered


class Simulator:
    """A vendor. Ports of 0 are chosen by the system; without a `control_port` there is no control server.

    `models`: the ones it knows; empty: any. `hold`: how many seconds a stall lasts. `retry_after`: the seconds that a
    429 names. Raises ValueError for an unknown dialect, and PortTaken on entering.
    """

    def __init__(
        self,
        dialect: str,
        *,
        port: int = 0,
        control_port: int | None = None,
        models: Collection[str] = (),
        pace: Pace | None = None,
        hold: float = 30.0,
    ) -> None:
        if dialect not in PERSONAS:
            raise ValueError(f"there is no dialect '{dialect}' to simulate; there are: {', '.join(PERSONAS)}")
        self.dialect = dialect
        self.models = models
        self.pace = pace or Pace()
        self.hold = hold
        self.retry_after = 1
        self.requests = Journal()
        self._persona = PERSONAS[dialect]
        self._orders = Orders()
        self._marks = Marks(dialect)
        self._cache = PromptCache()
        self._numbers = count(1)
        self._timers = list[asyncio.TimerHandle]()
        self._listener = Listener(self._serve, port)
        self._control = None if control_port is None else Listener(Control(self).serve, control_port)

    async def __aenter__(self) -> Self:
        try:
            for listener in filter(None, (self._listener, self._control)):
                listener.open()
        except OSError:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Be gone at once, in the middle of whatever is being answered, as a killed process would."""
        for timer in self._timers:
            timer.cancel()
        for listener in filter(None, (self._listener, self._control)):
            await listener.stop()

    @property
    def url(self) -> str:
        """Where it is, without a path: what the SDKs of Anthropic and Google take as base URL."""
        return f"http://{HOST}:{self._listener.port}"

    @property
    def base_url(self) -> str:
        """The same down to the version: what OpenAI's SDK and our catalog take as base URL."""
        return self.url + self._persona.MODELS_PATH.rpartition("/")[0]

    @property
    def control_url(self) -> str:
        """Where faults are switched; empty without a control port."""
        return f"http://{HOST}:{self._control.port}" if self._control else ""

    @property
    def faults(self) -> list[Order]:
        """The faults that are on."""
        return self._orders.standing

    def fault(
        self,
        name: str,
        times: int | None = None,
        *,
        model: str | None = None,
        stream: bool | None = None,
        hold: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Switch a fault on: for that many requests, for so many seconds, or until `clear`. Raises BadOrder."""
        order = Order(name, times, model, stream, hold)
        self._orders.standing.append(order)
        self._swing()
        if seconds is not None:
            self._timers.append(asyncio.get_running_loop().call_later(seconds, self._expire, order))

    def clear(self, name: str | None = None) -> None:
        """Switch off the faults of that name, or all."""
        self._orders.drop(name)
        self._swing()

    def _expire(self, order: Order) -> None:
        self._orders.standing = [one for one in self._orders.standing if one is not order]
        self._swing()

    def _swing(self) -> None:
        """Put the listening socket into the state that the faults want."""
        gates: list[Gate] = [FAULTS[order.name].gate for order in self._orders.standing if order.gated]
        self._listener.set(gates[-1] if gates else "open")

    async def _serve(self, connection: Connection) -> None:
        async for asked in connection.requests():
            entry = self.requests.note(asked, self._persona.key(asked))
            try:
                cut = await connection.play(self._steps(asked, entry))
            except (ClientGone, ConnectionError):
                entry.ended = "client_gone"
                raise
            entry.ended = cut.value if cut else "whole"
            if cut:
                return

    def _steps(self, asked: Asked, entry: Entry) -> Steps:
        try:
            if (asked.method, asked.path) == ("GET", self._persona.MODELS_PATH):
                return self._listing(asked)
            question = self._persona.read(asked)
            entry.model, entry.stream = question.model, question.chat.stream
            self._check_model(question)
            return self._answer(question, entry)
        except Refused as refused:
            status, body = self._persona.problem(refused.problem)
            return self._told(status, body, self._persona.error_headers(body))

    def _listing(self, asked: Asked) -> Steps:
        if not self._persona.key(asked):
            raise Refused("no_key")
        return self._told(200, self._persona.listing(sorted(self.models)))

    def _told(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> Steps:
        named = self._persona.headers(f"sim{next(self._numbers):021d}")
        return told(status, to_json(body), {**named, **(headers or {})})

    def _check_model(self, question: Question) -> None:
        if self.models and question.model not in self.models:
            raise Refused("model_missing", model=question.model)

    def _answer(self, question: Question, entry: Entry) -> Steps:
        order = self._marks.take(question) or self._orders.take(question)
        now = time.time()
        situation = Situation(
            persona=self._persona,
            question=question,
            reply=_thought_over(reply(question, self._cache, next(self._numbers), now), self.pace.thinking_tokens),
            pace=self.pace,
            hold=self.hold if order is None or order.hold is None else order.hold,
            retry_after=self.retry_after,
            now=now,
        )
        entry.fault = order.name if order else ""
        return FAULTS[order.name].play(situation) if order else answered(situation)


def _thought_over(reply: Reply, tokens: int) -> Reply:
    """The reply, with so many hidden tokens more on the bill."""
    return replace(reply, usage=replace(reply.usage, reasoning=reply.usage.reasoning + tokens)) if tokens else reply
