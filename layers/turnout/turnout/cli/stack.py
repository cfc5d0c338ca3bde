"""`--stack NAME`: which tables, bucket, secret and functions are those of a deployment, from its stack's outputs."""

import re
from collections.abc import Mapping
from typing import Any, Protocol, cast

import boto3
from botocore.exceptions import ClientError

from turnout.cli.command import CannotDo


class Describing(Protocol):
    """What is used of a client for CloudFormation."""

    def describe_stacks(self, *, StackName: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's name
        """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html."""
        ...


def stack_settings(name: str, cloudformation: Describing | None = None) -> dict[str, str]:
    """{"TURNOUT_KEYS_TABLE": "...", ...} of the stack called `name`. Raises CannotDo when there is none."""
    client = cloudformation or _client()
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        raise CannotDo(f"there is no stack '{name}' here: {error.response.get('Error', {}).get('Message')}") from None
    outputs: dict[str, str] = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return {
        setting(key): value for key, value in outputs.items() if key.endswith(("Table", "Bucket", "Secret", "Function"))
    }


def _client() -> Describing:
    return cast("Describing", boto3.client("cloudformation"))  # pyright: ignore[reportUnknownMemberType] - no stubs


def setting(logical_id: str) -> str:
    """`RequestLogTable` of the template is told to Turnout as TURNOUT_REQUEST_LOG_TABLE."""
    return "_".join(["TURNOUT", *re.findall(r"[A-Z][a-z0-9]*", logical_id)]).upper()
