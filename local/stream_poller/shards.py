"""Reads the shards of a table's stream, parents before children, each from where it was left.

The place is kept in a table of its own beside the stream, as the Kinesis Client Library does: both live equally long.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.stream_poller.delivery import StreamRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CHECKPOINTS = "turnout-stream-checkpoints"
_PLACE_LOST = frozenset({"ExpiredIteratorException", "TrimmedDataAccessException"})
"""An iterator is older than 15 minutes: the next begins after the last record. Or that record is older than a day, and
gone: the next begins where the stream now does."""
PAGE = 1000  # records, the most that there may be


class Checkpoints:
    """The last settled sequence number of each shard."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client
        if CHECKPOINTS not in client.list_tables()["TableNames"]:
            client.create_table(
                TableName=CHECKPOINTS,
                AttributeDefinitions=[{"AttributeName": "shard", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "shard", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )

    def get(self, shard: str) -> str:
        """Empty when the shard was never read."""
        found = self._client.get_item(TableName=CHECKPOINTS, Key={"shard": {"S": shard}}, ConsistentRead=True)
        return found["Item"]["at"].get("S", "") if "Item" in found else ""

    def put(self, shard: str, sequence_number: str) -> None:
        """All up to this record is settled."""
        self._client.put_item(TableName=CHECKPOINTS, Item={"shard": {"S": shard}, "at": {"S": sequence_number}})


class Shard:
    """One shard. `ended` once it is closed and read to its end."""

    def __init__(self, client: Any, arn: str, id_: str, position: str, after: str) -> None:
        self.id, self.ended = id_, False
        self._client, self._arn, self._position, self._after = client, arn, position, after
        self._iterator = ""

    def read(self) -> list[StreamRecord]:
        """The next records, none when there are no new ones, in the form in which a function gets them."""
        try:
            page = self._client.get_records(ShardIterator=self._iterator or self._begin(), Limit=PAGE)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _PLACE_LOST:
                raise
            self._iterator, self._after = "", self._after if self._iterator else ""
            return []
        self._iterator = page.get("NextShardIterator", "")
        self.ended = not self._iterator
        records = [_event(record, self._arn) for record in page["Records"]]
        if records:
            self._after = records[-1]["dynamodb"]["SequenceNumber"]
        return records

    def _begin(self) -> str:
        place: dict[str, str] = {"ShardIteratorType": self._position}
        if self._after:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._after}
        return self._client.get_shard_iterator(StreamArn=self._arn, ShardId=self.id, **place)["ShardIterator"]


def shards(client: Any, arn: str) -> Iterator[tuple[str, str]]:
    """The id of each shard, and of its parent or an empty text."""
    last: dict[str, str] = {}
    while True:
        page = client.describe_stream(StreamArn=arn, **last)["StreamDescription"]
        yield from ((shard["ShardId"], shard.get("ParentShardId", "")) for shard in page["Shards"])
        if not page.get("LastEvaluatedShardId"):
            return
        last = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}


def _event(record: dict[str, Any], arn: str) -> StreamRecord:
    """boto3 makes a datetime of the time; Lambda passes on epoch seconds."""
    change = dict(record["dynamodb"])
    if isinstance(at := change.get("ApproximateCreationDateTime"), datetime):
        change["ApproximateCreationDateTime"] = at.timestamp()
    return {**record, "dynamodb": change, "eventSourceARN": arn}
