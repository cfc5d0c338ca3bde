"""The client's limit on cost, kept while the calls are under way: what is planned is always paid for, a repeat only
where there is room.

A call that is planned may be made once. Another try of it, or another model in its place, must fit into what is left
when everything that was spent, is under way or is planned has been taken off, each at its longest.
"""

from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from turnout.core.events import Events
from turnout.core.ports import Ask, Call
from turnout.core.records import Part
from turnout.modes.bill import Bill, over, quote_of


@dataclass(slots=True)
class Ledger:
    """All in USD, at the prices of `day`. `spent` tells the costs so far; `due` are the planned calls."""

    limit: Decimal
    day: date
    spent: Callable[[], Decimal]
    due: dict[Part, Decimal]
    under_way: Decimal = field(default=Decimal(0))

    @contextmanager
    def held(self, part: Part, quote: Decimal, tries: int) -> Generator[int]:
        """For as long as a call lasts, hold what it may cost; gives how many of the `tries` there is room for.

        Raises InvalidRequest when there is none.
        """
        planned = self.due.pop(part, None) is not None
        possible = min(tries, int(self.room // quote)) if quote > 0 else tries
        if not (granted := max(possible, int(planned))):
            raise over("No more of max_cost_usd is left for another try.")
        self.under_way += granted * quote
        try:
            yield granted
        finally:
            self.under_way -= granted * quote

    @property
    def room(self) -> Decimal:
        """What nobody has a claim on."""
        return max(Decimal(0), self.limit - self.spent() - self.under_way - sum(self.due.values(), Decimal(0)))


def opened(bill: Bill, limit: Decimal, spent: Callable[[], Decimal]) -> Ledger:
    """A ledger in which the calls of the bill are due."""
    return Ledger(limit, bill.size.day, spent, {call.part: bill.quote(call) for call in bill.calls})


def limited(ask: Ask, bill: Bill | None, limit: float | None, spent: Callable[[], Decimal]) -> Ask:
    """Ask within the client's limit on cost, if it has set one and there is a bill.

    Raises InvalidRequest when all calls together may cost more.
    """
    if limit is None or bill is None:
        return ask
    usd = Decimal(str(limit))
    bill.check(usd)
    return within(ask, opened(bill, usd, spent))


def within(ask: Ask, ledger: Ledger) -> Ask:
    """Ask with as many tries as the ledger has room for."""

    async def asked(call: Call) -> Events:
        with ledger.held(call.part, quote_of(call.chat, call.model, ledger.day), call.patience) as tries:
            async with aclosing(ask(replace(call, patience=tries))) as events:
                async for event in events:
                    yield event

    return asked
