"""The clients' keys: made once, shown once, and kept as a hash.

A secret is 256 random bits, so a plain SHA-256 of it is as hard to turn back as the secret is to guess. Slow hashes
(bcrypt, scrypt, Argon2) protect passwords, which people choose and others guess; here they would add their cost to
each call and nothing else. To bind the hashes to a deployment, `fingerprint` is the one place to become an HMAC with a
pepper from Secrets Manager. Nor is there a comparison to time: the table is asked for a digest, and who can choose a
secret cannot choose what its digest begins with.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ulid import ULID

from turnout.core.ports import Clock, Key
from turnout.store.cache import Cache, Seen
from turnout.store.dynamo import Item, StoreUnavailable, ask, from_wire, to_wire

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
MOST_EXPLORED = 0.2
"""The largest share of a key's requests that may go to another model than the best known."""

_SHAPE = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class _Stored:
    key: Key
    disabled: bool
    expires_at: float | None

    def good(self, now: float) -> bool:
        return not self.disabled and (self.expires_at is None or now < self.expires_at)


class DynamoKeys:
    """A `core.ports.Keys` in the DynamoDB table named `table`.

    What was read counts for `cache_seconds`: so long does a key that was disabled elsewhere go on working.
    """

    def __init__(self, client: "DynamoDBClient", table: str, cache_seconds: float, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._cache = Cache[_Stored | None](clock, REMEMBERED)

    async def find(self, secret: str) -> Key | None:
        """The key that `secret` is, if it is enabled and has not expired. Raises StoreUnavailable."""
        if not _SHAPE.fullmatch(secret):
            return None
        stored = await self._lookup(fingerprint(secret))
        return stored.key if stored and stored.good(self._clock.time()) else None

    async def create(
        self,
        name: str,
        tags: Mapping[str, str] | None = None,
        expires_at: float | None = None,
        explore: float = 0.0,
    ) -> tuple[str, Key]:
        """A new secret, which is kept nowhere, and its key. `expires_at`: epoch seconds; `explore`: see `Key`.

        Raises StoreUnavailable, and ValueError when more than MOST_EXPLORED is to be explored.
        """
        if not 0 <= explore <= MOST_EXPLORED:
            raise ValueError(f"explore must be from 0 to {MOST_EXPLORED}")
        secret = PREFIX + secrets.token_urlsafe(32)
        key = Key(id=f"key_{ULID()}".lower(), name=name, tags=dict(tags or {}), explore=explore)
        await ask(self._put, to_item(fingerprint(secret), key, self._clock.time(), expires_at))
        return secret, key

    async def disable(self, key_id: str) -> bool:
        """Let a key in no more; False when there is none of that id. Raises StoreUnavailable."""
        return await ask(self._disable, key_id)

    async def _lookup(self, digest: str) -> _Stored | None:
        seen = self._cache.get(digest)
        if seen and seen.age < self._lifetime(seen):
            return seen.value
        try:
            stored = await ask(self._read, digest)
        except StoreUnavailable:
            if seen and seen.value and seen.age < GRACE_SECONDS:
                return seen.value
            raise
        self._cache.put(digest, stored)
        return stored

    def _lifetime(self, seen: Seen[_Stored | None]) -> float:
        return self._cache_seconds if seen.value else min(self._cache_seconds, UNKNOWN_SECONDS)

    def _read(self, digest: str) -> _Stored | None:
        answer = self._client.get_item(TableName=self._table, Key=to_wire({"hash": digest}))
        return _from_item(from_wire(answer["Item"])) if "Item" in answer else None

    def _put(self, item: Item) -> None:
        self._client.put_item(TableName=self._table, Item=to_wire(item))

    def _disable(self, key_id: str) -> bool:
        found = self._client.query(
            TableName=self._table,
            IndexName="by_id",
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues=to_wire({":id": key_id}),
        )["Items"]
        for item in found:
            self._client.update_item(
                TableName=self._table,
                Key={"hash": item["hash"]},
                UpdateExpression="SET disabled = :true",
                ExpressionAttributeValues=to_wire({":true": True}),
            )
            self._cache.put(from_wire(item)["hash"], None)
        return bool(found)


def fingerprint(secret: str) -> str:
    """What is kept of a secret: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def to_item(digest: str, key: Key, created_at: float, expires_at: float | None) -> Item:
    """A key as a row; times are whole epoch seconds."""
    return {
        "hash": digest,
        "id": key.id,
        "name": key.name,
        "tags": dict(key.tags),
        "explore": Decimal(str(key.explore)),
        "disabled": False,
        "created_at": int(created_at),
        "expires_at": None if expires_at is None else int(expires_at),
    }


def _from_item(item: Mapping[str, Any]) -> _Stored:
    expires_at: Decimal | None = item["expires_at"]
    return _Stored(
        Key(id=item["id"], name=item["name"], tags=item["tags"], explore=float(item.get("explore", 0))),
        disabled=item["disabled"],
        expires_at=None if expires_at is None else float(expires_at),
    )
