"""Feeds the aggregator on this machine until it is killed, at whatever moment: `python -m local.stream_poller`.

The environment says where the AWS is and how its tables are called, as it does for the aggregator itself.
"""

import importlib.util
import os
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import boto3
from pydantic_core import to_json

from local.stream_poller.delivery import Batch, Buried, FunctionError, Handler
from local.stream_poller.mapping import EventSource, event_source
from local.stream_poller.poller import StreamPoller, Surroundings
from local.tables import TEMPLATE, load, physical_name, setting
from turnout.runtime.invocation import Context
from turnout.store.dynamo import client

ROOT = Path(__file__).parent.parent.parent
ACCOUNT = "000000000000"


def main() -> None:
    """One line of JSON tells that it has begun."""
    source = event_source(TEMPLATE)
    poller = StreamPoller(source, stream_arn(source), surroundings(source))
    print(to_json({"function": source.function, "table": source.table}).decode(), flush=True)
    poller.run()


def surroundings(source: EventSource) -> Surroundings:
    """The real ones."""
    return Surroundings(
        dynamodb=client(),
        streams=_client("dynamodbstreams"),
        handler=in_process(source.function),
        bury=gravedigger(source) if source.dead_letters else lambda _shard, _buried: None,
        wait=time.sleep,
        now=time.time,
        monotonic=time.monotonic,
    )


def stream_arn(source: EventSource) -> str:
    """The stream of the mapping's table."""
    table = client().describe_table(TableName=os.environ[setting(source.table)])["Table"]
    return table.get("LatestStreamArn", "")


def in_process(logical_id: str) -> Handler:
    """The handler of a function of the template, called as Lambda would. What it raises becomes a FunctionError."""
    function = load(TEMPLATE)["Resources"][logical_id]["Properties"]
    handler = _imported(ROOT / function["CodeUri"] / "app.py").handler
    arn = f"arn:aws:lambda:{os.environ['AWS_REGION']}:{ACCOUNT}:function:{logical_id}"

    def called(event: dict[str, Any]) -> Any:
        deadline = int((time.time() + function["Timeout"]) * 1000)
        try:
            return handler(event, Context(str(uuid.uuid4()), arn, deadline, logical_id))
        except Exception as error:
            raise FunctionError(f"{type(error).__name__}: {error}") from error

    return called


def gravedigger(source: EventSource) -> Callable[[str, Buried], None]:
    """Sends what is given up to the mapping's queue, which it makes, in the form in which Lambda does.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    sqs = _client("sqs")
    queue: str = sqs.create_queue(QueueName=f"{physical_name(source.dead_letters + 'Queue')}")["QueueUrl"]

    def bury(shard: str, buried: Buried) -> None:
        sqs.send_message(QueueUrl=queue, MessageBody=to_json(letter(source, shard, buried)).decode())

    return bury


def letter(source: EventSource, shard: str, buried: Buried) -> dict[str, Any]:
    """What Lambda says of records that it gives up: where they are in the stream, not what is in them."""
    first, last = buried.records[0], buried.records[-1]
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": source.function,
            "condition": buried.condition,
            "approximateInvokeCount": buried.invocations,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": buried.error or None},
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": last["dynamodb"]["SequenceNumber"],
            **_arrivals(buried.records),
            "batchSize": len(buried.records),
            "streamArn": first["eventSourceARN"],
        },
    }


def _arrivals(records: Batch) -> dict[str, str]:
    first, last = (record["dynamodb"]["ApproximateCreationDateTime"] for record in (records[0], records[-1]))
    return {
        "approximateArrivalOfFirstRecord": datetime.fromtimestamp(first, UTC).isoformat(),
        "approximateArrivalOfLastRecord": datetime.fromtimestamp(last, UTC).isoformat(),
    }


def _imported(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("app", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _client(service: str) -> Any:
    """Of a service of whose client we have no types."""
    return cast("Any", boto3).client(service)


if __name__ == "__main__":
    main()
