"""The optimizer: on a schedule, reports what was asked on the day before.

No rollups are kept yet, and without them there is no evidence on which a policy could be changed: so the report says
how many requests there were, and that the policy stays.
"""

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic_core import to_json

from turnout.config import Config
from turnout.store.dynamo import client, to_wire

config = Config.from_env(os.environ)
dynamodb = client()
s3 = boto3.client("s3")  # pyright: ignore[reportUnknownMemberType] - of other services


def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, str]:
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
