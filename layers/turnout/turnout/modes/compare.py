"""Compare: several models answer the same chat at once, each as a choice of its own."""

from contextlib import aclosing
from dataclasses import replace

from turnout.core.chat import Chat
from turnout.core.errors import TurnoutError
from turnout.core.events import Delta, Done, Failed, ModeEvents, Started
from turnout.core.models import Model
from turnout.core.records import Part
from turnout.modes.asking import PLAIN, Asking, Terms
from turnout.modes.gathering import check, exhausted
from turnout.modes.side_by_side import side_by_side

FEWEST, MOST = 2, 9


async def compare(targets: tuple[Model, ...], chat: Chat, ask: Asking, terms: Terms = PLAIN) -> ModeEvents:  # noqa: ARG001 - a Mode
    """Choice number i is target number i's, as far as it comes.

    Raises InvalidRequest for too few or too many, Exhausted when none has answered whole.
    """
    check(targets, chat, "compare", FEWEST, MOST)
    # Each as a stream, also for a client that wants none: so its first token is timed, and what a late one has said
    # is not lost.
    chat = replace(chat, stream=True)
    calls = [ask(chat, model, more=False, part=Part(number=number)) for number, model in enumerate(targets)]
    begun = set[int]()
    causes: list[tuple[Model, TurnoutError]] = []
    async with aclosing(side_by_side(calls)) as happenings:
        async for number, happening in happenings:
            model = targets[number]
            if isinstance(happening, TurnoutError):
                causes.append((model, happening))
                yield Failed(number, model, happening)
                continue
            if number not in begun:
                begun.add(number)
                yield Started(model, choice=number)
            if isinstance(happening, Delta):
                yield replace(happening, choice=number)
    if len(causes) == len(targets):
        raise exhausted(causes)
    yield Done()
