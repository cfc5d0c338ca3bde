from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.tables import create_buckets, create_tables, load, physical_name
from turnout.cli.stack import setting
from turnout.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def s3(dynamodb: "DynamoDBClient") -> "S3Client":
    return boto3.client("s3")  # pyright: ignore[reportUnknownMemberType] - as in store.dynamo


def test_turnout_is_told_the_name_of_each_table_and_bucket(dynamodb: "DynamoDBClient", s3: "S3Client") -> None:
    config = dict(Config.from_env(create_tables(dynamodb) | create_buckets(s3)))
    tables = {value for name, value in config.items() if name.endswith("_table")}
    assert tables == set(dynamodb.list_tables()["TableNames"])
    buckets = {value for name, value in config.items() if name.endswith("_bucket")}
    assert buckets == {bucket.get("Name") for bucket in s3.list_buckets()["Buckets"]}


def test_tables_are_made_as_the_template_has_them(dynamodb: "DynamoDBClient") -> None:
    table = dynamodb.describe_table(TableName="turnout-request-log")["Table"]
    assert table.get("StreamSpecification") == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert [index.get("IndexName") for index in table.get("GlobalSecondaryIndexes", [])] == ["by_day"]
    time_to_live = dynamodb.describe_time_to_live(TableName="turnout-request-log")["TimeToLiveDescription"]
    assert time_to_live == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_making_them_again_changes_nothing(dynamodb: "DynamoDBClient", s3: "S3Client") -> None:
    create_buckets(s3)
    dynamodb.put_item(TableName="turnout-keys", Item={"hash": {"S": "1"}, "id": {"S": "2"}})
    assert create_tables(dynamodb) == create_tables(dynamodb)
    assert create_buckets(s3) == create_buckets(s3)
    assert dynamodb.scan(TableName="turnout-keys")["Count"] == 1


@pytest.mark.parametrize(
    ("logical_id", "name", "variable"),
    [
        ("RequestLogTable", "turnout-request-log", "TURNOUT_REQUEST_LOG_TABLE"),
        ("KeysTable", "turnout-keys", "TURNOUT_KEYS_TABLE"),
        ("ReportBucket", "turnout-report", "TURNOUT_REPORT_BUCKET"),
    ],
)
def test_names_come_from_the_logical_id(logical_id: str, name: str, variable: str) -> None:
    assert (physical_name(logical_id), setting(logical_id)) == (name, variable)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Stage", {"Ref": "Stage"}),
        ("!Condition Prod", {"Condition": "Prod"}),
        ("!Sub '${Stage}-x'", {"Fn::Sub": "${Stage}-x"}),
        ("!GetAtt Table.StreamArn", {"Fn::GetAtt": ["Table", "StreamArn"]}),
        ("!GetAtt Api.Stage.Name", {"Fn::GetAtt": ["Api", "Stage.Name"]}),
        ("!If [Prod, !Ref A, {b: !Ref B}]", {"Fn::If": ["Prod", {"Ref": "A"}, {"b": {"Ref": "B"}}]}),
        ("!Transform {Name: !Ref N}", {"Fn::Transform": {"Name": {"Ref": "N"}}}),
        ("{Ref: Stage}", {"Ref": "Stage"}),
    ],
)
def test_short_forms_read_as_their_long_ones(text: str, value: Any, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(f"it: {text}")
    assert load(template) == {"it": value}
