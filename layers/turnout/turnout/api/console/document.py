"""The console's OpenAPI document: FastAPI's own, with the parameters, bodies and answers that it cannot see.

It is put together when somebody asks for it, so that a cold start builds no schemas.
"""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from turnout.api.console import budget_document, key_document
from turnout.api.console.described import ALWAYS, BAD, FORBIDDEN, ID, LARGE, UNKNOWN, parameters, takes
from turnout.api.console.key_body import KeysQuestion
from turnout.api.console.policy_document import policy_endpoints
from turnout.api.console.queries import (
    BudgetBody,
    BudgetQuestion,
    CanaryBody,
    CreditsQuestion,
    FeedbackBody,
    MoveBody,
    RequestsQuestion,
    UsageQuestion,
)
from turnout.api.console.wire import ContentItem, FeedbackItem, HealthReport, RequestDetail, RequestPage, Usage
from turnout.api.document import KEY, REFERENCE
from turnout.core.chat import JSON

CSV: JSON = {"text/csv": {"schema": {"type": "string"}}}
QUESTIONS = (
    RequestsQuestion,
    UsageQuestion,
    FeedbackBody,
    KeysQuestion,
    BudgetQuestion,
    BudgetBody,
    CreditsQuestion,
    MoveBody,
    CanaryBody,
)


def endpoints() -> dict[str, dict[str, Any]]:
    """What is told of each endpoint, by the name of its function: arguments of `APIRoute`."""
    return {
        "list_requests": {
            "responses": {200: {"model": RequestPage, "description": "A page"}, **ALWAYS, **BAD, **FORBIDDEN},
            "openapi_extra": {"parameters": parameters(RequestsQuestion), **KEY},
        },
        "retrieve_request": {
            "responses": {200: {"model": RequestDetail, "description": "The record"}, **ALWAYS, **UNKNOWN},
            "openapi_extra": {"parameters": [ID], **KEY},
        },
        "retrieve_content": {
            "responses": {200: {"model": ContentItem, "description": "What was said"}, **ALWAYS, **UNKNOWN},
            "openapi_extra": {"parameters": [ID], **KEY},
        },
        "usage": {
            "responses": {
                200: {"model": Usage, "description": "The sums", "content": CSV},
                **ALWAYS,
                **BAD,
                **FORBIDDEN,
            },
            "openapi_extra": {"parameters": parameters(UsageQuestion), **KEY},
        },
        "health": {
            "responses": {200: {"model": HealthReport, "description": "The last minutes"}, **ALWAYS},
            "openapi_extra": KEY,
        },
        "give_feedback": {
            "responses": {
                200: {"model": FeedbackItem, "description": "What is kept"},
                **ALWAYS,
                **BAD,
                **UNKNOWN,
                **LARGE,
            },
            "openapi_extra": {**takes(FeedbackBody), **KEY},
        },
        **key_document.endpoints(parameters(KeysQuestion)),
        **policy_endpoints(),
        **budget_document.endpoints(parameters(CreditsQuestion), parameters(BudgetQuestion)),
    }


def described(app: FastAPI) -> Callable[[], JSON]:
    """A replacement for `app.openapi` that makes the whole document, once."""

    def openapi() -> JSON:
        if not app.openapi_schema:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    return openapi


def _document(app: FastAPI) -> JSON:
    told = endpoints()
    routes = [
        APIRoute(route.path, route.endpoint, methods=route.methods, **told[route.name])
        for route in app.routes
        if isinstance(route, APIRoute)
    ]
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=routes)
    for question in (*QUESTIONS, *key_document.BODIES):
        schema = question.model_json_schema(ref_template=REFERENCE)
        document["components"]["schemas"] |= {**schema.pop("$defs", {}), question.__name__: schema}
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return document
