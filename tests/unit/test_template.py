"""What `template.yaml` must hold to: names that the code knows, no secret, and no permission wider than its reason."""

import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from local.tables import TEMPLATE, load
from turnout.config import PREFIX, Config

ROOT = TEMPLATE.parent
WHOLE = load(TEMPLATE)
RESOURCES: dict[str, Any] = WHOLE["Resources"]
WILDCARDS = {("Traces", "*"): "X-Ray has no resources to name"}
"""Statements that may name every resource, and why."""


def of(kind: str) -> dict[str, Any]:
    """The properties of each resource of a kind, by logical id."""
    return {name: resource["Properties"] for name, resource in RESOURCES.items() if resource["Type"] == kind}


TABLES = of("AWS::DynamoDB::Table")
FUNCTIONS = of("AWS::Serverless::Function")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_on_demand_encrypted_and_can_be_restored(name: str) -> None:
    table = TABLES[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"]["SSEEnabled"]
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]


def test_what_expires_has_a_time_to_live_and_what_is_aggregated_a_stream() -> None:
    living = {name for name, table in TABLES.items() if table.get("TimeToLiveSpecification", {}).get("Enabled")}
    assert living == {"RequestLogTable", "RollupsTable", "HealthTable", "KeysTable", "AllowanceTable"}
    assert TABLES["RequestLogTable"]["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_the_report_bucket_is_encrypted_versioned_and_closed() -> None:
    bucket = of("AWS::S3::Bucket")["ReportBucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["LifecycleConfiguration"]["Rules"]


def test_the_content_bucket_is_encrypted_and_closed_and_forgets_for_good() -> None:
    bucket = of("AWS::S3::Bucket")["ContentBucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert [rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"]] == [
        {"Ref": "ContentRetentionDays"}
    ]
    assert "VersioningConfiguration" not in bucket
    [rule] = of("AWS::S3::BucketPolicy")["ContentBucketPolicy"]["PolicyDocument"]["Statement"]
    assert (rule["Effect"], rule["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_what_is_worth_keeping_outlives_the_stack() -> None:
    kept = {name for name, resource in RESOURCES.items() if resource.get("DeletionPolicy") == "Retain"}
    assert kept == {*TABLES, "ReportBucket", "ContentBucket", "KeyPepperSecret"} - {"HealthTable"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_told_only_settings_that_exist_and_no_secret(name: str) -> None:
    common = WHOLE["Globals"]["Function"]["Environment"]["Variables"]
    variables = common | FUNCTIONS[name].get("Environment", {}).get("Variables", {})
    known = {PREFIX + field.upper() for field in Config.model_fields}
    assert [v for v in variables if v.startswith(PREFIX) and v not in known] == []
    assert [v for v in variables if v.endswith("_API_KEY")] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_role_and_a_log_of_its_own(name: str) -> None:
    stem = name.removesuffix("Function")
    assert FUNCTIONS[name]["Role"] == {"Fn::GetAtt": [f"{stem}Role", "Arn"]}
    assert FUNCTIONS[name]["LoggingConfig"]["LogGroup"] == {"Ref": f"{stem}Logs"}
    assert of("AWS::Logs::LogGroup")[f"{stem}Logs"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every role."""
    for role, properties in of("AWS::IAM::Role").items():
        for policy in properties["Policies"]:
            yield from ((role, statement) for statement in policy["PolicyDocument"]["Statement"])


@pytest.mark.parametrize(("role", "statement"), list(statements()))
def test_a_permission_names_its_actions_and_its_resource(role: str, statement: dict[str, Any]) -> None:
    assert "*" not in str(statement["Action"])
    assert statement["Resource"] != "*" or (statement["Sid"], "*") in WILDCARDS


def test_the_router_may_ask_every_bedrock_model_of_the_catalog_and_no_other() -> None:
    catalog = tomllib.loads((ROOT / "layers/turnout/turnout/catalog/data/bedrock.toml").read_text())
    models = {model["upstream"].partition(".")[2] for model in catalog["models"]}
    [allowed] = [s["Resource"] for role, s in statements() if (role, s["Sid"]) == ("RouterRole", "AskBedrock")]
    for kind in ("inference-profile/*.", "foundation-model/"):
        assert {arn["Fn::Sub"].partition(kind)[2] for arn in allowed if kind in arn["Fn::Sub"]} == models


def test_no_role_has_a_policy_that_somebody_else_writes() -> None:
    assert [name for name, role in of("AWS::IAM::Role").items() if "ManagedPolicyArns" in role] == []


def test_every_verb_is_named() -> None:
    events = [event["Properties"] for f in FUNCTIONS.values() for event in f.get("Events", {}).values()]
    assert events
    assert {event["Method"] for event in events} <= {"GET", "POST", "PATCH", "DELETE"}


def test_each_alarm_can_be_sent() -> None:
    alarms = of("AWS::CloudWatch::Alarm")
    assert len(alarms) >= 4
    assert all(alarm["AlarmActions"]["Fn::If"][0] == "AlarmsAreSent" for alarm in alarms.values())


def test_each_function_is_in_the_alarms_on_errors_and_throttles() -> None:
    for name in ("ErrorsAlarm", "ThrottlesAlarm"):
        metrics = [
            m["MetricStat"]["Metric"] for m in of("AWS::CloudWatch::Alarm")[name]["Metrics"] if "MetricStat" in m
        ]
        assert {metric["Dimensions"][0]["Value"]["Ref"] for metric in metrics} == set(FUNCTIONS)


REQUIREMENTS = {
    "layers/dependencies/requirements.txt": "--no-dev",
    "functions/optimizer/requirements.txt": "--only-group reports",
}


@pytest.mark.parametrize("path", REQUIREMENTS)
def test_the_dependencies_are_those_of_the_lock(path: str) -> None:
    uv = shutil.which("uv", path=ROOT / ".tools/bin") or shutil.which("uv")
    assert uv, "uv is missing: make sets it up under .tools"
    options = "--frozen --offline --no-emit-project --no-header --no-annotate --format requirements-txt"
    command = [uv, "export", *options.split(), *REQUIREMENTS[path].split()]
    locked = subprocess.check_output(command, cwd=ROOT, text=True)  # noqa: S603 - uv itself
    assert (ROOT / path).read_text() == locked


@pytest.mark.parametrize("path", REQUIREMENTS)
def test_the_dependencies_name_no_registry(path: str) -> None:
    assert "://" not in (ROOT / path).read_text()
