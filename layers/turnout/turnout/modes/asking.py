"""What a mode is given to ask with."""

from typing import Protocol

from turnout.core.chat import Chat
from turnout.core.events import Events
from turnout.core.models import Model


class Asking(Protocol):
    """Asks one model. `more`: others could still be asked, so this one gets a share of the time and fewer tries."""

    def __call__(self, chat: Chat, model: Model, *, more: bool) -> Events:
        """Raises VendorError, or DeadlineExceeded when no time is left."""
        ...
