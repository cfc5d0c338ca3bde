"""The aggregator: reads new rows of the request log from the table's stream, and adds them to rollups and health.

The batch is counted as a whole, in as few transactions as hold it. A row that cannot be counted is reported by its
sequence number, which makes Lambda try it again by itself and in the end send it to the dead letters, without holding
up those behind it; a line of log says why. Rows that come again with it, or in any other way, count once.
"""

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,  # pyright: ignore[reportUnknownVariableType] - its record handler is not typed
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord, DynamoDBStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from turnout.clock import SystemClock
from turnout.config import Config
from turnout.policy.counting import entry
from turnout.policy.rollup import Entry
from turnout.store.dynamo import client
from turnout.store.log import from_item
from turnout.store.rollups import DynamoRollups

config = Config.from_env(os.environ)
rollups = DynamoRollups(client(), config.rollups_table, config.health_table, SystemClock())
logger = Logger()
metrics = Metrics()
# A batch of nothing but bad rows is no reason to fail: its rows are reported like any other's.
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


class NotCounted(ValueError):
    """A row could not be counted; the message says why."""


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Count a batch; the answer names the records that could not be counted."""
    refused = _count(event)

    def checked(record: DynamoDBRecord) -> None:
        if why := refused.get(_sequence_number(record)):
            raise NotCounted(why)

    metrics.add_metric("RowsCounted", MetricUnit.Count, len(event["Records"]) - len(refused))
    metrics.add_metric("RowsRefused", MetricUnit.Count, len(refused))
    return process_partial_response(event, checked, processor, context)


def _count(event: dict[str, Any]) -> dict[str, str]:
    """Counts all rows that can be counted; why not, for each sequence number of the others."""
    entries: dict[str, Entry] = {}
    refused: dict[str, str] = {}
    records = list(DynamoDBStreamEvent(event).records)
    for record in records:
        number = _sequence_number(record)
        try:
            entries[number] = _entry(record)
        except ValueError as error:
            refused[number] = _told(error)
    reasons = rollups.apply(entries.values())
    refused |= {number: reasons[one.marker] for number, one in entries.items() if one.marker in reasons}
    for record in records:
        if why := refused.get(number := _sequence_number(record)):
            logger.error("A row was not counted", sequence_number=number, row=_id(record), reason=why)
    return refused


def _entry(record: DynamoDBRecord) -> Entry:
    """Raises ValueError when the new image is not a row, or not one that can be counted."""
    image = record.dynamodb.new_image if record.dynamodb else None
    return entry(from_item(image or {}))


def _sequence_number(record: DynamoDBRecord) -> str:
    return (record.dynamodb.sequence_number if record.dynamodb else None) or ""


def _id(record: DynamoDBRecord) -> str:
    return ((record.dynamodb.keys if record.dynamodb else None) or {}).get("id", "")


def _told(error: ValueError) -> str:
    """Why a row is no row, without quoting from it."""
    if not isinstance(error, ValidationError):
        return str(error)
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
