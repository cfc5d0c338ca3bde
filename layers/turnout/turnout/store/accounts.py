"""The accounts of keys and tags: one item each, which every request changes in one conditional write, and back in one.

`day_2026-11-24`, `month_2026-11` and `total` are USD, `requests` and `tokens` the buckets' instants (`policy.account`),
`in_flight` how many requests hold something, and `held_<request id>` what each holds. A condition compares each with
the room that there must be, so that DynamoDB itself decides between instances; a bucket that is at rest and one that is
not need different writes, so an instance goes by what it saw last, and by the item that a refused write brings back.

A request is settled by the write that removes its `held_` attribute, so it is settled once, however often that is
tried. What is held for longer than any request takes is freed by whoever comes upon it, and remembered for a month as
an item `late#...`: a settlement that is found in a log later still counts, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from turnout.core.allowance import Estimate
from turnout.core.frozen import frozen
from turnout.core.ports import Clock
from turnout.policy.account import MINUTE, UNUSED, Account, Bucket, Held, Terms, buckets, instant, refused, windows
from turnout.store.cache import Cache
from turnout.store.dynamo import Item, StoreUnavailable, from_wire, to_wire
from turnout.store.settlements import Settlement

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HELD = "held_"
TRIES = 8
"""Writes for one reservation, before it is given up: one, or two where the buckets are not as they were seen last."""
MOST_FREED = 20
"""Reservations that one request frees at most: others come by."""
LATE_SECONDS = 35 * 86_400
"""For how long a late settlement is known: longer than a function's log is kept by default."""
REMEMBERED = 4096
CONFLICT = "TransactionConflict"


@frozen
class Wanted:
    """What a request that began `at` (epoch seconds) asks of an account."""

    id: str
    at: float
    estimate: Estimate

    @property
    def attribute(self) -> str:
        """Where what it holds is."""
        return HELD + self.id


@dataclass(slots=True)
class _Update:
    """An update expression in the making."""

    _short: dict[str, str] = field(default_factory=dict[str, str])
    values: Item = field(default_factory=dict[str, Any])
    sets: list[str] = field(default_factory=list[str])
    adds: list[str] = field(default_factory=list[str])
    removes: list[str] = field(default_factory=list[str])
    conditions: list[str] = field(default_factory=list[str])

    def name(self, attribute: str) -> str:
        """The placeholder of an attribute."""
        if attribute not in self._short:
            self._short[attribute] = f"#n{len(self._short)}"
        return self._short[attribute]

    def value(self, value: Any) -> str:
        """The placeholder of a value."""
        short = f":v{len(self.values)}"
        self.values[short] = value
        return short

    def add(self, attribute: str, number: int | Decimal) -> None:
        """Add to a number, which is 0 where there is none."""
        self.adds.append(f"{self.name(attribute)} {self.value(number)}")

    def spend(self, usd: Decimal, at: float) -> None:
        """In all windows that `at` is in: a budget that is set later knows what was spent."""
        for window in windows(at).values():
            self.add(window, usd)

    def request(self, table: str, key: Mapping[str, str]) -> dict[str, Any]:
        """The parameters of UpdateItem, or of an Update in a transaction."""
        parts = {"SET": self.sets, "ADD": self.adds, "REMOVE": self.removes}
        asked: dict[str, Any] = {
            "TableName": table,
            "Key": to_wire(key),
            "UpdateExpression": " ".join(f"{verb} {', '.join(some)}" for verb, some in parts.items() if some),
        }
        optional = {
            "ConditionExpression": " AND ".join(self.conditions),
            "ExpressionAttributeNames": {short: name for name, short in self._short.items()},
            "ExpressionAttributeValues": to_wire(self.values),
        }
        return asked | {name: value for name, value in optional.items() if value}


class DynamoAccounts:
    """Accounts in the DynamoDB table named `table`. `lifetime` is how long a reservation counts, in seconds.

    All methods block, and raise ClientError or BotoCoreError when DynamoDB does not do it.
    """

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock, lifetime: float) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._lifetime = lifetime
        self._seen = Cache[Account](clock, REMEMBERED)

    def read(self, account: str) -> Account:
        """As it stands."""
        answer = self._client.get_item(TableName=self._table, Key=to_wire({"pk": account}), ConsistentRead=True)
        found = account_of(from_wire(answer.get("Item", {})))
        self._seen.put(account, found)
        return found

    def last(self, account: str) -> Account:
        """As this instance saw it last."""
        seen = self._seen.get(account)
        return seen.value if seen else UNUSED

    def hold(self, terms: Terms, wanted: Wanted) -> Account:
        """Reserve; the account after it. Raises Limited, and StoreUnavailable when others are always quicker."""
        if error := refused(UNUSED, terms, wanted.estimate, wanted.at):
            raise error  # more than there can ever be room for
        seen = self.last(terms.account)
        for _ in range(TRIES):
            written, seen = self._written(terms, wanted, seen)
            self._seen.put(terms.account, seen)
            if written or wanted.id in seen.held:  # the second is a try whose answer was lost
                return seen
            if not self._freed(terms.account, seen) and (error := refused(seen, terms, wanted.estimate, wanted.at)):
                raise error
        raise StoreUnavailable("Too many requests change this account at once. Try again in a moment.")

    def settle(self, settlement: Settlement) -> None:
        """Put what was used in place of what was held; done twice it is done once."""
        update = self._release(settlement.id, settlement.at, settlement.usd - settlement.estimate)
        if settlement.moved:
            update.add("tokens", settlement.moved)
        over = _over(self.last(settlement.account), self._clock.time()).difference(windows(settlement.at).values())
        update.removes += map(update.name, sorted(over))
        try:
            self._client.update_item(**update.request(self._table, {"pk": settlement.account}))
        except self._client.exceptions.ConditionalCheckFailedException:
            self._settle_late(settlement)

    def free(self, account: str) -> None:
        """Free what nobody will settle any more, as far as it was seen."""
        self._freed(account, self.last(account))

    def _written(self, terms: Terms, wanted: Wanted, seen: Account) -> tuple[bool, Account]:
        """Whether it could be reserved, and the account as it is now."""
        request = _reserving(terms, wanted, seen).request(self._table, {"pk": terms.account})
        try:
            answer = self._client.update_item(
                **request, ReturnValues="ALL_NEW", ReturnValuesOnConditionCheckFailure="ALL_OLD"
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return False, account_of(from_wire(cast("Any", error.response).get("Item", {})))
        return True, account_of(from_wire(answer.get("Attributes", {})))

    def _freed(self, account: str, seen: Account) -> bool:
        """Whether there was something to free, be it that another instance was quicker."""
        expired = list(seen.expired(self._clock.time(), self._lifetime).items())[:MOST_FREED]
        for request_id, held in expired:
            late = _Update()
            late.sets.append(f"{late.name('expires_at')} = {late.value(self._late_until())}")
            self._transact(
                self._release(request_id, held.at, -held.usd).request(self._table, {"pk": account}),
                late.request(self._table, _late(account, request_id)),
            )
        return bool(expired)

    def _settle_late(self, settlement: Settlement) -> None:
        """Of what is held no more: it was settled already, was freed, or never reserved."""
        late = _Update()
        late.sets.append(f"{late.name('expires_at')} = {late.value(self._late_until())}")
        late.sets.append(f"{late.name('settled')} = {late.value(True)}")
        late.conditions.append(f"attribute_not_exists({late.name('settled')})")
        if settlement.held:
            late.conditions.append(f"attribute_exists({late.name('expires_at')})")
        spending = _Update()
        spending.spend(settlement.usd, settlement.at)
        self._transact(
            spending.request(self._table, {"pk": settlement.account}),
            late.request(self._table, _late(settlement.account, settlement.id)),
        )

    def _release(self, request_id: str, at: float, usd: Decimal) -> _Update:
        update = _Update()
        held = update.name(HELD + request_id)
        update.conditions.append(f"attribute_exists({held})")
        update.removes.append(held)
        update.spend(usd, at)
        update.add("in_flight", -1)
        return update

    def _transact(self, *updates: dict[str, Any]) -> None:
        """All of them, or none where a condition says that it is done. Raises ClientError for all else."""
        for left in reversed(range(TRIES)):
            try:
                self._client.transact_write_items(TransactItems=cast("Any", [{"Update": one} for one in updates]))
            except ClientError as error:
                codes = {reason.get("Code") for reason in cast("Any", error.response).get("CancellationReasons", ())}
                if "ConditionalCheckFailed" in codes:
                    return
                if not left or CONFLICT not in codes:
                    raise
            else:
                return

    def _late_until(self) -> int:
        return int(self._clock.time()) + LATE_SECONDS


def account_of(item: Mapping[str, Any]) -> Account:
    """An account, from its item."""
    return Account(
        {name: value for name, value in item.items() if name.startswith(("day_", "month_")) or name == "total"},
        {name.removeprefix(HELD): Held(*_pair(value)) for name, value in item.items() if name.startswith(HELD)},
        int(item.get("requests", 0)),
        int(item.get("tokens", 0)),
    )


def _pair(value: list[Decimal]) -> tuple[Decimal, float]:
    return value[0], float(value[1])


def _reserving(terms: Terms, wanted: Wanted, seen: Account) -> _Update:
    update = _Update()
    held = update.name(wanted.attribute)
    update.conditions.append(f"attribute_not_exists({held})")
    update.sets.append(f"{held} = {update.value([wanted.estimate.usd, Decimal(str(wanted.at))])}")
    update.spend(wanted.estimate.usd, wanted.at)
    update.add("in_flight", 1)
    for budget in terms.budgets:
        _at_most(update, windows(wanted.at)[budget.period], budget.usd - wanted.estimate.usd)
    if terms.limits.concurrent is not None:
        _at_most(update, "in_flight", terms.limits.concurrent - 1)
    for bucket in buckets(seen, terms.limits, wanted.estimate.tokens):
        _take(update, bucket, instant(wanted.at))
    return update


def _at_most(update: _Update, attribute: str, room: int | Decimal) -> None:
    name = update.name(attribute)
    update.conditions.append(f"(attribute_not_exists({name}) OR {name} <= {update.value(room)})")


def _take(update: _Update, bucket: Bucket, now: int) -> None:
    """A bucket that is full, as far as it was seen, starts from now; else the request goes behind the others."""
    if bucket.full_at <= now:
        _at_most(update, bucket.name, now)
        update.sets.append(f"{update.name(bucket.name)} = {update.value(now + bucket.share)}")
        return
    name = update.name(bucket.name)
    low, high = update.value(now), update.value(now + MINUTE - bucket.share)
    update.conditions.append(f"({name} > {low} AND {name} <= {high})")
    update.add(bucket.name, bucket.share)


def _over(account: Account, now: float) -> set[str]:
    """Windows that no request can be in any more."""
    current = {window for at in (now, now - 86_400) for window in windows(at).values()}
    return account.spent.keys() - current


def _late(account: str, request_id: str) -> dict[str, str]:
    return {"pk": f"late#{account}#{request_id}"}
