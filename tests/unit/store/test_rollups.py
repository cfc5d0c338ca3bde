"""Counting over the fake DynamoDB and moto, and what it does when DynamoDB refuses."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from local.fake_dynamo import FakeDynamo
from tests.fakes import FakeClock
from tests.unit.store.rollup_contract import ROWS, TABLES, RollupsContract, counted, entries, expected
from turnout.policy.rollup import Cell, Entry
from turnout.store.cells import LIFETIMES, MARKER_LIFETIME
from turnout.store.rollups import BASE, LONGEST, MOST_ATTRIBUTES, MOST_ITEMS, TRIES, DynamoRollups, packed, summed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def rollups_over(client: Any, pauses: list[float] | None = None) -> DynamoRollups:
    """With full pauses, which nobody waits."""
    kept = [] if pauses is None else pauses
    return DynamoRollups(
        cast("DynamoDBClient", client), *TABLES, FakeClock(), kept.append, jitter=lambda low, high: high
    )


class TestOverTheFake(RollupsContract):
    @pytest.fixture
    def rollups(self) -> DynamoRollups:
        return rollups_over(FakeDynamo())


class TestOverMoto(RollupsContract):
    rows = ROWS[:24]  # its transactions copy the table

    @pytest.fixture
    def rollups(self, dynamodb: "DynamoDBClient") -> DynamoRollups:
        return rollups_over(dynamodb)


class Faulty:
    """A client whose next calls end with the given errors, before they reach DynamoDB or after they have."""

    def __init__(self, *errors: Exception, late: bool = False) -> None:
        self.real, self.errors, self.late = FakeDynamo(), list(errors), late

    def transact_write_items(self, **arguments: Any) -> dict[str, Any]:
        error = self.errors.pop(0) if self.errors else None
        if error and not self.late:
            raise error
        answer = self.real.transact_write_items(**arguments)
        if error:
            raise error
        return answer

    def get_paginator(self, operation: str) -> Any:
        return self.real.get_paginator(operation)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "TransactWriteItems")


def cancelled(*codes: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return ClientError(response, "TransactWriteItems")


PASSING = [
    cancelled("None", "None", "TransactionConflict"),
    cancelled("ThrottlingError", "None"),
    refusal("ThrottlingException"),
    refusal("InternalServerError"),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
]


@pytest.mark.parametrize("error", PASSING, ids=str)
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_what_passes_is_tried_again_and_counts_once(error: Exception, late: bool) -> None:
    pauses: list[float] = []
    client = Faulty(error, error, late=late)
    rollups = rollups_over(client, pauses)
    assert rollups.apply(entries(ROWS[:5])) == {}
    assert counted(rollups) == expected(ROWS[:5])
    # After the first of the late ones all was counted: what is sent again is found to be there, and nobody waits more.
    assert pauses == ([BASE * 2] if late else [BASE * 2, BASE * 4])


def test_what_does_not_pass_in_time_is_refused_with_its_reason() -> None:
    pauses: list[float] = []
    rollups = rollups_over(Faulty(*[refusal("ThrottlingException")] * TRIES), pauses)
    refused = rollups.apply(entries(ROWS[:3]))
    assert set(refused) == {row.id for row in ROWS[:3]}
    assert all("ThrottlingException" in why for why in refused.values())
    assert len(pauses) == TRIES - 1
    assert max(pauses) <= LONGEST
    assert counted(rollups) == {}


def test_what_no_waiting_cures_is_refused_at_once() -> None:
    pauses: list[float] = []
    refused = rollups_over(Faulty(refusal("AccessDeniedException")), pauses).apply(entries(ROWS[:3]))
    assert all("AccessDeniedException" in why for why in refused.values())
    assert (len(refused), pauses) == (3, [])


def test_one_bad_entry_does_not_keep_the_others_of_its_transaction_out() -> None:
    client = Faulty(cancelled("None", "None", "ValidationError"))
    rollups = rollups_over(client)
    assert rollups.apply(entries(ROWS[:3])) == {}  # tried one by one, and now all are taken
    assert counted(rollups) == expected(ROWS[:3])


def test_a_cell_and_a_marker_say_when_they_expire() -> None:
    client = FakeDynamo()
    rollups_over(client).apply(entries(ROWS[:1]))
    expiries = {pk.partition("#")[0]: int(item["expires_at"]["N"]) for (_, pk, _), item in client.items.items()}
    day = 1_799_971_200  # 2027-01-15T00:00:00Z
    assert expiries["counted"] == 1_800_000_000 + MARKER_LIFETIME
    assert expiries["health"] == 1_800_000_000 + LIFETIMES["minute"]
    assert expiries["key"] in {day + LIFETIMES["day"], day + 8 * 3600 + LIFETIMES["hour"]}


names = st.sampled_from([f"l{number}" for number in range(90)])
cell = st.integers(0, 40).map(lambda number: Cell("hour", "2027-01-15T08", "key", (f"key_{number}",)))
increments = st.dictionaries(cell, st.dictionaries(names, st.just(1), min_size=1, max_size=90), max_size=40)


@given(st.lists(increments, max_size=40))
def test_transactions_keep_to_the_limits_and_lose_nothing(many: list[dict[Cell, dict[str, int]]]) -> None:
    sent = [Entry(str(number), one) for number, one in enumerate(many)]
    runs = list(packed(sent))
    assert [one for run in runs for one in run] == sent
    for run in runs:
        sums = summed(run)
        assert len(run) + len(sums) <= MOST_ITEMS
        assert all(len(counts) <= MOST_ATTRIBUTES for counts in sums.values())


class Crash(BaseException):
    """The process is gone."""


class Crashing:
    """A client with which the process dies before or after its call number `at`."""

    def __init__(self, at: int, late: bool) -> None:
        self.real, self.at, self.late, self.calls = FakeDynamo(), at, late, 0

    def transact_write_items(self, **arguments: Any) -> dict[str, Any]:
        self.calls += 1
        crash = self.calls == self.at
        if crash and not self.late:
            raise Crash
        answer = self.real.transact_write_items(**arguments)
        if crash:
            raise Crash
        return answer

    def get_paginator(self, operation: str) -> Any:
        return self.real.get_paginator(operation)


def deliver(apply: Callable[[list[Entry]], object], batch: list[Entry]) -> None:
    """Until the process survives it, as the stream does."""
    while True:
        try:
            apply(batch)
        except Crash:
            continue
        return


def calls_of_a_whole_run() -> int:
    client = FakeDynamo()
    for start in range(0, len(ROWS), 40):
        rollups_over(client).apply(entries(ROWS[start : start + 40]))
    return client.calls


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, calls_of_a_whole_run() + 1))
def test_a_crash_between_any_two_calls_leaves_the_totals_equal_to_the_log(at: int, late: bool) -> None:
    client = Crashing(at, late)
    rollups = rollups_over(client)
    for start in range(0, len(ROWS), 40):
        deliver(rollups.apply, entries(ROWS[start : start + 40]))
    assert client.calls > at
    assert counted(rollups) == expected(ROWS)


@given(st.data())
def test_reordered_overlapping_and_crashing_batches_leave_the_totals_equal_to_the_log(data: st.DataObject) -> None:
    rows = ROWS[:40]
    spans = st.tuples(st.integers(0, len(rows) - 1), st.integers(1, 25))
    batches = [rows[at : at + size] for at, size in data.draw(st.lists(spans, max_size=8))]
    covering = [rows[at : at + 13] for at in range(0, len(rows), 13)]
    client = Crashing(data.draw(st.integers(1, 8)), data.draw(st.booleans()))
    rollups = rollups_over(client)
    for batch in data.draw(st.permutations([*batches, *covering])):
        deliver(rollups.apply, entries(batch))
    assert counted(rollups) == expected(rows)
