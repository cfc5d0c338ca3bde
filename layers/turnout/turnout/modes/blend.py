"""Blend: several answers become one, written by a synthesizer and streamed as it comes."""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace

from turnout.core.chat import Chat, Options, Request
from turnout.core.errors import InvalidRequest, TurnoutError
from turnout.core.events import Events, ModeEvent, ModeEvents
from turnout.core.models import Model
from turnout.core.records import ANSWER, Part
from turnout.modes import prompts
from turnout.modes.asking import Asking, Terms
from turnout.modes.failover import failover
from turnout.modes.gathering import check, check_text, exhausted
from turnout.modes.strategies import DEFAULT, STRATEGIES, Material, Strategy, Table

MODE = "blend"
MOST_SYNTHESIZERS = 3


async def blend(targets: tuple[Model, ...], chat: Chat, ask: Asking, terms: Terms) -> ModeEvents:
    """The synthesis. Raises InvalidRequest, or Exhausted when no candidate has answered.

    A single candidate's answer is shown as it is, and so is the first one's where no synthesizer begins to answer; both
    say so. A synthesis that breaks off after its start ends with an error, as in failover.
    """
    strategy = strategy_of(terms.options)
    check(targets, chat, MODE, strategy.fewest, strategy.most)
    check_text(chat, MODE)
    table = Table(targets, chat, ask, terms.options)
    material = await strategy.candidates(table)
    if not material.answers:
        raise exhausted(table.causes)
    if table.heard == 1:
        for event in shown(material, "the only candidate that answered"):
            yield event
        return
    begun = False
    try:
        synthesizers = (terms.panel or targets)[:MOST_SYNTHESIZERS]
        chat = prompts.instructed(chat, strategy.prompt, material.quoted())
        async with aclosing(failover(synthesizers, chat, synthesizing(ask))) as events:
            async for event in events:
                begun = True
                yield event
    except TurnoutError:
        if begun:
            raise
        for event in shown(material, "no synthesizer answered; the first candidate that did"):
            yield event


def strategy_of(options: Options) -> Strategy:
    """Raises InvalidRequest when there is no such strategy."""
    name = options.strategy or DEFAULT
    if name not in STRATEGIES:
        raise InvalidRequest(
            f"blend has no such strategy. Use one of {', '.join(STRATEGIES)}.", param="turnout.strategy"
        )
    return STRATEGIES[name]


def synthesizing(ask: Asking) -> Asking:
    """To ask for a synthesis."""

    def asked(chat: Chat, model: Model, *, more: bool, part: Part = ANSWER) -> Events:  # noqa: ARG001 - an Asking
        return ask(chat, model, more=more, part=Part("synthesis"))

    return asked


def shown(material: Material, because: str) -> Iterator[ModeEvent]:
    """The first answer, as a client sees it."""
    return material.answers[0].shown(because)


def panel(request: Request) -> Request:
    """What a synthesizer must be able to take: the chat itself."""
    options = Options(goal=request.options.goal, task=request.options.task)
    return replace(request, model="auto", options=options)
