"""The OpenAPI document's part on policies, runs and reports."""

from typing import Any

from turnout.api.console.described import ALWAYS, BAD, ID, LARGE, parameters, takes
from turnout.api.console.policy_wire import Moved, Optimization, PolicyDetail, PolicyPage, ReportPage
from turnout.api.console.queries import CanaryBody, MoveBody, ReportsQuestion
from turnout.api.document import KEY, Responses
from turnout.api.wire import ErrorBody
from turnout.core.chat import JSON
from turnout.policy.report import Report

HTML: JSON = {"text/html": {"schema": {"type": "string"}}}
VERSION: JSON = {"name": "version", "in": "path", "required": True, "schema": {"type": "string"}}
FORM: JSON = {
    "application/x-www-form-urlencoded": {
        "schema": {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]}
    }
}
READ: Responses = {403: {"model": ErrorBody, "description": "The key lacks the scope `read`"}}
ADMIN: Responses = {403: {"model": ErrorBody, "description": "The key lacks the scope `admin`"}}
NO_POLICY: Responses = {404: {"model": ErrorBody, "description": "There is no such version"}}
NO_REPORT: Responses = {404: {"model": ErrorBody, "description": "There is no such report, or not yet"}}
MOVED: Responses = {409: {"model": ErrorBody, "description": "Another was quicker, or its state forbids it"}}
BUSY: Responses = {409: {"model": ErrorBody, "description": "Another run is under way"}}


def policy_endpoints() -> dict[str, dict[str, Any]]:
    """What is told of each endpoint, as `document.endpoints`."""
    report = {"responses": {200: {"model": Report, "description": "The report", "content": HTML}, **ALWAYS}}
    return {
        "list_policies": _reading(PolicyPage, "All versions"),
        "retrieve_policy": _reading(PolicyDetail, "The version", [VERSION], NO_POLICY),
        "activate_policy": _moving(MoveBody),
        "canary_policy": _moving(CanaryBody),
        "roll_back_policy": _moving(MoveBody),
        "optimize": {
            "status_code": 202,
            "responses": {
                202: {"model": Optimization, "description": "The run was started"},
                **ALWAYS,
                **BAD,
                **ADMIN,
                **BUSY,
                **LARGE,
            },
            "openapi_extra": {**takes(MoveBody, required=False), **KEY},
        },
        "list_reports": _reading(ReportPage, "The newest reports", parameters(ReportsQuestion), BAD),
        "retrieve_report": {
            "responses": {**report["responses"], **READ, **NO_REPORT},
            "openapi_extra": {"parameters": [ID], **KEY},
        },
        "open_report": {
            "responses": {
                200: {"description": "The page", "content": HTML},
                401: {"description": "The form again: the key is unknown", "content": HTML},
                403: {"description": "The form again: the key lacks the scope `read`", "content": HTML},
                **NO_REPORT,
                **LARGE,
                **{status: ALWAYS[status] for status in (500, 503)},
            },
            "openapi_extra": {"parameters": [ID], "requestBody": {"required": True, "content": FORM}, "security": []},
        },
    }


def _reading(
    model: Any, description: str, asked: list[JSON] | None = None, refused: Responses | None = None
) -> dict[str, Any]:
    return {
        "responses": {200: {"model": model, "description": description}, **ALWAYS, **READ, **(refused or {})},
        "openapi_extra": {"parameters": asked or [], **KEY},
    }


def _moving(question: type[MoveBody]) -> dict[str, Any]:
    refused = {**ALWAYS, **BAD, **ADMIN, **NO_POLICY, **MOVED, **LARGE}
    return {
        "responses": {200: {"model": Moved, "description": "The policy after the move"}, **refused},
        "openapi_extra": {"parameters": [VERSION], **takes(question, required=False), **KEY},
    }
