"""The ways to answer one request with one or several models.

A mode is a function of targets, a chat, `ask` and the client's terms, and nothing else. To add one, write it in a
module of this folder and add a line to `MODES`.
"""

from collections.abc import Callable
from typing import Protocol

from turnout.core.chat import Chat, Options, Request
from turnout.core.events import ModeEvents
from turnout.core.models import Model
from turnout.modes.asking import Asking, Terms
from turnout.modes.blend import blend
from turnout.modes.blend import panel as synthesizers
from turnout.modes.compare import compare
from turnout.modes.failover import failover
from turnout.modes.judge import judge
from turnout.modes.judge import panel as judges


class Mode(Protocol):
    """Turns a plan's targets into one run of events."""

    def __call__(self, targets: tuple[Model, ...], chat: Chat, ask: Asking, terms: Terms) -> ModeEvents:
        """Raises TurnoutError."""
        ...


MODES: dict[str, Mode] = {"failover": failover, "compare": compare, "blend": blend, "judge": judge}

type Panel = tuple[Callable[[Request], Request], Callable[[Options], str], str]

PANELS: dict[str, Panel] = {
    "blend": (synthesizers, lambda options: options.synthesizer, "turnout.synthesizer"),
    "judge": (judges, lambda options: options.judge, "turnout.judge"),
}
"""The modes that need other models beside their targets: what those must be able to take, which one the client names,
and in which field."""
