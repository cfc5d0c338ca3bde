"""Rows that DynamoDB refused, brought from the function's log into the table, each once."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from turnout.core.ports import Clock
from turnout.core.records import Record
from turnout.store.dynamo import to_wire
from turnout.store.log import UNSAVED, to_item, unsaved_row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Fate = Literal["loaded", "there", "expired"]

_PLAIN, _QUOTED = f'{{"{UNSAVED}"', f'{{\\"{UNSAVED}\\"'


def rows_in(line: str) -> Iterator[Record]:
    """The rows in a line of log; as many as there are, also within a JSON string, as `aws logs` writes messages.

    Raises ValueError when one was cut.
    """
    while (quoted := line.find(_QUOTED)) >= 0:
        text, end = json.JSONDecoder().raw_decode('"' + line[quoted:])
        line = line[:quoted] + text + line[quoted + end - 1 :]
    for piece in line.split(_PLAIN)[1:]:
        if row := unsaved_row(_PLAIN + piece):
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
