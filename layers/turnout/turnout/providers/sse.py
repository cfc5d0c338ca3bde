"""Server-sent events of a vendor's answer, as (event, data) pairs, wherever the network splits the bytes.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Iterator, Mapping

from turnout.core.errors import Garbled

CONTENT_TYPE = "text/event-stream"
LARGEST_FRAME = 8 * 1024 * 1024
"""Bytes: more without an end of frame is no answer of a language model."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventSource:
    """One stream's frames, as UTF-8; a byte that is none becomes U+FFFD. Raises Garbled for another content type."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        kind = headers.get("content-type", "no content type")
        if kind.partition(";")[0].strip().lower() != CONTENT_TYPE:
            raise Garbled(f"The vendor answered {kind} where a stream of events was due")
        self._parts: list[bytes] = []
        self._last, self._size = b"", 0
        self._begun = self._after_return = False

    def feed(self, piece: bytes) -> Iterator[tuple[str, str]]:
        """The frames with data that this piece completes; `event` is "message" where the vendor named none.

        A frame without its empty line at the end never happened. Raises Garbled for one over the limit.
        """
        line_feeds = self._with_line_feeds(piece)
        ended = b"\n\n" in self._last + line_feeds
        self._last = line_feeds[-1:] or self._last
        self._parts.append(line_feeds)
        self._size += len(line_feeds)
        if ended:
            *frames, rest = b"".join(self._parts).split(b"\n\n")
            self._parts, self._size = [rest], len(rest)
            yield from self._told(frames)
        if self._size > LARGEST_FRAME:
            raise Garbled(f"The vendor sent {self._size} bytes without the end of a frame")

    def _with_line_feeds(self, piece: bytes) -> bytes:
        """A line may end in LF, CR or both, and the two may come apart."""
        if self._after_return and piece:
            piece = piece.removeprefix(b"\n")
            self._after_return = False
        if b"\r" not in piece:
            return piece
        self._after_return = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _told(self, frames: list[bytes]) -> Iterator[tuple[str, str]]:
        if frames and not self._begun:
            self._begun, frames[0] = True, frames[0].removeprefix(BYTE_ORDER_MARK)
        for frame in frames:
            event, data = _read(frame.decode(errors="replace"))
            if data:
                yield event, data


def _read(frame: str) -> tuple[str, str]:
    event, data = "", list[str]()
    for line in frame.split("\n"):
        field, _, value = line.partition(":")
        if field == "data":
            data.append(value.removeprefix(" "))
        elif field == "event":
            event = value.removeprefix(" ")
    return event or "message", "\n".join(data)
