"""The console's OpenAPI document says what the endpoints do."""

import json
import re
from typing import Any

import pytest

from tests.unit.api.console.world import Console
from turnout.api.console.key_body import KeysQuestion
from turnout.api.console.queries import RequestsQuestion, UsageQuestion, names


@pytest.fixture(name="document", scope="module")
def the_document() -> dict[str, Any]:
    return Console().app.openapi()


async def test_it_is_served(document: dict[str, Any]) -> None:
    response = await Console().get("/v1/console/openapi.json")
    assert response.json() == json.loads(json.dumps(document))


def test_every_route_and_every_refusal_is_in_it(document: dict[str, Any]) -> None:
    statuses = {
        f"{method} {path}": " ".join(sorted(operation["responses"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert statuses == {
        "get /v1/requests": "200 400 401 403 500 503",
        "get /v1/requests/{id}": "200 401 404 500 503",
        "get /v1/requests/{id}/content": "200 401 404 500 503",
        "get /v1/usage": "200 400 401 403 500 503",
        "get /v1/health": "200 401 500 503",
        "post /v1/feedback": "200 400 401 404 413 500 503",
        "post /v1/keys": "200 400 401 403 409 413 500 503",
        "get /v1/keys": "200 400 401 403 500 503",
        "get /v1/keys/{id}": "200 401 403 404 500 503",
        "patch /v1/keys/{id}": "200 400 401 403 404 409 413 500 503",
        "delete /v1/keys/{id}": "200 401 403 404 409 500 503",
        "post /v1/keys/{id}/rotate": "200 400 401 403 404 409 413 500 503",
        "post /v1/keys/{id}/disable": "200 401 403 404 409 500 503",
        "post /v1/keys/{id}/enable": "200 401 403 404 500 503",
        "get /v1/credits": "200 400 401 403 404 500 503",
        "get /v1/budgets": "200 401 403 500 503",
        "post /v1/budgets": "200 400 401 403 413 500 503",
        "delete /v1/budgets": "200 400 401 403 404 500 503",
        "get /v1/policies": "200 401 403 500 503",
        "get /v1/policies/{version}": "200 401 403 404 500 503",
        "post /v1/policies/{version}/activate": "200 400 401 403 404 409 413 500 503",
        "post /v1/policies/{version}/canary": "200 400 401 403 404 409 413 500 503",
        "post /v1/policies/{version}/rollback": "200 400 401 403 404 409 413 500 503",
        "post /v1/optimize": "202 400 401 403 409 413 500 503",
        "get /v1/reports": "200 400 401 403 500 503",
        "get /v1/reports/{id}": "200 401 403 404 500 503",
        "post /v1/reports/{id}": "200 401 403 404 413 500 503",
    }


@pytest.mark.parametrize(
    ("path", "question"), [("/v1/requests", RequestsQuestion), ("/v1/usage", UsageQuestion), ("/v1/keys", KeysQuestion)]
)
def test_every_parameter_is_described(document: dict[str, Any], path: str, question: Any) -> None:
    parameters = document["paths"][path]["get"]["parameters"]
    assert [parameter["name"] for parameter in parameters] == names(question)
    assert all(parameter["description"] and parameter["schema"].keys() & {"type", "$ref"} for parameter in parameters)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)))
    assert {"RequestPage", "RequestDetail", "Usage", "HealthReport", "ErrorBody"} <= references
    assert references <= document["components"]["schemas"].keys()


def test_every_route_needs_the_key(document: dict[str, Any]) -> None:
    assert all("security" in told for operations in document["paths"].values() for told in operations.values())
