"""The built application as `sam deploy` puts it into an AWS, one on this machine that enforces the roles' policies."""

import io
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import boto3
import httpx
import yaml
from pydantic_core import from_json, to_json

from local.aws import EmbeddedAws
from local.sam_api import ARCHITECTURE, SECRET, in_sam
from tests.sam.conftest import ROOT

PARAMETERS = f"Architecture={ARCHITECTURE} StreamProcessing=off"

# What Lambda gives to a function to act in its role.
CREDENTIALS = """
import os
def handler(event, context):
    return [os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
"""


@dataclass(frozen=True)
class Stack:
    """A deployed stack, seen by its account's administrator."""

    aws: EmbeddedAws
    name: str

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs."""
        [stack] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @cached_property
    def resources(self) -> Mapping[str, str]:
        """The physical id of each resource, by its logical one."""
        found = self.client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    @property
    def url(self) -> str:
        """Where this AWS serves what the output BaseUrl names."""
        public = httpx.URL(self.outputs["BaseUrl"])
        return f"{self.aws.endpoint}/_aws/execute-api/{public.host.split('.')[0]}{public.path}"

    def client(self, service: str, session: boto3.Session | None = None) -> Any:
        """A client of a service, of the administrator's or of another's."""
        return cast("Any", session or boto3).client(service, endpoint_url=self.aws.endpoint)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """What a function answers, by its name. Raises AssertionError when it failed."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=to_json(event))
        payload = from_json(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def role(self, logical_id: str) -> str:
        """The ARN of a role."""
        return self.client("iam").get_role(RoleName=self.resources[logical_id])["Role"]["Arn"]

    def acting_as(self, role: str) -> boto3.Session:
        """A session with the credentials that Lambda gives to a function in this role of the stack."""
        name = f"in-{role}"
        code = {"ZipFile": zipped("index.py", CREDENTIALS)}
        self.client("lambda").create_function(
            FunctionName=name, Role=self.role(role), Runtime="python3.13", Handler="index.handler", Code=code
        )
        return boto3.Session(*self.invoke(name, {}))


@contextmanager
def deployed(folder: Path, vendor_settings: Mapping[str, str]) -> Generator[Stack]:
    """What was built into `folder`, deployed, for as long as the block lasts; its router is led to these vendors."""
    translator = in_sam("python", "-c", "import samtranslator; print(samtranslator.__version__)").strip()
    with EmbeddedAws(settings={"AUTH": "true"}, packages=[f"aws-sam-translator=={translator}"]) as aws:
        stack = Stack(aws, "turnout")
        keys = {name: value for name, value in vendor_settings.items() if name.endswith("_API_KEY")}
        stack.client("secretsmanager").create_secret(Name=SECRET, SecretString=to_json(keys).decode())
        deploy(folder, aws)
        lead(stack, {name: value for name, value in vendor_settings.items() if name not in keys})
        yield stack


def deploy(folder: Path, aws: EmbeddedAws) -> None:
    """`sam deploy`, as samconfig.toml has it. Raises CalledProcessError."""
    template = folder / "template.deploy.yaml"
    template.write_text(yaml.safe_dump(deployable(yaml.safe_load((folder / "template.yaml").read_text()))))
    files = ["--template-file", str(template), "--config-file", str(ROOT / "samconfig.toml")]
    unattended = ["--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", PARAMETERS]
    in_sam("sam", "deploy", *files, *unattended, **aws.env)


def deployable(template: dict[str, Any]) -> dict[str, Any]:
    """The template without what ministack lacks: streamed routes, alarms on metric math, and TLS for a bucket."""
    resources: dict[str, Any] = template["Resources"]
    for event in resources["RouterFunction"]["Properties"]["Events"].values():
        del event["Properties"]["ResponseTransferMode"]
    lacking = {"AWS::CloudWatch::Alarm", "AWS::S3::BucketPolicy"}
    kept = {name: one for name, one in resources.items() if one["Type"] not in lacking}
    return template | {"Resources": kept}


def lead(stack: Stack, settings: Mapping[str, str]) -> None:
    """Add settings to the router's."""
    functions, name = stack.client("lambda"), stack.outputs["RouterFunction"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | settings})


def zipped(name: str, text: str) -> bytes:
    """An archive of one file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, text)
    return archive.getvalue()
