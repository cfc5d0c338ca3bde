"""The OpenAPI document says what the endpoints do."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.unit.api.world import World
from turnout.api.document import document as made
from turnout.api.schema import ChatRequest


@pytest.fixture(name="document", scope="module")
def the_document() -> dict[str, Any]:
    return made(World().app)


async def test_it_is_served_without_a_key(document: dict[str, Any]) -> None:
    async with World().client() as client:
        response = await client.get("/openapi.json", headers={"authorization": ""})
    assert response.json() == json.loads(json.dumps(document))


def test_every_route_and_every_refusal_is_in_it(document: dict[str, Any]) -> None:
    statuses = {
        f"{method} {path}": " ".join(sorted(operation["responses"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert statuses == {
        "post /v1/chat/completions": "200 400 401 403 404 413 429 500 502 503 504",
        "post /v1/compare": "200 400 401 403 404 413 429 500 502 503 504",
        "post /v1/blend": "200 400 401 403 404 413 429 500 502 503 504",
        "post /v1/judge": "200 400 401 403 404 413 429 500 502 503 504",
        "post /v1/route": "200 400 401 403 404 413 500",
        "get /v1/models": "200 401 500",
        "get /v1/models/{id}": "200 401 403 404 500",
        "get /healthz": "200",
    }


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document)))
    assert {"ChatRequest", "ChatCompletion", "ErrorBody", "ModelList"} <= references
    assert references <= document["components"]["schemas"].keys()


def test_the_body_has_openais_fields_and_no_others(document: dict[str, Any]) -> None:
    body = document["components"]["schemas"]["ChatRequest"]
    assert body["properties"].keys() == ChatRequest.model_fields.keys()
    assert body["required"] == ["model", "messages"]
    assert body["additionalProperties"] is False


def test_only_health_goes_without_the_key(document: dict[str, Any]) -> None:
    open_to_all = [
        path for path, operations in document["paths"].items() for told in operations.values() if "security" not in told
    ]
    assert open_to_all == ["/healthz"]
    assert document["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}


def test_a_path_parameter_is_described(document: dict[str, Any]) -> None:
    [parameter] = document["paths"]["/v1/models/{id}"]["get"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("id", "path", True)


def test_a_router_starts_without_what_only_the_document_or_the_console_needs() -> None:
    code = "import sys, turnout.api.app, turnout.bootstrap; print({'boto3', 'fastapi'} & sys.modules.keys())"
    # the interpreter of these tests, with our own code
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"  # noqa: S603
