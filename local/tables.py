"""The tables and buckets of `template.yaml`, made without CloudFormation in whatever AWS a client points to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from turnout.cli.stack import setting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

TEMPLATE = Path(__file__).parent.parent / "template.yaml"

# What CreateTable takes as CloudFormation has it; backups and encryption mean nothing on a laptop.
AS_IT_IS = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "BillingMode")


def create_tables(dynamodb: "DynamoDBClient", template: Path = TEMPLATE) -> dict[str, str]:
    """Make each `AWS::DynamoDB::Table` that is not there yet.

    Returns the settings that tell Turnout their names: {"TURNOUT_REQUEST_LOG_TABLE": "turnout-request-log", ...}.
    """
    settings: dict[str, str] = {}
    there = dynamodb.list_tables()["TableNames"]
    for logical_id, properties in resources(template, "AWS::DynamoDB::Table"):
        name = settings[setting(logical_id)] = physical_name(logical_id)
        if name not in there:
            _create_table(dynamodb, name, properties)
    return settings


def create_buckets(s3: "S3Client", template: Path = TEMPLATE) -> dict[str, str]:
    """Make each `AWS::S3::Bucket` that is not there yet. Returns the settings, as `create_tables` does."""
    settings: dict[str, str] = {}
    there = {bucket.get("Name") for bucket in s3.list_buckets()["Buckets"]}
    for logical_id, _ in resources(template, "AWS::S3::Bucket"):
        name = settings[setting(logical_id)] = physical_name(logical_id)
        if name not in there:
            s3.create_bucket(Bucket=name)
    return settings


def resources(template: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The logical id and the properties of each resource of a kind."""
    for logical_id, resource in load(template)["Resources"].items():
        if resource["Type"] == kind:
            yield logical_id, resource.get("Properties", {})


def load(template: Path) -> dict[str, Any]:
    """A template as JSON would have it: `!Ref x` is {"Ref": "x"}, `!Sub x` is {"Fn::Sub": "x"}."""
    return yaml.load(template.read_text(), Loader=_TemplateLoader)  # noqa: S506 - it is a SafeLoader


def physical_name(logical_id: str) -> str:
    """`RequestLogTable` is named turnout-request-log."""
    *words, _kind = _words(logical_id)
    return "-".join(["turnout", *words]).lower()


def _words(logical_id: str) -> list[str]:
    return re.findall(r"[A-Z][a-z0-9]*", logical_id)


def _create_table(dynamodb: "DynamoDBClient", name: str, properties: dict[str, Any]) -> None:
    asked = {field: properties[field] for field in AS_IT_IS if field in properties}
    if stream := properties.get("StreamSpecification"):
        asked["StreamSpecification"] = {"StreamEnabled": True, **stream}
    dynamodb.create_table(TableName=name, **asked)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    if time_to_live := properties.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=time_to_live)


class _TemplateLoader(yaml.SafeLoader):
    """SafeLoader with CloudFormation's short forms.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
    """


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
            return {name: value.split(".", 1) if tag == "GetAtt" else value}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {name: loader.construct_mapping(node, deep=True)}
        case _:
            raise TypeError(f"YAML has no node like {node}")


yaml.add_multi_constructor("!", _short_form, Loader=_TemplateLoader)
