"""What CloudFormation gets of the template: the SAM transform rewrites much, and says nothing where it goes wrong."""

from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from local.sam_api import in_sam
from tests.sam.conftest import ROOT
from tests.unit.test_template import RESOURCES

STREAMED = {
    ("post", "/v1/chat/completions"): 300_000,
    ("post", "/v1/compare"): 300_000,
    ("post", "/v1/blend"): 300_000,
    ("post", "/v1/judge"): 300_000,
    ("post", "/v1/route"): 29_000,
    ("get", "/v1/models"): 29_000,
    ("get", "/v1/models/{id+}"): 29_000,
    ("get", "/healthz"): 29_000,
}
BUFFERED = {
    ("get", "/v1/requests"),
    ("get", "/v1/requests/{id}"),
    ("get", "/v1/requests/{id}/content"),
    ("get", "/v1/usage"),
    ("get", "/v1/health"),
    ("post", "/v1/feedback"),
    ("get", "/v1/credits"),
    ("get", "/v1/budgets"),
    ("post", "/v1/budgets"),
    ("delete", "/v1/budgets"),
    ("post", "/v1/keys"),
    ("get", "/v1/keys"),
    ("get", "/v1/keys/{id}"),
    ("patch", "/v1/keys/{id}"),
    ("delete", "/v1/keys/{id}"),
    ("post", "/v1/keys/{id}/rotate"),
    ("post", "/v1/keys/{id}/disable"),
    ("post", "/v1/keys/{id}/enable"),
    ("get", "/v1/policies"),
    ("get", "/v1/policies/{version}"),
    ("post", "/v1/policies/{version}/activate"),
    ("post", "/v1/policies/{version}/canary"),
    ("post", "/v1/policies/{version}/rollback"),
    ("post", "/v1/optimize"),
    ("get", "/v1/reports"),
    ("get", "/v1/reports/{id}"),
    ("post", "/v1/reports/{id}"),
    ("get", "/v1/console/openapi.json"),
}


def transformed(template: Path) -> dict[str, Any]:
    """The template as SAM's own translator leaves it."""
    return from_json(in_sam("python", "tests/sam/transform.py", str(template)))


def integrations(template: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """What API Gateway does for each verb and path, but for what it answers itself to a browser that asks first."""
    paths = template["Resources"]["Api"]["Properties"]["Body"]["paths"]
    return {
        (verb, path): operation["x-amazon-apigateway-integration"]
        for path, operations in paths.items()
        for verb, operation in operations.items()
        if verb != "options"
    }


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """Ours."""
    return transformed(ROOT / "template.yaml")


def test_the_routers_routes_stream_and_the_consoles_do_not(whole: dict[str, Any]) -> None:
    found = integrations(whole)
    streamed = {route: i["timeoutInMillis"] for route, i in found.items() if i.get("responseTransferMode") == "STREAM"}
    assert streamed == STREAMED
    assert found.keys() - streamed.keys() == BUFFERED


def test_a_browser_that_asks_first_is_told_the_one_origin_that_may_call(whole: dict[str, Any]) -> None:
    for operations in whole["Resources"]["Api"]["Properties"]["Body"]["paths"].values():
        preflight = operations["options"]["x-amazon-apigateway-integration"]
        assert preflight["type"] == "mock"
        told = preflight["responses"]["default"]["responseParameters"]
        assert told["method.response.header.Access-Control-Allow-Origin"] == {"Fn::Sub": "'${CorsOrigin}'"}
        assert "method.response.header.Access-Control-Allow-Credentials" not in told
    assert whole["Parameters"]["CorsOrigin"]["Default"] == "none"


def test_what_streams_calls_the_streaming_endpoint_of_lambda(whole: dict[str, Any]) -> None:
    for route, integration in integrations(whole).items():
        uri: str = integration["uri"]["Fn::Sub"]
        wanted = "/response-streaming-invocations" if route in STREAMED else "}/invocations"
        assert uri.endswith(wanted)
        assert ("2021-11-15" in uri) == (route in STREAMED)


def test_no_integration_waits_longer_than_its_function_runs(whole: dict[str, Any]) -> None:
    seconds = whole["Resources"]["RouterFunction"]["Properties"]["Timeout"]
    assert max(STREAMED.values()) == seconds * 1000


def test_the_api_is_regional_since_others_cut_a_stream_that_pauses(whole: dict[str, Any]) -> None:
    assert whole["Resources"]["Api"]["Properties"]["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


def test_the_transform_adds_no_permission_to_ours(whole: dict[str, Any]) -> None:
    ours = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::IAM::Role"}
    roles = {name for name, resource in whole["Resources"].items() if resource["Type"] == "AWS::IAM::Role"}
    assert roles == ours
    kinds = {resource["Type"] for resource in whole["Resources"].values()}
    assert not kinds & {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"}


def test_the_word_that_looks_right_would_buffer_and_this_test_would_see_it(tmp_path: Path) -> None:
    wrong = (ROOT / "template.yaml").read_text().replace("RESPONSE_STREAM", "STREAM")
    (tmp_path / "template.yaml").write_text(wrong)
    uris = {i["uri"]["Fn::Sub"] for i in integrations(transformed(tmp_path / "template.yaml")).values()}
    assert not any(uri.endswith("response-streaming-invocations") for uri in uris)


def test_each_permission_to_call_a_function_names_its_route(whole: dict[str, Any]) -> None:
    permissions = [r["Properties"] for r in whole["Resources"].values() if r["Type"] == "AWS::Lambda::Permission"]
    assert len(permissions) == len(STREAMED) + len(BUFFERED)
    assert all("${__ApiId__}" in permission["SourceArn"]["Fn::Sub"][0] for permission in permissions)
