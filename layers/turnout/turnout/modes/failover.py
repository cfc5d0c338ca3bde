"""Failover: ask one target after the other until one has answered; the client sees a single answer.

Before the first token a change of target is invisible. After it, a target that can continue a begun answer takes over,
marked in the stream; where none can, the answer ends with an error and never as if it were whole.
"""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace

from turnout.catalog.tokens import estimate_text
from turnout.core.chat import ONLY_LIMITS, Chat
from turnout.core.errors import Exhausted, QuotaExhausted, Throttled, VendorError
from turnout.core.events import Delta, Done, ModeEvents, Started
from turnout.core.models import Model
from turnout.modes.asking import PLAIN, Asking, Terms


@dataclass(slots=True)
class Shown:
    """What the client has seen so far. Only plain text of a single answer can be continued by somebody else."""

    text: str = ""
    anything: bool = False
    only_text: bool = True
    at_seam: bool = False

    def take(self, event: Delta | Done) -> Delta | Done:
        """Take note of one more event; gives it as the client will see it."""
        if isinstance(event, Delta):
            event = self._joined(event)
            self.text += event.text
            self.only_text &= not (event.tool or event.refusal or event.finish or event.choice)
        self.anything, self.at_seam = True, False
        return event

    def _joined(self, event: Delta) -> Delta:
        """Without a second white space where one text goes on from another: not every format keeps the first."""
        if self.at_seam and self.text[-1:].isspace():
            return replace(event, text=event.text.lstrip())
        return event


async def failover(targets: tuple[Model, ...], chat: Chat, ask: Asking, terms: Terms = PLAIN) -> ModeEvents:
    """Raises Exhausted with the cause of each target that failed."""
    waiting, shown = list(targets), Shown()
    causes: list[tuple[str, VendorError]] = []
    while waiting:
        model = waiting.pop(0)
        try:
            speaking, shown.at_seam = False, True
            async with aclosing(ask(continued(chat, shown), model, more=bool(waiting))) as events:
                async for event in events:
                    if not speaking:
                        yield Started(model, resumed=shown.anything)
                        speaking = True
                    yield shown.take(event)
                return
        except VendorError as error:
            causes.append((model.id, error))
            waiting = list(followers(waiting, model, error, chat, shown))
            if terms.options.strategy == ONLY_LIMITS and not isinstance(error, Throttled | QuotaExhausted):
                break
    raise Exhausted(causes)


def continued(chat: Chat, shown: Shown) -> Chat:
    """The chat that makes a model go on after what was shown, within the tokens that are left of the client's limit."""
    if not shown.text:
        return chat
    left = chat.max_tokens and max(1, chat.max_tokens - estimate_text(shown.text))
    return replace(chat.continued(shown.text), max_tokens=left)


def followers(waiting: Iterable[Model], failed: Model, error: VendorError, chat: Chat, shown: Shown) -> Iterable[Model]:
    """Those of the waiting targets that the failure does not rule out."""
    if shown.anything and not (shown.only_text and chat.n == 1 and chat.response_format == "text"):
        return ()
    return (
        model
        for model in waiting
        if not (error.next_target == "other_vendor" and model.vendor.name == failed.vendor.name)
        and not (error.next_target == "larger_window" and model.context_window <= failed.context_window)
        and not (shown.anything and "prefix" not in model.capabilities)
    )
