"""The poller has Lambda's semantics: batches, bisecting, retries, partial responses, filters and dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.stream_poller.delivery import Buried, Delivery, FunctionError, StreamRecord, first_failure
from local.stream_poller.mapping import EventSource, event_source
from local.stream_poller.patterns import passes
from local.tables import TEMPLATE

SOURCE = EventSource("Table", "Function", batch_size=4, bisect=True, partial=True, retries=2)
NOW = 1_800_000_000.0


def record(number: int) -> StreamRecord:
    return {
        "eventName": "INSERT",
        "dynamodb": {"SequenceNumber": f"{number:06d}", "ApproximateCreationDateTime": NOW - 10},
    }


def numbers(records: Sequence[StreamRecord]) -> list[int]:
    return [int(one["dynamodb"]["SequenceNumber"]) for one in records]


@dataclass
class World:
    """A function that cannot do the records `bad`, and tells it by raising or by naming them."""

    source: EventSource = SOURCE
    bad: frozenset[int] = frozenset()
    raises: bool = False
    calls: list[list[int]] = field(default_factory=list[list[int]])
    done: list[int] = field(default_factory=list[int])
    buried: list[Buried] = field(default_factory=list[Buried])
    waits: list[float] = field(default_factory=list[float])

    def handler(self, event: dict[str, Any]) -> Any:
        got = numbers(event["Records"])
        self.calls.append(got)
        failed = [number for number in got if number in self.bad]
        if failed and self.raises:
            raise FunctionError("no")
        return {"batchItemFailures": [{"itemIdentifier": f"{number:06d}"} for number in failed]}

    def deliver(self, count: int) -> None:
        Delivery(
            self.source,
            self.handler,
            self.buried.append,
            lambda records: self.done.extend(numbers(records)),
            self.waits.append,
            lambda: NOW,
        ).deliver([record(number) for number in range(count)])


def test_a_batch_that_is_done_is_delivered_once() -> None:
    world = World()
    world.deliver(4)
    assert (world.calls, world.done) == ([[0, 1, 2, 3]], [0, 1, 2, 3])


def test_after_a_partial_response_only_the_rest_comes_again() -> None:
    world = World(bad=frozenset({2}), source=replace(SOURCE, bisect=False, retries=1))
    world.deliver(5)
    assert world.calls == [[0, 1, 2, 3, 4], [2, 3, 4]]
    assert [(numbers(one.records), one.condition) for one in world.buried] == [([2, 3, 4], "RetryAttemptsExhausted")]


def test_bisecting_isolates_the_bad_record_and_costs_no_retry() -> None:
    world = World(bad=frozenset({1}), raises=True)
    world.deliver(4)
    assert world.calls == [[0, 1, 2, 3], [0, 1], [0], [1], [1], [1], [2, 3]]
    assert [(numbers(one.records), one.invocations, one.error) for one in world.buried] == [([1], 3, "no")]
    assert world.done == [0, 1, 2, 3]


def test_retries_wait_longer_each_time() -> None:
    world = World(bad=frozenset({0}), source=replace(SOURCE, retries=8))
    world.deliver(1)
    assert world.waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_what_is_too_old_is_buried_before_its_retries_are_used_up() -> None:
    world = World(bad=frozenset({0}), source=replace(SOURCE, longest_age=5, retries=None))
    world.deliver(1)
    assert [one.condition for one in world.buried] == ["RecordAgeExceeded"]


def test_a_response_that_names_failures_is_ignored_where_the_mapping_does_not_report_them() -> None:
    world = World(bad=frozenset({0}), source=replace(SOURCE, partial=False))
    world.deliver(2)
    assert (world.calls, world.buried) == ([[0, 1]], [])


@given(st.integers(1, 30), st.frozensets(st.integers(0, 29)), st.booleans(), st.booleans())
def test_every_record_is_settled_in_order_and_only_bad_ones_are_buried(
    count: int, bad: frozenset[int], raises: bool, partial: bool
) -> None:
    world = World(replace(SOURCE, partial=partial), bad, raises or not partial)
    world.deliver(count)
    assert world.done == list(range(count))
    assert {number for one in world.buried for number in numbers(one.records)} == bad & set(range(count))


@pytest.mark.parametrize(
    ("answer", "index"),
    [
        (None, 3),
        ({}, 3),
        ({"batchItemFailures": []}, 3),
        ({"batchItemFailures": None}, 3),
        ({"batchItemFailures": [{"itemIdentifier": "000002"}, {"itemIdentifier": "000001"}]}, 1),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, 0),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, 0),
        ({"batchItemFailures": [{"wrong": "000002"}]}, 0),
        ({"batchItemFailures": [{"itemIdentifier": "999999"}]}, 0),
        ("done", 0),
    ],
    ids=str,
)
def test_a_response_is_read_as_lambda_does(answer: Any, index: int) -> None:
    assert first_failure(answer, [record(number) for number in range(3)]) == index


INSERT: dict[str, Any] = {"eventName": "INSERT", "dynamodb": {"NewImage": {"id": {"S": "01J"}, "n": {"N": "4"}}}}


@pytest.mark.parametrize(
    ("pattern", "passing"),
    [
        ({"eventName": ["INSERT"]}, True),
        ({"eventName": ["MODIFY", "REMOVE"]}, False),
        ({"eventName": ["MODIFY", "INSERT"]}, True),
        ({"dynamodb": {"NewImage": {"id": {"S": ["01J"]}}}}, True),
        ({"dynamodb": {"NewImage": {"id": {"S": [{"prefix": "01"}]}}}}, True),
        ({"dynamodb": {"NewImage": {"id": {"S": [{"suffix": "K"}]}}}}, False),
        ({"dynamodb": {"OldImage": {"id": {"S": [{"exists": False}]}}}}, True),
        ({"dynamodb": {"NewImage": {"id": {"S": [{"exists": False}]}}}}, False),
        ({"eventName": [{"anything-but": ["REMOVE", "MODIFY"]}]}, True),
        ({"eventName": [{"anything-but": "INSERT"}]}, False),
        ({"eventName": [{"equals-ignore-case": "insert"}]}, True),
        ({"eventName": ["INSERT"], "missing": ["x"]}, False),
    ],
    ids=str,
)
def test_a_pattern_matches_as_lambdas_does(pattern: dict[str, Any], passing: bool) -> None:
    assert passes([pattern], INSERT) is passing


def test_any_pattern_is_enough_and_none_lets_all_pass() -> None:
    assert passes([{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}], INSERT)
    assert passes([], INSERT)


def test_a_rule_that_is_not_known_is_refused() -> None:
    with pytest.raises(KeyError, match="numeric"):
        passes([{"n": [{"numeric": [">", 1]}]}], INSERT)


def test_the_settings_are_those_of_the_template() -> None:
    source = event_source(TEMPLATE)
    assert (source.table, source.function, source.dead_letters) == (
        "RequestLogTable",
        "AggregatorFunction",
        "AggregatorDeadLetters",
    )
    assert source.patterns == ({"eventName": ["INSERT"]},)
    assert source.partial
    assert source.bisect
    assert source.starting_position == "TRIM_HORIZON"
    assert source.retries is not None
    assert source.longest_age is not None


def test_what_a_mapping_does_not_say_is_lambdas_default() -> None:
    bare = EventSource.of(
        {
            "EventSourceArn": {"Fn::GetAtt": ["T", "StreamArn"]},
            "FunctionName": {"Ref": "F"},
            "StartingPosition": "LATEST",
        }
    )
    assert bare == EventSource("T", "F", "LATEST", batch_size=100, window=0, retries=None, longest_age=None)
