"""The client's limit on cost holds whatever has to be repeated, and what is planned is never refused."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeClock, FakeVendors, a_model, answer
from tests.unit.modes.asked import CHAT
from turnout.core import errors
from turnout.core.chat import Chat
from turnout.core.events import collect
from turnout.core.models import Model
from turnout.core.ports import Call, Deadline
from turnout.core.records import Attempt, Part, Record
from turnout.modes.bill import quote_of
from turnout.modes.ledger import Ledger, within

DAY = date(2026, 11, 24)
ONE, TWO = Part("verdict", 0), Part("verdict", 1)
USD = Decimal(1)


def ledger(limit: int, *due: Part, spent: int = 0) -> Ledger:
    return Ledger(Decimal(limit), DAY, lambda: Decimal(spent), dict.fromkeys(due, USD))


@pytest.mark.parametrize(("limit", "spent", "tries"), [(2, 0, 1), (3, 0, 2), (9, 0, 3), (3, 1, 1), (2, 9, 1)])
def test_a_planned_call_is_always_made_and_tried_again_where_there_is_room(limit: int, spent: int, tries: int) -> None:
    with ledger(limit, ONE, TWO, spent=spent).held(ONE, USD, 3) as granted:
        assert granted == tries


def test_a_call_in_the_place_of_another_is_made_only_where_there_is_room() -> None:
    tight = ledger(2, ONE, TWO)
    with tight.held(ONE, USD, 1):
        pass
    with tight.held(ONE, USD, 1) as granted:  # the first has cost nothing
        assert granted == 1
        with pytest.raises(errors.InvalidRequest) as caught, tight.held(ONE, USD, 1):
            pass
    assert caught.value.code == "over_max_cost"


def test_what_costs_nothing_is_never_refused() -> None:
    with ledger(0).held(ONE, Decimal(0), 3) as granted:
        assert granted == 3


type Wish = tuple[int, int, int]
"""The number of a part, the tries, and how many cents each call costs in the end."""


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(0, 100)), max_size=30),
    st.integers(0, 900),
    st.lists(st.integers(0, 3), unique=True),
)
def test_whatever_is_asked_for_no_more_than_the_limit_is_spent(wishes: list[Wish], over: int, due: list[int]) -> None:
    """Each try costs at most its quote; here some calls overlap."""
    costs: list[Decimal] = []
    parts = dict.fromkeys((Part("verdict", number) for number in due), USD)
    limit = len(due) + Decimal(over) / 100
    kept = Ledger(limit, DAY, lambda: sum(costs, Decimal(0)), parts)
    open_ = [wish for wish in wishes if wish[0] % 2]
    for number, tries, cents in [*open_, *wishes]:
        with suppress(errors.InvalidRequest), kept.held(Part("verdict", number), USD, tries) as granted:
            with suppress(errors.InvalidRequest), kept.held(Part("verdict", number), USD, 1):
                costs.append(USD)
            costs.extend([Decimal(cents) / 100] * granted)
        assert kept.spent() <= limit
    assert not kept.under_way


def a_call(chat: Chat, model: Model, clock: FakeClock, record: Record) -> Call:
    later = Deadline(clock.now + 60, clock)
    return Call(chat, model, later, later, record, patience=3, part=ONE)


async def test_a_call_gets_the_tries_that_there_is_money_for_and_gives_back_its_claim() -> None:
    clock, record = FakeClock(), Record("r", 0, "k", "auto", stream=False)
    vendors = FakeVendors(clock, a=[answer("hi")] * 2)
    chat = replace(CHAT, max_tokens=100)
    quote = quote_of(chat, a_model("a"), DAY)
    kept = Ledger(2 * quote, DAY, lambda: record.cost_usd, {ONE: quote})
    ask = within(vendors.ask, kept)
    await collect(ask(a_call(chat, a_model("a"), clock, record)))
    assert [call.patience for call in vendors.calls] == [2]
    assert kept.under_way == 0
    record.attempts.append(Attempt("v", "a", 1, 0, cost_usd=2 * quote))
    with pytest.raises(errors.InvalidRequest):
        await collect(ask(a_call(chat, a_model("a"), clock, record)))
    assert len(vendors.calls) == 1
