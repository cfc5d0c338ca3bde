"""What an answer costs: exact decimal arithmetic over disjoint buckets of tokens."""

from datetime import date
from decimal import Decimal

from turnout.core.events import Usage
from turnout.core.models import Model, Price, Rate

FREE = Price("", Rate(Decimal(0), Decimal(0), Decimal(0), Decimal(0)))
"""The price of a model that names none, such as one on the own machine."""


def price_on(model: Model, day: date) -> Price:
    """The price that governs on `day` (UTC): the latest that had begun, else the first known one."""
    if not model.prices:
        return FREE
    begun = [price for price in model.prices if price.since <= day.isoformat()]
    return max(begun, key=lambda price: price.since, default=model.prices[0])


def cost(usage: Usage, price: Price) -> Decimal:
    """USD, exact. Reasoning is charged as output and pictures as input, as every vendor of the catalog does.

    The tier follows from the whole prompt, cached tokens included.
    """
    rate = rate_for(price, usage.prompt)
    micros = (
        (usage.input + usage.image) * rate.input
        + usage.cached_input * rate.cached_input
        + usage.cache_write * rate.cache_write
        + usage.completion * rate.output
    )
    return micros.scaleb(-6)


def rate_for(price: Price, prompt: int) -> Rate:
    """The rate of the highest tier whose threshold a prompt of so many tokens exceeds."""
    rate = price.rate
    for above, tier in price.tiers:
        if prompt > above:
            rate = tier
    return rate
