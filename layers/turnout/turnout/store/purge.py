"""Erases what is kept of a key: the rows of its requests, what was said in them, and its conversations' models."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from turnout.core.frozen import frozen
from turnout.core.ports import Clock
from turnout.core.search import Search
from turnout.store.contents import S3Contents
from turnout.store.dynamo import Item, from_wire, to_wire
from turnout.store.search import Query, days, matching, of_day, query

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DAY = 86_400.0


@frozen
class Purged:
    """How many of each there were."""

    rows: int
    contents: int
    conversations: int


class Purge:
    """Of the deployment with these tables and this bucket.

    The sums in the rollups stay: they hold counts and amounts, and none of the words of a request. What it does it may
    do again: a purge that broke off is begun anew.
    """

    def __init__(self, client: "DynamoDBClient", log_table: str, health_table: str, contents: S3Contents) -> None:
        self._client = client
        self._log = log_table
        self._health = health_table
        self._contents = contents

    def key(self, key_id: str, clock: Clock, retention_days: int, *, dry_run: bool = False) -> Purged:
        """Erase, or only count. Raises botocore's errors."""
        rows, conversations = 0, set[str]()
        now = clock.time()
        for row in self._rows(Search(now - (retention_days + 1) * _DAY, now, key_id=key_id)):
            rows += 1
            if (conversation := row.get("conversation")) and conversation not in conversations:
                conversations.add(conversation)
                self._delete(self._health, {"pk": f"conversation#{conversation}", "sk": "model"}, dry_run=dry_run)
            self._delete(self._log, {"id": row["id"]}, dry_run=dry_run)
        return Purged(rows, self._contents.erase(key_id, dry_run=dry_run), len(conversations))

    def _rows(self, search: Search) -> Iterator[Item]:
        """All rows, those too that have expired and are not yet removed."""
        for day in days(search):
            asked: Query = query([of_day(day), *matching(search)])
            while True:
                answer = self._client.query(TableName=self._log, **asked)
                yield from map(from_wire, answer["Items"])
                if not (last := answer.get("LastEvaluatedKey")):
                    break
                asked = asked | {"ExclusiveStartKey": last}

    def _delete(self, table: str, key: Item, *, dry_run: bool) -> None:
        if not dry_run:
            self._client.delete_item(TableName=table, Key=to_wire(key))
