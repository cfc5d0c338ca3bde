"""Where a search goes on, as text that means nothing to a client and fits no other search.

A cursor holds a position alone: what is shown there follows from the key and the parameters of each request, which are
checked as ever. So one that somebody makes up leads to another page of the same search, and to nothing else. The digest
of the question lets a cursor be refused that was given to another question or key, which is a mistake.
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from pydantic_core import to_json

from turnout.api.console.queries import RequestsQuestion
from turnout.core.errors import InvalidRequest
from turnout.core.search import Position

_DIGEST_BYTES = 12
_POSITION = re.compile(r"(\d{4}-\d\d-\d\d)([0-9A-Z]{26})?")


def written(position: Position, question: RequestsQuestion, key_id: str) -> str:
    """The cursor for a position in what `key_id` asked."""
    return urlsafe_b64encode(_digest(question, key_id) + f"{position.day}{position.id}".encode()).decode().rstrip("=")


def read(cursor: str, question: RequestsQuestion, key_id: str) -> Position:
    """The position. Raises InvalidRequest when the cursor is none, or is another question's."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise _refusal("is none") from None
    found = _POSITION.fullmatch(raw[_DIGEST_BYTES:].decode(errors="replace"))
    if not found:
        raise _refusal("is none")
    if raw[:_DIGEST_BYTES] != _digest(question, key_id):
        raise _refusal("belongs to another search")
    return Position(found[1], found[2] or "")


def _digest(question: RequestsQuestion, key_id: str) -> bytes:
    """Of all that says which requests are found, in which order."""
    asked = question.model_dump(exclude={"cursor", "limit"})
    return sha256(to_json([key_id, asked])).digest()[:_DIGEST_BYTES]


def _refusal(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"'cursor' {why}. Give 'next_cursor' of the page before, with the same filters, or begin again without it.",
        param="cursor",
    )
