"""What a key may see: its own requests, and those of all keys when whoever made it gave it the tag for that."""

from turnout.core.errors import Forbidden
from turnout.core.ports import Key

SEES = "turnout-sees"
ALL = "all"
"""A key with the tag `turnout-sees` = `all` sees every key's requests and usage. Tags of a request do not count."""


def sees_all(key: Key) -> bool:
    """Whether the key sees more than its own."""
    return key.tags.get(SEES) == ALL


def seen_key(key: Key, wanted: str) -> str:
    """The key whose requests are shown, "" for all, when those of `wanted` are asked for. Raises Forbidden."""
    if sees_all(key) or wanted == key.id:
        return wanted
    if wanted:
        raise Forbidden(f"This key sees only its own requests. Leave 'key' out, or give it as '{key.id}'.", param="key")
    return key.id
