"""What is tried in each role of the deployed stack, and which of it goes through.

An attempt goes by IAM's name of the action and by what it is done to, "dynamodb:GetItem Keys". None does harm, so that
the administrator can try all of them first: what he cannot do proves nothing when others cannot.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from local.aws import REGION
from local.sam_api import SECRET
from tests.sam.deploy import Stack

type Calls = dict[str, dict[str, Any]]
"""Attempts that are made: the arguments of each."""
type Questions = dict[str, str]
"""Attempts that IAM's policy simulator is asked about, since ministack does not name what such a call is done to as AWS
does: the ARN that AWS checks. https://docs.aws.amazon.com/service-authorization/latest/reference/"""

TABLES = ("RequestLog", "Rollups", "Health", "Policies", "Keys", "Allowance")
FUNCTIONS = ("Router", "Aggregator", "Optimizer", "Console")
QUEUES = ("AggregatorDeadLetters", "OptimizerDeadLetters")
MODELS = {
    "nova-2-lite": "foundation-model/amazon.nova-2-lite-v1:0",
    "nova-pro": "foundation-model/amazon.nova-pro-v1:0",
    "llama-3.3-70b": "foundation-model/meta.llama3-3-70b-instruct-v1:0",
    "another": "foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
}
OTHER_SECRET = "another/secret"

REFUSALS = {"AccessDenied", "AccessDeniedException"}
OPERATIONS = {"InvokeFunction": "Invoke", "ListBucket": "ListObjectsV2"}
"""What boto3 calls an action, where IAM calls it otherwise."""


class Attempts:
    """Everything that is tried; makes what it is done to."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._iam = stack.client("iam")
        self._asked = asked(stack)
        others = on_index(stack), on_objects(stack), on_secrets(stack), on_queues(stack), on_functions(stack)
        groups = *(on_table(stack, name) for name in TABLES), *others
        self._called = {name: arguments for group in groups for name, arguments in group.items()}

    @property
    def called(self) -> set[str]:
        """Those that are made."""
        return set(self._called)

    @property
    def all(self) -> set[str]:
        """Their names."""
        return self._called.keys() | self._asked

    def permitted(self, role: str) -> set[str]:
        """What goes through in a role of the stack."""
        arn = self._stack.role(role)
        allowed = {attempt for attempt, resource in self._asked.items() if self._allowed(arn, attempt, resource)}
        return allowed | self.done(self._stack.acting_as(role))

    def done(self, session: boto3.Session | None) -> set[str]:
        """The calls that go through in a session, the administrator's when it is None."""

        @cache
        def client(service: str) -> Any:
            return self._stack.client(service, session)

        return {attempt for attempt, arguments in self._called.items() if _done(client, attempt, arguments)}

    def _allowed(self, role: str, attempt: str, resource: str) -> bool:
        question = {"PolicySourceArn": role, "ActionNames": [action(attempt)], "ResourceArns": [resource]}
        [result] = self._iam.simulate_principal_policy(**question)["EvaluationResults"]
        return result["EvalDecision"] == "allowed"


def action(attempt: str) -> str:
    """IAM's name of what is tried."""
    return attempt.partition(" ")[0]


def _done(client: Callable[[str], Any], attempt: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a call goes through; one that fails otherwise than by a refusal raises."""
    service, name = action(attempt).split(":")
    try:
        getattr(client(service), xform_name(OPERATIONS.get(name, name)))(**arguments)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in REFUSALS:
            return False
        raise
    return True


def on_table(stack: Stack, name: str) -> Calls:
    """Calls to a table."""
    table = stack.outputs[f"{name}Table"]
    schema = stack.client("dynamodb").describe_table(TableName=table)["Table"]["KeySchema"]
    key = {part["AttributeName"]: {"S": "tried"} for part in schema}
    one = {"TableName": table}
    tried: Calls = {
        "GetItem": one | {"Key": key},
        "BatchGetItem": {"RequestItems": {table: {"Keys": [key]}}},
        "Query": one | equal(schema[0]["AttributeName"]),
        "Scan": one,
        "PutItem": one | {"Item": key},
        "BatchWriteItem": {"RequestItems": {table: [{"PutRequest": {"Item": key}}]}},
        "UpdateItem": one | {"Key": key},
        "DeleteItem": one | {"Key": key},
        "DescribeTable": one,
    }
    return {f"dynamodb:{operation} {name}": arguments for operation, arguments in tried.items()}


def on_index(stack: Stack) -> Calls:
    """Calls to the indexes of all tables."""
    dynamodb = stack.client("dynamodb")
    found: Calls = {}
    for name in TABLES:
        table = {"TableName": stack.outputs[f"{name}Table"]}
        for index in dynamodb.describe_table(**table)["Table"].get("GlobalSecondaryIndexes", []):
            by = equal(index["KeySchema"][0]["AttributeName"])
            found[f"dynamodb:Query {name}/{index['IndexName']}"] = table | {"IndexName": index["IndexName"]} | by
    return found


def equal(attribute: str) -> dict[str, Any]:
    """The condition of a query."""
    names = {"ExpressionAttributeNames": {"#key": attribute}, "ExpressionAttributeValues": {":key": {"S": "tried"}}}
    return {"KeyConditionExpression": "#key = :key"} | names


def on_objects(stack: Stack) -> Calls:
    """Calls to the buckets."""
    bucket, contents = ({"Bucket": stack.outputs[name]} for name in ("ReportBucket", "ContentBucket"))
    stack.client("s3").put_object(**bucket, Key="reports/there", Body=b"{}")
    stack.client("s3").put_object(**contents, Key="contents/there", Body=b"{}")
    return {
        "s3:PutObject contents/": contents | {"Key": "contents/tried", "Body": b"{}"},
        "s3:PutObject beside contents": contents | {"Key": "tried", "Body": b"{}"},
        "s3:GetObject contents/": contents | {"Key": "contents/there"},
        "s3:DeleteObject contents/": contents | {"Key": "contents/tried"},
        "s3:ListBucket contents": contents,
        "s3:PutObject reports/": bucket | {"Key": "reports/tried", "Body": b"{}"},
        "s3:PutObject elsewhere": bucket | {"Key": "tried", "Body": b"{}"},
        "s3:GetObject reports/": bucket | {"Key": "reports/there"},
        "s3:DeleteObject reports/": bucket | {"Key": "reports/tried"},
        "s3:ListBucket": bucket,
    }


def on_secrets(stack: Stack) -> Calls:
    """Calls for the vendors' keys, for the pepper, and for a secret that is not ours."""
    stack.client("secretsmanager").create_secret(Name=OTHER_SECRET, SecretString="another's")
    return {
        "secretsmanager:GetSecretValue vendor-keys": {"SecretId": SECRET},
        "secretsmanager:GetSecretValue pepper": {"SecretId": stack.outputs["KeyPepperSecret"]},
        "secretsmanager:GetSecretValue another": {"SecretId": OTHER_SECRET},
        "secretsmanager:PutSecretValue another": {"SecretId": OTHER_SECRET, "SecretString": "another's"},
    }


def on_queues(stack: Stack) -> Calls:
    """Calls to the dead letters."""
    urls = {name: {"QueueUrl": stack.outputs[name]} for name in QUEUES}
    sent = {f"sqs:SendMessage {name}": url | {"MessageBody": "tried"} for name, url in urls.items()}
    return sent | {f"sqs:ReceiveMessage {name}": url for name, url in urls.items()}


def on_functions(stack: Stack) -> Calls:
    """Calls to functions, and for a role."""
    functions = {name: {"FunctionName": stack.outputs[f"{name}Function"]} for name in FUNCTIONS}
    return {
        **{f"lambda:InvokeFunction {name}": one | {"InvocationType": "DryRun"} for name, one in functions.items()},
        "lambda:UpdateFunctionConfiguration Router": functions["Router"] | {"Description": "tried"},
        "iam:GetRole Router": {"RoleName": stack.resources["RouterRole"]},
    }


def asked(stack: Stack) -> Questions:
    """What the policy simulator is asked."""
    table = stack.client("dynamodb").describe_table(TableName=stack.outputs["RequestLogTable"])["Table"]
    stream: str = table["LatestStreamArn"]
    account = stream.split(":")[4]
    logs = f"arn:aws:logs:{REGION}:{account}:log-group"
    streamed = ("DescribeStream", "GetShardIterator", "GetRecords", "ListStreams")
    return {
        **{f"dynamodb:{name} RequestLog": stream for name in streamed},
        **{
            f"logs:{name} {function}": f"{logs}:{stack.resources[f'{function}Logs']}:log-stream:one"
            for function in FUNCTIONS
            for name in ("CreateLogStream", "PutLogEvents")
        },
        **{f"xray:{name}": "*" for name in ("PutTraceSegments", "PutTelemetryRecords")},
        **asked_of_models(account),
    }


def asked_of_models(account: str) -> Questions:
    """The same of each model, and of the profile that leads to it from the regions of the United States."""
    home, any_region = f"arn:aws:bedrock:{REGION}:{account}:inference-profile/us.", "arn:aws:bedrock:us-west-2::"
    return {
        f"bedrock:{name} {model}{kind}": arn
        for name in ("InvokeModel", "InvokeModelWithResponseStream")
        for model, resource in MODELS.items()
        for kind, arn in {"": any_region + resource, "/profile": home + resource.partition("/")[2]}.items()
    }
