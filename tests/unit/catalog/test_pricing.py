"""Money is exact: the laws of pricing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.catalog import load
from turnout.catalog.pricing import FREE, cost, price_on, rate_for
from turnout.core.events import Usage
from turnout.core.models import Price, Rate

SONNET = load({}, {}, None).find("claude-sonnet-4.5")
BUCKETS = ("input", "cached_input", "cache_write", "output", "reasoning")

amounts = st.decimals(min_value=0, max_value=1000, places=6, allow_nan=False, allow_infinity=False)
rates = st.builds(Rate, input=amounts, output=amounts, cached_input=amounts, cache_write=amounts)
tokens = st.integers(min_value=0, max_value=10**9)
usages = st.builds(Usage, **dict.fromkeys(BUCKETS, tokens))
flat_prices = st.builds(Price, since=st.just("2026-01-01"), rate=rates)


@st.composite
def tiered_prices(draw: st.DrawFn) -> Price:
    above = sorted(draw(st.sets(st.integers(min_value=1, max_value=10**9), max_size=3)))
    return Price("2026-01-01", draw(rates), tuple((start, draw(rates)) for start in above))


def rate_of(rate: Rate) -> Mapping[str, Decimal]:
    return {
        "input": rate.input,
        "cached_input": rate.cached_input,
        "cache_write": rate.cache_write,
        "output": rate.output,
        "reasoning": rate.output,
    }


def plus(one: Usage, other: Usage) -> Usage:
    return Usage(**{bucket: getattr(one, bucket) + getattr(other, bucket) for bucket in BUCKETS})


@given(usages, tiered_prices())
def test_a_cost_is_exactly_tokens_times_rates(usage: Usage, price: Price) -> None:
    expected = sum(
        getattr(usage, bucket) * Fraction(rate) / 1_000_000
        for bucket, rate in rate_of(rate_for(price, usage.prompt)).items()
    )
    assert Fraction(cost(usage, price)) == expected


@given(usages, tiered_prices())
def test_a_cost_is_never_negative(usage: Usage, price: Price) -> None:
    assert cost(usage, price) >= 0


@given(usages, usages, flat_prices)
def test_within_a_tier_costs_add_up(one: Usage, other: Usage, price: Price) -> None:
    assert cost(plus(one, other), price) == cost(one, price) + cost(other, price)


@given(tokens, tokens, tokens, tiered_prices())
def test_the_tier_follows_from_the_whole_prompt(fresh: int, cached: int, written: int, price: Price) -> None:
    passed = [rate for above, rate in price.tiers if fresh + cached + written > above]
    usage = Usage(input=fresh, cached_input=cached, cache_write=written)
    assert rate_for(price, usage.prompt) == (passed[-1] if passed else price.rate)


@given(usages, tiered_prices())
def test_the_answer_never_moves_the_tier(usage: Usage, price: Price) -> None:
    silent = replace(usage, output=0, reasoning=0)
    spoken = Usage(output=usage.output, reasoning=usage.reasoning)
    here = Price(price.since, rate_for(price, usage.prompt))
    assert cost(usage, price) == cost(silent, here) + cost(spoken, here)


def test_nothing_costs_nothing() -> None:
    assert cost(Usage(), price_on(SONNET, date(2026, 11, 24))) == 0


# 200,000 tokens are the last at the lower rate: https://platform.claude.com/docs/en/about-claude/pricing
@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(input=1_000_000 // 10, output=1_000), "0.315"),
        (Usage(input=200_000), "0.6"),
        (Usage(input=200_001), "1.200006"),
        (Usage(cached_input=200_000), "0.06"),
        (Usage(input=1, cached_input=200_000), "0.120006"),
        (Usage(cache_write=1), "0.00000375"),
        (Usage(output=1, reasoning=1), "0.00003"),
    ],
)
def test_a_worked_example(usage: Usage, usd: str) -> None:
    assert cost(usage, price_on(SONNET, date(2026, 11, 24))) == Decimal(usd)


@pytest.mark.parametrize(
    ("day", "input_rate"),
    [
        (date(2026, 1, 1), "0.435"),
        (date(2026, 4, 24), "0.435"),
        (date(2026, 8, 16), "0.435"),
        (date(2026, 8, 17), "1.32"),
        (date(2030, 1, 1), "1.32"),
    ],
)
def test_the_latest_price_that_had_begun_governs(day: date, input_rate: str) -> None:
    model = load({}, {}, None).find("deepseek-v4-pro")
    assert price_on(model, day).rate.input == Decimal(input_rate)


def test_a_model_without_prices_is_free() -> None:
    own = replace(SONNET, prices=())
    assert price_on(own, date(2026, 11, 24)) is FREE
    assert cost(Usage(input=5, output=5), FREE) == 0
