"""What the guard keeps of a canary from look to look, in the table of the policies.

    pk watch   sk <version>   look, since (as text: a float, to the last bit), told, body (compressed)

Of two guards that look at once, one keeps what it found: the other's look was the same one.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from turnout.core.errors import Conflict
from turnout.policy.canary_terms import Evidence, Sums
from turnout.policy.canary_watch import Watch
from turnout.store.dynamo import ask, from_wire, to_wire
from turnout.store.policies import packed, unpacked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoWatches:
    """A `policy.guard.Watches` in the DynamoDB table named `table`. All of it may raise StoreUnavailable."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    async def find(self, version: str) -> Watch | None:
        """See the port."""
        return await ask(self._find, version)

    async def keep(self, watch: Watch) -> None:
        """See the port."""
        await ask(self._keep, watch)

    def _find(self, version: str) -> Watch | None:
        key = to_wire({"pk": "watch", "sk": version})
        item = from_wire(self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {}))
        return decoded(item["body"]) if item else None

    def _keep(self, watch: Watch) -> None:
        item = {"pk": "watch", "sk": watch.version, "look": watch.look, "since": repr(watch.since), "told": watch.told}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_wire(item | {"body": packed(watch)}),
                # A version that is a canary once more begins anew, over what is left of the time before.
                ConditionExpression="attribute_not_exists(pk) OR since <> :since OR look = :before",
                ExpressionAttributeValues=to_wire({":since": repr(watch.since), ":before": watch.look - 1}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise Conflict("Another guard has looked at the same time.", code="policy_moved") from None


def decoded(body: str) -> Watch:
    """The watch that was encoded, to the last bit."""
    told = unpacked(body)
    told["evidence"] = {name: Evidence(**one) for name, one in told["evidence"].items()}
    told["seen"] = {name: _sums(one) for name, one in told["seen"].items()}
    return Watch(**told)


def _sums(told: Mapping[str, Any]) -> dict[str, Sums]:
    return {name: Sums(**one) for name, one in told.items()}
