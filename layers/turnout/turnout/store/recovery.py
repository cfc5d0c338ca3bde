"""What DynamoDB refused, rows and settlements, found in the function's log; and rows brought into the table, once."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import ClientError

from turnout.core.ports import Clock
from turnout.core.records import Record
from turnout.store.dynamo import to_wire
from turnout.store.log import UNSAVED, row_at, to_item
from turnout.store.settlements import UNSAVED as UNSETTLED
from turnout.store.settlements import Settlement, settlement_at

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Fate = Literal["loaded", "there", "expired"]

_READ: Mapping[str, Callable[[str, int], tuple[Record | Settlement, int]]] = {UNSAVED: row_at, UNSETTLED: settlement_at}
"""How each object is read, from where it starts in a line to where it ends."""
_START = re.compile(r'{(\\?)"(' + "|".join(_READ) + r')\1"')


def rows_in(line: str) -> Iterator[Record]:
    """The rows among what is in a line. Raises ValueError when something was cut."""
    return (one for one in found_in(line) if isinstance(one, Record))


def settlements_in(line: str) -> Iterator[Settlement]:
    """The settlements. Raises ValueError when something was cut."""
    return (one for one in found_in(line) if isinstance(one, Settlement))


def found_in(line: str) -> Iterator[Record | Settlement]:
    """What is in a line of log, as much as there is, also within a JSON string, as `aws logs` writes messages.

    Raises ValueError when something was cut.
    """
    at = 0
    while found := _START.search(line, at):  # from left to right, so that what a client called its tags is no start
        at = found.start()
        if found[1]:
            text, length = json.JSONDecoder().raw_decode('"' + line[at:])
            yield from found_in(text)
            at += length - 1
        else:
            one, at = _READ[found[2]](line, at)
            yield one


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
