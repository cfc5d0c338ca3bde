"""A lease in the policies table: one holder at a time, for so many seconds at most.

    pk lease   sk <name>   owner, until: epoch seconds; given back it is until 0

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from typing import TYPE_CHECKING

from turnout.core.ports import Clock
from turnout.store.dynamo import Item, ask, from_wire, to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


LEASE = "optimizer"
"""The name of the one that a run of the optimizer holds."""


class DynamoLease:
    """The lease called `name` in the table named `table`. All of it may raise StoreUnavailable."""

    def __init__(self, client: "DynamoDBClient", table: str, name: str, clock: Clock) -> None:
        self._client, self._table, self._clock = client, table, clock
        self._key = {"pk": "lease", "sk": name}

    async def take(self, owner: str, seconds: float) -> str:
        """Who holds it now: `owner` if it was free, had run out, or was this owner's before."""
        return await ask(self._put, owner, int(self._clock.time() + seconds))

    async def give_back(self, owner: str) -> None:
        """Nobody holds it, if `owner` did."""
        await ask(self._put, owner, 0)

    async def holder(self) -> str:
        """Who holds it, "" for nobody."""
        item = await ask(self._get)
        return item["owner"] if item and item["until"] > self._clock.time() else ""

    def _put(self, owner: str, until: int) -> str:
        free = "attribute_not_exists(pk) OR #until <= :now OR #owner = :owner"
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_wire({**self._key, "owner": owner, "until": until}),
                ConditionExpression=free,
                ExpressionAttributeNames={"#owner": "owner", "#until": "until"},
                ExpressionAttributeValues=to_wire({":owner": owner, ":now": int(self._clock.time())}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return str(self._get().get("owner", ""))
        return owner

    def _get(self) -> Item:
        found = self._client.get_item(TableName=self._table, Key=to_wire(self._key), ConsistentRead=True)
        return from_wire(found.get("Item", {}))
