"""What requests may use: reserved before they are answered, in all accounts that they are charged to, settled after.

A key without budgets and limits, whose requests bear no tag that has a budget, costs no call of DynamoDB at all; else
there is one write before and one after for each account, those of tags beside that of the key and not in a transaction
with it, which would make requests with the same tag stand in each other's way. If one refuses, what the others hold is
given back.

A settlement that DynamoDB refuses is put into the function's log, where `turnout recover` finds it.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TextIO

from turnout.core.allowance import Estimate, Left
from turnout.core.frozen import frozen
from turnout.core.ports import Allowances, Clock, Key, RequestLog
from turnout.core.records import Record
from turnout.core.refused import AllowanceUnknown
from turnout.core.tasks import together
from turnout.policy.account import Account, Terms, correction, instant, left, terms_of_key, terms_of_tags, tightest
from turnout.store.accounts import DynamoAccounts, Wanted
from turnout.store.dynamo import StoreUnavailable, ask
from turnout.store.settlements import Settlement, unsaved_line
from turnout.store.tag_budgets import DynamoTagBudgets

log = logging.getLogger("turnout.store")

DOWN_SECONDS = 30.0
"""After DynamoDB did not answer, for how long a key that is let in then need not wait to see whether it does now."""
NOTHING = Left()


@dataclass(slots=True)
class _Open:
    """A request under way. `held` are the accounts as they stood after it, None where nothing could be reserved."""

    wanted: Wanted
    terms: tuple[Terms, ...]
    held: dict[str, Account | None]
    reserving: "asyncio.Task[None] | None" = None
    left: Left = NOTHING


class DynamoAllowances:
    """A `core.ports.Allowances` over accounts in DynamoDB."""

    def __init__(
        self, accounts: DynamoAccounts, budgets: DynamoTagBudgets, clock: Clock, fallback: TextIO | None = None
    ) -> None:
        self._accounts = accounts
        self._budgets = budgets
        self._clock = clock
        self._fallback = fallback or sys.stdout  # on Lambda: the function's log
        self._open: dict[str, _Open] = {}
        self._down_until = 0.0

    async def reserve(
        self, record: Record, key: Key, tags: Mapping[str, str], estimate: Callable[[], Estimate]
    ) -> None:
        """See the port. What is under way when the caller is cancelled is done all the same, and is settled."""
        terms = await self._terms(key, tags)
        if not terms:
            return
        wanted = Wanted(record.id, record.at, estimate())
        opened = self._open[record.id] = _Open(wanted, terms, {})
        opened.reserving = asyncio.create_task(self._hold(opened, key))
        await asyncio.shield(opened.reserving)

    def left(self, request_id: str) -> Left:
        """See the port."""
        opened = self._open.get(request_id)
        return opened.left if opened else NOTHING

    async def settle(self, record: Record) -> None:
        """See the port."""
        if not (opened := self._open.pop(record.id, None)):
            return
        if opened.reserving:
            await asyncio.wait({opened.reserving})
        await self._release(opened, record.cost_usd, record.tokens)

    async def _terms(self, key: Key, tags: Mapping[str, str]) -> tuple[Terms, ...]:
        own = (terms_of_key(key),) if key.budgets or key.limits.any else ()
        try:
            return own + terms_of_tags(await self._budgets.of(tags))
        except StoreUnavailable as error:
            if key.open_when_down:
                return own
            raise unknown() from error

    async def _hold(self, opened: _Open, key: Key) -> None:
        if key.open_when_down and self._clock.monotonic() < self._down_until:
            opened.held = dict.fromkeys((one.account for one in opened.terms), None)
            return
        results = await asyncio.gather(
            *(ask(self._accounts.hold, terms, opened.wanted) for terms in opened.terms), return_exceptions=True
        )
        for terms, result in zip(opened.terms, results, strict=True):
            if isinstance(result, Account):
                opened.held[terms.account] = result
        errors = [result for result in results if isinstance(result, BaseException)]
        opened.left = tightest(left(self._accounts.last(one.account), one, opened.wanted.at) for one in opened.terms)
        if errors:
            await self._refused(opened, key, errors)

    async def _refused(self, opened: _Open, key: Key, errors: list[BaseException]) -> None:
        """Raises, unless all that went wrong is that DynamoDB does not answer, and the key is let in then."""
        if down := all(isinstance(error, StoreUnavailable) for error in errors):
            self._down_until = self._clock.monotonic() + DOWN_SECONDS
        if down and key.open_when_down:
            log.warning("what a key has left could not be told, and it was let in as it is set to be")
            missing = [terms.account for terms in opened.terms if terms.account not in opened.held]
            opened.held |= dict.fromkeys(missing, None)
            return
        await self._release(opened, Decimal(0), 0)
        opened.held = {}
        known = [error for error in errors if not isinstance(error, StoreUnavailable)]
        raise known[0] if known else unknown() from errors[0]

    async def _release(self, opened: _Open, usd: Decimal, tokens: int) -> None:
        await asyncio.gather(*(self._settled(opened, terms, usd, tokens) for terms in opened.terms))

    async def _settled(self, opened: _Open, terms: Terms, usd: Decimal, tokens: int) -> None:
        if terms.account not in opened.held:
            return
        settlement = self._settlement(opened, terms, usd, tokens)
        try:
            await ask(self._accounts.settle, settlement)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the settlement is worth more than the reason
            self._fallback.write(unsaved_line(settlement, error) + "\n")
            self._fallback.flush()
        with suppress(StoreUnavailable):
            await ask(self._accounts.free, terms.account)

    def _settlement(self, opened: _Open, terms: Terms, usd: Decimal, tokens: int) -> Settlement:
        wanted, held = opened.wanted, opened.held[terms.account]
        per_minute, moved = terms.limits.tokens_per_minute, 0
        if held and per_minute is not None:
            now = instant(self._clock.time())
            moved = correction(wanted.estimate.tokens, tokens, per_minute, held.tokens, now)
        return Settlement(
            terms.account, wanted.id, wanted.at, wanted.estimate.usd, usd, held=held is not None, moved=moved
        )


def unknown() -> AllowanceUnknown:
    """What a key is told that is refused when what it has left cannot be told."""
    return AllowanceUnknown(
        "Turnout cannot tell what this key has left, since its own store does not answer. Try again in a moment; "
        "a key can be set to be let in then (open_when_down)."
    )


@frozen
class Settling:
    """A request log that also settles what each request has used: after the last byte, when nobody waits."""

    log: RequestLog
    allowances: Allowances

    async def write(self, record: Record) -> None:
        """Keep one row. Never raises."""
        await together(self.log.write(record), self.allowances.settle(record))
