"""What a simulator was asked lately, with the secrets taken out."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from local.simulators.personas.protocol import Asked

KEPT = 200
SECRET_HEADERS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "x-amz-security-token", "cookie"})
REDACTED = "[redacted]"
LONGEST_BODY = 200_000
SHORTEST_SECRET = 8
"""A shorter key is no secret, and would be found in any text."""


@dataclass(slots=True)
class Entry:
    """One request. `ended`: whole, closed or reset by us, `client_gone`, or `answering` while it goes on."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    model: str = ""
    stream: bool = False
    fault: str = ""
    ended: str = "answering"


@dataclass(slots=True)
class Journal:
    """The last requests, the oldest first."""

    entries: deque[Entry] = field(default_factory=lambda: deque[Entry](maxlen=KEPT))

    def note(self, asked: Asked, key: str) -> Entry:
        """Write a request down."""
        headers = {name: REDACTED if name in SECRET_HEADERS else value for name, value in asked.headers.items()}
        entry = Entry(asked.method, asked.path, headers, body_of(asked.body, key))
        self.entries.append(entry)
        return entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, at: int) -> Entry:
        return self.entries[at]


def body_of(body: bytes, key: str) -> Any:
    """The body as JSON if it is JSON, else as text; the key that came with the request is taken out of it.

    A body with large pictures in it is not kept.
    """
    if len(body) > LONGEST_BODY:
        return f"[{len(body)} bytes]"
    text = body.decode(errors="replace")
    text = text.replace(key, REDACTED) if len(key) >= SHORTEST_SECRET else text
    try:
        return from_json(text)
    except ValueError:
        return text
