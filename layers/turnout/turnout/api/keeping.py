"""What is kept of a request by the wish of its key: with its content, as usual, or without a trace of who asked."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from turnout.api.openai import choice_items
from turnout.api.schema import ChatRequest
from turnout.core.contents import Content, Contents
from turnout.core.events import Answer, ModeEvents
from turnout.core.frozen import frozen
from turnout.core.ports import Key, RequestLog
from turnout.core.records import Record
from turnout.pipeline import Exchange


def kept(
    key: Key, asked: ChatRequest, exchange: Exchange, log: RequestLog, contents: Contents
) -> tuple[Exchange, RequestLog]:
    """The exchange and the log through which its row goes, as the key's `privacy` has it."""
    if key.privacy.zero_retention:
        return exchange, Traceless(log)
    if not key.privacy.store_content:
        return exchange, log
    answer = Answer()
    body = asked.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return replace(exchange, events=_heard(exchange.events, answer)), WithContent(log, contents, body, answer)


@frozen
class Traceless:
    """A request log whose rows tell what was used, and nothing by which a client, a user or a prompt could be known."""

    log: RequestLog

    async def write(self, record: Record) -> None:
        """Keep the rest of one row. Never raises."""
        await self.log.write(traceless(record))


def traceless(record: Record) -> Record:
    """The row without tags, session and conversation, and without a vendor's words, which may quote a prompt."""
    attempts = [replace(attempt, message="") for attempt in record.attempts]
    return replace(record, tags={}, session="", conversation="", attempts=attempts)


@frozen
class WithContent:
    """A request log that also keeps what was said: after the last byte, when nobody waits."""

    log: RequestLog
    contents: Contents
    request: Mapping[str, Any]
    answer: Answer

    async def write(self, record: Record) -> None:
        """Keep one row, then its content. Never raises."""
        await self.log.write(record)
        choices: Sequence[Any] = choice_items(self.answer)
        await self.contents.write(Content(record.id, record.key_id, record.at, dict(self.request), choices))


async def _heard(events: ModeEvents, answer: Answer) -> ModeEvents:
    """The same events, which `answer` takes in as they pass."""
    async with aclosing(events):
        async for event in events:
            answer.add(event)
            yield event
