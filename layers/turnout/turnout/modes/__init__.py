"""The ways to answer one request with one or several models.

A mode is a function of targets, a chat and `ask`, and nothing else. To add one, write it in a module of this folder and
add a line to `MODES`.
"""

from typing import Protocol

from turnout.core.chat import Chat
from turnout.core.events import ModeEvents
from turnout.core.models import Model
from turnout.modes.asking import Asking
from turnout.modes.failover import failover


class Mode(Protocol):
    """Turns a plan's targets into one run of events."""

    def __call__(self, targets: tuple[Model, ...], chat: Chat, ask: Asking) -> ModeEvents:
        """Raises TurnoutError."""
        ...


MODES: dict[str, Mode] = {"failover": failover}
