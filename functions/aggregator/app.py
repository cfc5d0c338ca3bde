"""The aggregator: reads new rows of the request log from the table's stream, and counts them.

Each row is read whole, so that one that cannot be read is found at once: it is reported by its sequence number, which
makes Lambda try it again by itself and in the end send it to the dead letters, without holding up those behind it.
"""

from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,  # pyright: ignore[reportUnknownVariableType] - its record handler is not typed
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from turnout.store.log import from_item

metrics = Metrics()
# A batch of nothing but bad rows is no reason to fail: its rows are reported like any other's.
processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Read a batch; the answer names the records that could not be read."""
    answer = process_partial_response(event, _read, processor, context)
    unread = len(answer["batchItemFailures"])
    metrics.add_metric("RowsRead", MetricUnit.Count, len(event["Records"]) - unread)
    metrics.add_metric("RowsUnreadable", MetricUnit.Count, unread)
    return answer


def _read(record: DynamoDBRecord) -> None:
    """Raises ValueError when the new image is not a row."""
    image = record.dynamodb.new_image if record.dynamodb else None
    from_item(image or {})
