"""A past period priced again: from the tokens of each attempt and the catalog's prices, exactly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

from turnout.catalog import Catalog
from turnout.catalog.pricing import FREE, cost, price_on
from turnout.core.errors import UnknownModel
from turnout.core.frozen import frozen
from turnout.core.models import Model, Price
from turnout.core.records import Attempt, Record

type Pricing = Callable[[Model, Attempt, Record], Price | None]
"""Which price an attempt has; None when it is not known any more."""


@frozen
class Repriced:
    """A row before and after; `unknown` are models or prices that the catalog does not have, whose cost stays."""

    before: Record
    after: Record
    unknown: frozenset[str]

    @property
    def changed(self) -> bool:
        """Whether any attempt has another cost or another version of its price."""
        return self.before != self.after


def governing(model: Model, attempt: Attempt, record: Record) -> Price:
    """The price that governs on the day of the attempt, as the catalog has it now.

    An attempt that ended after midnight has the price of that day: its version then is later than its request's day.
    """
    day = datetime.fromtimestamp(record.at, UTC).date().isoformat()
    return price_on(model, date.fromisoformat(max(day, attempt.price_version)))


def recorded(model: Model, attempt: Attempt, record: Record) -> Price | None:  # noqa: ARG001 - a Pricing
    """The price of the version that the row names."""
    return next((price for price in model.prices or (FREE,) if price.since == attempt.price_version), None)


def repriced(record: Record, catalog: Catalog, pricing: Pricing = governing) -> Repriced:
    """The row with what its attempts cost by `pricing`."""
    unknown: set[str] = set()
    attempts: list[Attempt] = []
    for attempt in record.attempts:
        price = _price(attempt, record, catalog, pricing)
        attempts.append(_at(attempt, price) if price else attempt)
        if not price and attempt.outcome != "skipped":
            unknown.add(f"{attempt.vendor}/{attempt.model} {attempt.price_version}".strip())
    return Repriced(record, replace(record, attempts=attempts), frozenset(unknown))


def _price(attempt: Attempt, record: Record, catalog: Catalog, pricing: Pricing) -> Price | None:
    if attempt.outcome == "skipped":
        return None  # was not sent, so has neither tokens nor price
    try:
        return pricing(catalog.find(f"{attempt.vendor}/{attempt.model}"), attempt, record)
    except UnknownModel:
        return None


def _at(attempt: Attempt, price: Price) -> Attempt:
    return replace(attempt, cost_usd=cost(attempt.usage, price), price_version=price.since)
