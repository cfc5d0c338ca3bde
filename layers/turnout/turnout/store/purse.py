"""What the keys have spent of their sums for a day, of all instances together: one row for each key and day.

Each taking is one conditional write, so no two instances can both have the last dollar.
"""

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from turnout.store.dynamo import StoreUnavailable, ask, to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

log = logging.getLogger("turnout.store")

KEPT_SECONDS = 7 * 86_400
"""From the start of the day on."""
ROOM = "attribute_not_exists(usd) OR usd <= :most"
ANY = "attribute_exists(pk) OR attribute_not_exists(pk)"


class DynamoPurse:
    """A `core.ports.Purse` in the DynamoDB table named `table`, whose keys are `pk` and `sk`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    async def take(self, key_id: str, day: str, usd: Decimal, limit: Decimal) -> bool:
        """See the port."""
        return usd <= limit and await ask(self._add, key_id, day, usd, limit - usd)

    async def put_back(self, key_id: str, day: str, usd: Decimal) -> None:
        """See the port. What could not be put back is not spent that day."""
        try:
            await ask(self._add, key_id, day, -usd)
        except StoreUnavailable:
            log.warning("what a sample did not use could not be put back")

    def _add(self, key_id: str, day: str, usd: Decimal, at_most: Decimal | None = None) -> bool:
        """Whether it was added: only where not more than `at_most` was spent before."""
        most = {} if at_most is None else {":most": at_most}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=to_wire({"pk": f"purse#{key_id}", "sk": day}),
                UpdateExpression="SET expires_at = :end ADD usd :usd",
                ConditionExpression=ANY if at_most is None else ROOM,
                ExpressionAttributeValues=to_wire({":usd": usd, ":end": _end(day), **most}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _end(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) + KEPT_SECONDS
