"""AWS's event stream of a vendor's answer, as (event, data) pairs, wherever the network splits the bytes."""

import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import from_json, to_json

from turnout.core.chat import JSON
from turnout.core.errors import Garbled

if TYPE_CHECKING:
    from botocore.eventstream import EventStreamBuffer, EventStreamMessage

CONTENT_TYPE = "application/vnd.amazon.eventstream"
EXCEPTION = "exception"
"""The event that an error in the stream is told as; its data is an error's body, with its type as `__type`."""

LARGEST_FRAME = 8 * 1024 * 1024
"""Bytes; the format allows three times that, and an answer of a language model needs far less."""


class EventStream:
    """The messages of one stream: https://smithy.io/2.0/aws/amazon-eventstream.html. Raises Garbled if it is none."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        # Loaded only where there is such a stream.
        from botocore.eventstream import EventStreamBuffer  # noqa: PLC0415

        kind = headers.get("content-type", "no content type")
        if not kind.startswith(CONTENT_TYPE):
            raise Garbled(f"The vendor answered {kind} where a stream of events was due")
        self._buffer, self._unframed = EventStreamBuffer(), 0

    def feed(self, piece: bytes) -> Iterator[tuple[str, str]]:
        """The messages that this piece completes; one that has not come whole never happened.

        Raises Garbled for one that is damaged, or over the limit.
        """
        self._unframed += len(piece)
        for message in _whole(self._buffer, piece):
            self._unframed = 0
            yield _told(message)
        if self._unframed > LARGEST_FRAME:
            raise Garbled(f"The vendor sent {self._unframed} bytes without the end of a frame")


def _whole(buffer: "EventStreamBuffer", chunk: bytes) -> Iterator["EventStreamMessage"]:
    """The messages that this chunk completes."""
    from botocore.eventstream import ParserError  # noqa: PLC0415 - see above

    buffer.add_data(chunk)
    try:
        yield from buffer
    except (ParserError, LookupError, UnicodeDecodeError, struct.error) as error:
        raise Garbled("The vendor sent a damaged stream of events") from error


def _told(message: "EventStreamMessage") -> tuple[str, str]:
    """An event under its name. An error that the service's model knows is an exception, any other has only headers."""
    headers = cast("dict[str, Any]", message.headers)  # the stubs take the dict for a number
    text = message.payload.decode(errors="replace")
    match headers.get(":message-type"):
        case "exception":
            return EXCEPTION, _error(headers.get(":exception-type", ""), text)
        case "error":
            told = to_json({"message": headers.get(":error-message", "")})
            return EXCEPTION, _error(headers.get(":error-code", ""), told.decode())
        case _:
            return headers.get(":event-type", ""), text


def _error(kind: str, text: str) -> str:
    try:
        told: Any = from_json(text)
    except ValueError:
        told = None
    body = cast("JSON", told) if isinstance(told, dict) else {"message": text}
    return to_json(body | {"__type": kind}).decode()
