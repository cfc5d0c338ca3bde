"""What was said in a request, kept only for a key that asks for it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from turnout.core.chat import JSON
from turnout.core.frozen import frozen


@frozen
class Content:
    """`request` is the body as it was sent, `choices` are what came back, in OpenAI's shape. `at`: epoch seconds.

    Of an answer that was cut, or that nobody waited for, `choices` have what had come by then.
    """

    request_id: str
    key_id: str
    at: float
    request: JSON
    choices: Sequence[Mapping[str, Any]]


class Contents(Protocol):
    """Where contents are, each under the key whose it is."""

    async def write(self, content: Content) -> None:
        """Keep one. Never raises: nobody waits, and what cannot be kept is not."""
        ...

    async def read(self, key_id: str, request_id: str) -> Content | None:
        """What was said in a request of this key; None when nothing is kept. Raises StoreUnavailable."""
        ...
