"""The optimizer: on a schedule, reports what was asked on the day before; every few minutes, guards the canary.

No rollups are kept yet, and without them there is no evidence on which a policy could be changed: so the report says
how many requests there were, and that the policy stays.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic_core import to_json

from turnout import bootstrap_optimizer
from turnout.config import Config
from turnout.store.dynamo import client, to_wire

config = Config.from_env(os.environ)
logger = Logger()
dynamodb = client()
s3 = boto3.client("s3")  # pyright: ignore[reportUnknownMemberType] - of other services


def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, str]:
    """Do the `job` that the event names, see JOBS."""
    return JOBS[event.get("job", "optimize")](event)


def guard(_: dict[str, Any]) -> dict[str, str]:
    """Look at the canary once; what came of it is logged, too."""
    look = asdict(asyncio.run(bootstrap_optimizer.guard(config).look()))
    logger.info("The guard has looked", **look)
    return look


def optimize(event: dict[str, Any]) -> dict[str, str]:
    """Write the report of the day before `time`, an ISO time in UTC. A second run replaces it."""
    day = datetime.fromisoformat(event["time"]).astimezone(UTC).date() - timedelta(days=1)
    key = f"reports/{day:%Y/%m/%d}.json"
    s3.put_object(
        Bucket=config.report_bucket, Key=key, Body=to_json(report(day, count(day))), ContentType="application/json"
    )
    return {"report": f"s3://{config.report_bucket}/{key}"}


def report(day: date, requests: int) -> dict[str, Any]:
    """What there is to say of a day."""
    return {
        "day": day.isoformat(),
        "requests": requests,
        "policy": "keep",
        "reason": "Not enough evidence: no rollups are kept, so outcomes were not compared.",
    }


def count(day: date) -> int:
    """How many requests the log has of a day."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=config.request_log_table,
        IndexName="by_day",
        Select="COUNT",
        KeyConditionExpression="#day = :day",
        ExpressionAttributeNames={"#day": "day"},
        ExpressionAttributeValues=to_wire({":day": day.isoformat()}),
    )
    return sum(page["Count"] for page in pages)


JOBS: Mapping[str, Callable[[dict[str, Any]], dict[str, str]]] = {"optimize": optimize, "guard": guard}
