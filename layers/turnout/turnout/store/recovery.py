"""Rows that DynamoDB refused, brought from the function's log into the table, each once."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from turnout.core.ports import Clock
from turnout.core.records import Record
from turnout.store.dynamo import to_wire
from turnout.store.log import UNSAVED, row_at, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Fate = Literal["loaded", "there", "expired"]

_QUOTED = f'{{\\"{UNSAVED}\\"'
_START = re.compile(f'{re.escape(_QUOTED)}|{{"{UNSAVED}"')


def rows_in(line: str) -> Iterator[Record]:
    """The rows in a line of log; as many as there are, also within a JSON string, as `aws logs` writes messages.

    Raises ValueError when one was cut.
    """
    at = 0
    while found := _START.search(line, at):  # from left to right, so that what a client called its tags is no start
        at = found.start()
        if found.group() == _QUOTED:
            text, length = json.JSONDecoder().raw_decode('"' + line[at:])
            yield from rows_in(text)
            at += length - 1
        else:
            row, at = row_at(line, at)
            yield row


class DynamoRecovery:
    """Puts rows into the log named `table`, where they are counted as all new rows are."""

    def __init__(self, client: "DynamoDBClient", table: str, retention_days: int, clock: Clock) -> None:
        self._client = client
        self._table = table
        self._retention_days = retention_days
        self._clock = clock

    def load(self, row: Record) -> Fate:
        """Put a row that is not there; one that has expired stays out: it may have been there. Raises ClientError."""
        item = to_item(row, self._retention_days)
        if item["expires_at"] <= self._clock.time():
            return "expired"
        try:
            self._client.put_item(
                TableName=self._table, Item=to_wire(item), ConditionExpression="attribute_not_exists(id)"
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
                return "there"
            raise
        return "loaded"
