"""What a dialect is: a wire format, as pure functions over bodies and frames."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Literal, Protocol

from turnout.core.chat import JSON, Chat
from turnout.core.errors import VendorError
from turnout.core.events import Delta, Done
from turnout.core.frozen import frozen
from turnout.core.models import Model

type Framing = Literal["sse", "aws_eventstream"]
"""How a stream is cut into frames: server-sent events, or AWS's binary event stream."""


class Frames(Protocol):
    """Cuts one stream into frames."""

    def feed(self, piece: bytes) -> Iterator[tuple[str, str]]:
        """The frames that this piece completes, each as (event, data). Raises Garbled."""
        ...


@frozen
class WireRequest:
    """A request, ready to be sent: `path` is relative to the vendor's base URL, `headers` hold the key."""

    path: str
    body: JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class StreamDecoder(Protocol):
    """Reads one streamed answer, frame by frame."""

    @property
    def finished(self) -> bool:
        """Whether the format's own end was seen, so that nothing more needs to be read."""
        ...

    def feed(self, event: str, data: str) -> Iterator[Delta | Done]:
        """The events in one frame; none for lifecycle frames. Raises VendorError for an error in-band."""
        ...

    def close(self) -> Iterator[Delta | Done]:
        """What is due at the end: one `Done`. Raises StreamCut when the answer was not whole."""
        ...


class Dialect(Protocol):
    """A wire format. The modules in this folder are the instances."""

    FRAMING: Framing

    def request(self, chat: Chat, model: Model) -> WireRequest:
        """The request for this chat. What the model cannot do has been filtered out before."""
        ...

    def reply(self, body: Any) -> Iterator[Delta | Done]:
        """The events of a whole answer. Raises Garbled when it is not one, VendorError for an error in a 200."""
        ...

    def stream(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        ...

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> VendorError:
        """What a status of 400 and above means: the status decides before the text. Never raises."""
        ...
