"""The clients' keys, managed: made, listed, changed, rotated and deleted. A secret is shown once and kept nowhere.

The row under a key's id is the one that counts. It is read consistently and changed only as it was read (`revision`),
in one transaction with the copies under its secrets: no change is lost to another, and none reaches half of the rows.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from ulid import ULID

from turnout.core.errors import Conflict, InvalidRequest, UnknownKey
from turnout.core.keyring import Issued, Secret
from turnout.core.ports import Clock, Key
from turnout.store.dynamo import Item, StoreUnavailable, ask, from_wire, to_wire
from turnout.store.key_rows import KIND, issued_of, key_row, secret_row
from turnout.store.keys import PREFIX, fingerprint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIES = 8
"""How often a change is tried while others change the same key."""
MOST_SECRETS = 10
"""How many secrets may open a key at a time."""
MADE_FIRST = "bootstrap"
"""The row that remembers the first admin key."""
PEPPER = "pepper"
"""The row that tells whether hashes are made with the same pepper as before."""

_NEW = {"ConditionExpression": "attribute_not_exists(#hash)", "ExpressionAttributeNames": {"#hash": "hash"}}
_ANYHOW: Mapping[str, Any] = {}
_BUSY = "Others are changing the same. Try again in a moment."

type Edit = Callable[[Issued], Issued]


class _Overtaken(Exception):
    """The rows are not as they were read."""


class DynamoKeyring:
    """The keys in the DynamoDB table named `table`. All raise StoreUnavailable."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock, pepper: str = "") -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._pepper = pepper

    async def create(self, key: Key, expires_at: float | None = None) -> tuple[str, Issued]:
        """A new secret, and the key that it opens: as `key` says, but for the id, which is given here."""
        return await ask(self._create, key, expires_at)

    async def bootstrap(self, name: str) -> tuple[str, Issued]:
        """The deployment's first admin key. Raises Conflict when it was made before."""
        first = {"hash": MADE_FIRST, "at": int(self._clock.time())}
        key = Key("", name, scopes=frozenset({"admin"}))
        try:
            return await ask(self._create, key, None, [self._put(first, _NEW)])
        except _Overtaken:
            first = await ask(self._row, MADE_FIRST)
            raise Conflict(_made_before(first)) if first else StoreUnavailable(_BUSY) from None

    async def get(self, key_id: str) -> Issued:
        """The key of that id. Raises UnknownKey."""
        return await ask(self._get, key_id)

    async def page(self, limit: int, after: str = "") -> tuple[tuple[Issued, ...], str]:
        """Up to `limit` keys, the newest first, behind the one of the id `after`; and where it goes on, "" at the end.

        A key that was made or changed within the last second may not be there yet as it is now.
        """
        return await ask(self._page, limit, after)

    async def change(self, key_id: str, edit: Edit) -> Issued:
        """What `edit` makes of the key; it may be called more than once. Raises UnknownKey, and what `edit` raises."""
        return await ask(self._change, key_id, edit)

    async def rotate(self, key_id: str, overlap: float) -> tuple[str, Issued]:
        """A new secret for the key; those before it end in `overlap` seconds. Raises UnknownKey or InvalidRequest."""
        await ask(self._agree)
        secret, now = _secret(), self._clock.time()

        def edit(issued: Issued) -> Issued:
            former = tuple(_ending(one, now + overlap) for one in issued.secrets if one.works(now) and overlap > 0)
            if len(former) >= MOST_SECRETS:
                told = f"{MOST_SECRETS} secrets open this key already. Wait until one ends, or rotate without overlap."
                raise InvalidRequest(told, param="overlap_seconds")
            return replace(issued, secrets=(*former, Secret(fingerprint(secret, self._pepper), now)))

        return secret, await ask(self._change, key_id, edit)

    async def delete(self, key_id: str) -> None:
        """Nothing of it is left, and its id is not given again. Raises UnknownKey."""
        await ask(self._delete, key_id)

    def _create(self, key: Key, expires_at: float | None, more: Sequence[Item] = ()) -> tuple[str, Issued]:
        self._agree()
        secret, now = _secret(), self._clock.time()
        named = replace(key, id=f"key_{ULID()}".lower())
        issued = Issued(named, now, expires_at, secrets=(Secret(fingerprint(secret, self._pepper), now),))
        self._commit([*more, *self._written(issued)])
        return secret, issued

    def _change(self, key_id: str, edit: Edit) -> Issued:
        for _ in range(TRIES):
            issued, now = self._get(key_id), self._clock.time()
            edited = edit(issued)
            kept = tuple(one for one in edited.secrets if one.works(now))
            changed = replace(edited, secrets=kept, revision=issued.revision + 1)
            gone = sorted({one.hash for one in issued.secrets} - {one.hash for one in kept})
            with suppress(_Overtaken):
                self._commit([*self._written(changed), *map(self._removed, gone)])
                return changed
        raise StoreUnavailable(_BUSY)

    def _delete(self, key_id: str) -> None:
        for _ in range(TRIES):
            issued = self._get(key_id)
            row = self._removed(key_id, _unchanged(issued.revision))
            with suppress(_Overtaken):
                return self._commit([row, *(self._removed(one.hash) for one in issued.secrets)])
        raise StoreUnavailable(_BUSY)

    def _get(self, key_id: str) -> Issued:
        row = self._row(key_id)
        if row.get("kind") != KIND:
            raise UnknownKey(f"There is no key '{key_id[:64]}'. GET /v1/keys lists all.", param="id")
        return issued_of(row)

    def _row(self, name: str) -> Item:
        found = self._client.get_item(TableName=self._table, Key=to_wire({"hash": name}), ConsistentRead=True)
        return from_wire(found.get("Item", {}))

    def _page(self, limit: int, after: str) -> tuple[tuple[Issued, ...], str]:
        begin = {"ExclusiveStartKey": to_wire({"kind": KIND, "id": after, "hash": after})} if after else {}
        found = self._client.query(
            TableName=self._table,
            IndexName="by_kind",
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues=to_wire({":kind": KIND}),
            ScanIndexForward=False,
            Limit=limit,
            **cast("Any", begin),
        )
        rows = tuple(issued_of(from_wire(item)) for item in found["Items"])
        return rows, rows[-1].key.id if rows and "LastEvaluatedKey" in found else ""

    def _agree(self) -> None:
        """Raises Conflict when keys were made here with another pepper: what was made now would open nothing."""
        check = fingerprint("which pepper it is", self._pepper)
        if not self._row(PEPPER):
            with suppress(_Overtaken):
                self._commit([self._put({"hash": PEPPER, "check": check}, _NEW)])
        if not compare_digest(self._row(PEPPER)["check"], check):
            raise Conflict(
                "This deployment's keys are hashed with another pepper. Name the stack with --stack, or set "
                "TURNOUT_KEY_PEPPER_SECRET as its functions have it."
            )

    def _written(self, issued: Issued) -> list[Item]:
        """The puts of the key, if its row is as it was read, and of the copies."""
        copies = (self._put(secret_row(issued, secret)) for secret in issued.secrets)
        condition = _unchanged(issued.revision - 1) if issued.revision else _NEW
        return [self._put(key_row(issued), condition), *copies]

    def _put(self, item: Item, condition: Mapping[str, Any] = _ANYHOW) -> Item:
        return {"Put": {"TableName": self._table, "Item": to_wire(item), **condition}}

    def _removed(self, name: str, condition: Mapping[str, Any] = _ANYHOW) -> Item:
        return {"Delete": {"TableName": self._table, "Key": to_wire({"hash": name}), **condition}}

    def _commit(self, items: Sequence[Item]) -> None:
        try:
            self._client.transact_write_items(TransactItems=cast("Any", items))
        except ClientError as error:
            reasons: Any = error.response.get("CancellationReasons", ())
            if {reason.get("Code") for reason in reasons} & {"ConditionalCheckFailed", "TransactionConflict"}:
                raise _Overtaken from None
            raise


def _secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _ending(secret: Secret, at: float) -> Secret:
    """The secret, ending then if it does not end before."""
    return replace(secret, until=at if secret.until is None else min(at, secret.until))


def _unchanged(revision: int) -> Mapping[str, Any]:
    values = to_wire({":revision": revision})
    return {"ConditionExpression": "revision = :revision", "ExpressionAttributeValues": values}


def _made_before(first: Mapping[str, Any]) -> str:
    day = datetime.fromtimestamp(float(first["at"]), UTC).date()
    return (
        f"The first admin key was made on {day}, and is made once. If it is lost, 'turnout keys create NAME --scope "
        "admin' makes another: that takes AWS credentials for the table, and no key."
    )
