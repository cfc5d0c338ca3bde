"""Which model each conversation is on, kept for a day, so that its next turn finds the prompt in the vendor's cache.

A preference and no more: when the table does not answer soon, the turn is decided anew.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from turnout.core.frozen import frozen
from turnout.core.ports import Clock, RequestLog, Sessions
from turnout.core.records import Record
from turnout.core.tasks import together
from turnout.store.cache import Cache
from turnout.store.dynamo import Item, StoreUnavailable, ask, from_wire, putting, to_wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

log = logging.getLogger("turnout.store")

KEPT_SECONDS = 86_400
"""From the last turn on, at least half as long. Vendors keep prompts for minutes to a day."""
FRESH_SECONDS = 10.0
"""For how long a reading counts: another instance may have moved the conversation meanwhile."""
LONGEST_WAIT = 0.1
"""Seconds; about what a lost cache costs, so that waiting longer would not pay."""
REMEMBERED = 4096


@frozen
class _Stay:
    model: str
    expires_at: int


NOWHERE = _Stay("", 0)


class DynamoSessions:
    """A `core.ports.Sessions` in the DynamoDB table named `table`, whose keys are `pk` and `sk`."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        self._client = client
        self._put = putting(client)
        self._table = table
        self._clock = clock
        self._cache = Cache[_Stay](clock, REMEMBERED)

    async def find(self, conversation: str) -> str:
        """See the port."""
        seen = self._cache.get(conversation)
        stay = seen.value if seen and seen.age < FRESH_SECONDS else await self._read_soon(conversation)
        return stay.model if stay.expires_at > self._clock.time() else ""

    async def keep(self, conversation: str, model: str) -> None:
        """See the port. Writes when the model is another one, or half of the time is over."""
        now, seen = int(self._clock.time()), self._cache.get(conversation)
        if seen and seen.value.model == model and seen.value.expires_at - now > KEPT_SECONDS // 2:
            return
        stay = _Stay(model, now + KEPT_SECONDS)
        try:
            item = _key(conversation) | {"model": stay.model, "expires_at": stay.expires_at}
            await self._put(TableName=self._table, Item=to_wire(item))
        except (BotoCoreError, ClientError):
            log.warning("the model of a conversation could not be remembered")
        self._cache.put(conversation, stay)

    async def _read_soon(self, conversation: str) -> _Stay:
        try:
            stay = await asyncio.wait_for(ask(self._get, conversation), LONGEST_WAIT)
        except (StoreUnavailable, TimeoutError):
            return NOWHERE
        self._cache.put(conversation, stay)
        return stay

    def _get(self, conversation: str) -> _Stay:
        answer = self._client.get_item(TableName=self._table, Key=to_wire(_key(conversation)))
        item = from_wire(answer.get("Item", {}))
        return _Stay(item["model"], int(item["expires_at"])) if item else NOWHERE


def _key(conversation: str) -> Item:
    return {"pk": f"conversation#{conversation}", "sk": "model"}


@frozen
class Remembering:
    """A request log that also remembers the model of each conversation: after the last byte, when nobody waits."""

    log: RequestLog
    sessions: Sessions

    async def write(self, record: Record) -> None:
        """Keep one row. Never raises."""
        if record.conversation and record.model:
            kept = self.sessions.keep(record.conversation, f"{record.vendor}/{record.model}")
            await together(self.log.write(record), kept)
        else:
            await self.log.write(record)
