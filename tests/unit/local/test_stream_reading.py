"""The poller's loop: batches fill by size or window, parents come before children, and the place is kept."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from local.stream_poller.delivery import Buried
from local.stream_poller.mapping import EventSource
from local.stream_poller.poller import StreamPoller, Surroundings

SOURCE = EventSource(
    "Table", "Function", "TRIM_HORIZON", batch_size=4, window=5.0, patterns=({"eventName": ["INSERT"]},)
)
AT = datetime(2027, 1, 15, 8, tzinfo=UTC)


def change(number: int, kind: str = "INSERT") -> dict[str, Any]:
    return {
        "eventName": kind,
        "dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": AT, "Keys": {"id": {"S": "1"}}},
    }


@dataclass
class FakeStreams:
    """Shards by id: records, the parent's id, and whether the shard is closed. An iterator is "shard:index"."""

    shards: dict[str, list[dict[str, Any]]]
    parents: dict[str, str] = field(default_factory=dict[str, str])
    closed: set[str] = field(default_factory=set[str])
    refuse: str = ""
    begun: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def describe_stream(self, **asked: Any) -> dict[str, Any]:
        """One shard to a page."""
        ids = list(self.shards)
        at = ids.index(asked["ExclusiveStartShardId"]) + 1 if "ExclusiveStartShardId" in asked else 0
        shard = {"ShardId": ids[at], "ParentShardId": self.parents.get(ids[at], "")}
        more = {"LastEvaluatedShardId": ids[at]} if at + 1 < len(ids) else {}
        return {"StreamDescription": {"Shards": [shard], **more}}

    def get_shard_iterator(self, **asked: Any) -> dict[str, Any]:
        if self.refuse.startswith("Trimmed"):
            self._refuse()
        self.begun.append(asked)
        numbers = [one["dynamodb"]["SequenceNumber"] for one in self.shards[asked["ShardId"]]]
        at = numbers.index(asked["SequenceNumber"]) + 1 if "SequenceNumber" in asked else 0
        return {"ShardIterator": f"{asked['ShardId']}:{at}"}

    def get_records(self, **asked: Any) -> dict[str, Any]:
        if self.refuse:
            self._refuse()
        shard, at = asked["ShardIterator"].split(":")
        records = self.shards[shard][int(at) :]
        page = {"Records": records}
        return page if shard in self.closed else page | {"NextShardIterator": f"{shard}:{int(at) + len(records)}"}

    def _refuse(self) -> None:
        """Once."""
        response: Any = {"Error": {"Code": self.refuse, "Message": "no"}}
        self.refuse = ""
        raise ClientError(response, "GetRecords")


class FakeTable:
    """The table of checkpoints."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.made = 0

    def list_tables(self) -> dict[str, Any]:
        return {"TableNames": ["turnout-stream-checkpoints"] if self.made else []}

    def create_table(self, **_: Any) -> None:
        self.made += 1

    def get_item(self, **asked: Any) -> dict[str, Any]:
        found = self.items.get(asked["Key"]["shard"]["S"])
        return {"Item": found} if found else {}

    def put_item(self, **asked: Any) -> None:
        self.items[asked["Item"]["shard"]["S"]] = asked["Item"]

    @property
    def places(self) -> dict[str, str]:
        return {shard: item["at"]["S"] for shard, item in self.items.items()}


@dataclass
class World:
    """A poller over fakes; `batches` are what the function got."""

    streams: FakeStreams
    table: FakeTable = field(default_factory=FakeTable)
    batches: list[list[int]] = field(default_factory=list[list[int]])
    buried: list[tuple[str, Buried]] = field(default_factory=list[tuple[str, Buried]])
    now: float = 0.0

    def handler(self, event: dict[str, Any]) -> None:
        assert {one["eventSourceARN"] for one in event["Records"]} == {"arn"}
        assert {one["dynamodb"]["ApproximateCreationDateTime"] for one in event["Records"]} == {AT.timestamp()}
        self.batches.append([int(one["dynamodb"]["SequenceNumber"]) for one in event["Records"]])

    def poller(self, source: EventSource = SOURCE) -> StreamPoller:
        around = Surroundings(
            dynamodb=cast("Any", self.table),
            streams=self.streams,
            handler=self.handler,
            bury=lambda shard, buried: self.buried.append((shard, buried)),
            wait=lambda seconds: None,
            now=AT.timestamp,
            monotonic=lambda: self.now,
        )
        return StreamPoller(source, "arn", around)


def test_a_batch_is_delivered_when_it_is_full_or_its_window_is_over() -> None:
    world = World(FakeStreams({"a": [change(number) for number in range(6)]}))
    poller = world.poller()
    poller.turn()
    assert world.batches == [[0, 1, 2, 3]]
    world.now = 4.9
    poller.turn()
    assert world.batches == [[0, 1, 2, 3]]
    world.now = 5.0
    poller.turn()
    assert world.batches == [[0, 1, 2, 3], [4, 5]]
    assert world.table.places == {"a": "5"}


def test_what_the_filter_keeps_out_moves_the_place_and_starts_no_window() -> None:
    world = World(FakeStreams({"a": [change(0, "MODIFY"), change(1, "REMOVE")]}))
    world.poller().turn()
    assert (world.batches, world.table.places) == ([], {"a": "1"})


def test_a_child_is_read_when_its_parent_is_at_its_end() -> None:
    streams = FakeStreams({"parent": [change(0)], "child": [change(1)]}, parents={"child": "parent"})
    world = World(streams)
    poller = world.poller(replace(SOURCE, window=0))
    poller.turn()
    assert world.batches == [[0]]
    streams.closed.add("parent")
    for _ in range(2):
        poller.turn()
    assert world.batches == [[0], [1]]


def test_a_child_whose_parent_is_gone_is_read() -> None:
    world = World(FakeStreams({"child": [change(1)]}, parents={"child": "long gone"}))
    world.poller(replace(SOURCE, window=0)).turn()
    assert world.batches == [[1]]


def test_one_that_is_started_again_goes_on_behind_the_last_settled_record() -> None:
    world = World(FakeStreams({"a": [change(0), change(1)]}))
    world.poller(replace(SOURCE, window=0)).turn()
    world.streams.shards["a"].append(change(2))
    world.poller(replace(SOURCE, window=0)).turn()
    assert world.batches == [[0, 1], [2]]
    assert [one["ShardIteratorType"] for one in world.streams.begun] == ["TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER"]
    assert world.table.made == 1


def test_what_was_gathered_when_it_was_killed_is_delivered_again() -> None:
    world = World(FakeStreams({"a": [change(number) for number in range(5)]}))
    world.poller().turn()
    world.poller(replace(SOURCE, window=0)).turn()
    assert world.batches == [[0, 1, 2, 3], [4]]


def test_an_expired_iterator_is_replaced_by_one_behind_the_last_record() -> None:
    world = World(FakeStreams({"a": [change(0)]}))
    poller = world.poller(replace(SOURCE, window=0))
    poller.turn()
    world.streams.refuse = "ExpiredIteratorException"
    world.streams.shards["a"].append(change(1))
    for _ in range(2):
        poller.turn()
    assert world.batches == [[0], [1]]
    assert world.streams.begun[-1]["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"


def test_a_place_that_the_stream_has_forgotten_is_given_up_for_its_beginning() -> None:
    world = World(FakeStreams({"a": [change(7), change(8)]}, refuse="TrimmedDataAccessException"))
    world.table.put_item(Item={"shard": {"S": "a"}, "at": {"S": "3"}})
    poller = world.poller(replace(SOURCE, window=0))
    for _ in range(2):
        poller.turn()
    assert world.batches == [[7, 8]]
    assert [one["ShardIteratorType"] for one in world.streams.begun] == ["TRIM_HORIZON"]


def test_any_other_error_ends_the_poller() -> None:
    world = World(FakeStreams({"a": [change(0)]}, refuse="AccessDeniedException"))
    with pytest.raises(ClientError, match="AccessDenied"):
        world.poller().turn()
