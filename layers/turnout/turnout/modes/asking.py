"""What a mode is given: to ask with, and to go by."""

from dataclasses import field
from typing import Protocol

from turnout.core.chat import Chat, Options
from turnout.core.events import Events
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.records import ANSWER, Part


class Asking(Protocol):
    """Asks one model. `more`: others could still be asked, so this one gets a share of the time and fewer tries.

    `part` is what the call is for, where one request takes several.
    """

    def __call__(self, chat: Chat, model: Model, *, more: bool, part: Part = ANSWER) -> Events:
        """Raises VendorError, or DeadlineExceeded when no time is left."""
        ...


@frozen
class Terms:
    """What a mode goes by: the client's options, and the seed of what is left to chance.

    `panel` are those who may judge, or put answers together: the best choice first.
    """

    options: Options = field(default_factory=Options)
    panel: tuple[Model, ...] = ()
    seed: int = 0


PLAIN = Terms()
"""No wishes."""
