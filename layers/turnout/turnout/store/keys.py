"""The clients' keys, checked: one read for a secret that was not seen lately, none for one that was.

A secret is 256 random bits and is kept as its HMAC-SHA256 under a pepper, which is in Secrets Manager and not in the
table: who has the table alone can neither find a secret nor put in one that works. Without a pepper (a laptop) the
HMAC's key is empty, and what is kept is still as hard to turn back as the secret is to guess. Slow hashes (bcrypt,
scrypt, Argon2) and salts protect passwords, which people choose, and choose alike; here the one would add its cost to
each call, the other a second read. Nor is there a comparison to time: the table is asked for a digest, and who can
choose a secret cannot choose what its digest begins with.
"""

import hmac
import re
from typing import TYPE_CHECKING

from turnout.core.ports import Clock, Key
from turnout.store.cache import Cache, Seen
from turnout.store.dynamo import StoreUnavailable, ask, from_wire, to_wire
from turnout.store.key_rows import Known, known_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "sk-turnout-"
"""So that people, log filters and secret scanners know one when they see it."""
UNKNOWN_SECONDS = 2.0
"""For how long an unknown key counts as unknown at most, so that a new one works soon."""
GRACE_SECONDS = 300.0
"""For how long after its last reading a good key stays good while DynamoDB does not answer."""
REMEMBERED = 4096
"""How many keys the cache holds."""

_SHAPE = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


class DynamoKeys:
    """A `core.ports.Keys` in the DynamoDB table named `table`, whose hashes were made with `pepper`.

    What was read counts for `cache_seconds`: so long does a key that was disabled go on working.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, cache_seconds: float, clock: Clock, pepper: str = ""
    ) -> None:
        self._client = client
        self._table = table
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._pepper = pepper
        self._cache = Cache[Known | None](clock, REMEMBERED)

    async def find(self, secret: str) -> Key | None:
        """The key that `secret` opens, if it is enabled and its time is not over. Raises StoreUnavailable."""
        if not _SHAPE.fullmatch(secret):
            return None
        known = await self._lookup(fingerprint(secret, self._pepper))
        return known.key if known and known.good(self._clock.time()) else None

    async def _lookup(self, digest: str) -> Known | None:
        seen = self._cache.get(digest)
        if seen and seen.age < self._lifetime(seen):
            return seen.value
        try:
            known = await ask(self._read, digest)
        except StoreUnavailable:
            if seen and seen.value and seen.age < GRACE_SECONDS:
                return seen.value
            raise
        self._cache.put(digest, known)
        return known

    def _lifetime(self, seen: Seen[Known | None]) -> float:
        return self._cache_seconds if seen.value else min(self._cache_seconds, UNKNOWN_SECONDS)

    def _read(self, digest: str) -> Known | None:
        answer = self._client.get_item(TableName=self._table, Key=to_wire({"hash": digest}))
        return known_of(from_wire(answer["Item"])) if "Item" in answer else None


def fingerprint(secret: str, pepper: str = "") -> str:
    """What is kept of a secret: its HMAC-SHA256, in hex."""
    return hmac.digest(pepper.encode(), secret.encode(), "sha256").hex()
