"""The OpenAPI document: FastAPI writes it from the app's routes and from what it cannot see of them, told here.

Imported only when somebody asks for the document: no cold start waits for FastAPI and for the schemas of the answers.
"""

from functools import lru_cache
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.routing import Route

from turnout.api.schema import ChatRequest, ModeRequest
from turnout.api.wire import ChatCompletion, ErrorBody, Health, ModelItem, ModelList, RouteItem
from turnout.core.chat import JSON

type Responses = dict[int | str, dict[str, Any]]

REFERENCE = "#/components/schemas/{model}"
IMPLIED = {"HEAD"}
"""Methods that go without saying: Starlette answers HEAD wherever there is a GET."""
KEY: JSON = {"security": [{"key": []}]}

COMMON: Responses = {
    401: {"model": ErrorBody, "description": "No key, or not one of this gateway's"},
    500: {"model": ErrorBody, "description": "The gateway itself failed"},
}
NOT_ALLOWED: Responses = {403: {"model": ErrorBody, "description": "The key may not do this, or not use this model"}}
NOT_FOUND: Responses = {404: {"model": ErrorBody, "description": "There is no such model"}}
FAILURES: Responses = {
    400: {"model": ErrorBody, "description": "The request is wrong, or no model can do what it asks; see `param`"},
    **NOT_ALLOWED,
    413: {"model": ErrorBody, "description": "The body is over the limit"},
    429: {"model": ErrorBody, "description": "A vendor's rate limit or quota; see `Retry-After`"},
    502: {"model": ErrorBody, "description": "No vendor gave an answer that could be used"},
    503: {"model": ErrorBody, "description": "The vendors are overloaded"},
    504: {"model": ErrorBody, "description": "The time was up"},
}
EVENT: JSON = {
    "type": "object",
    "description": "One server-sent event",
    "properties": {"data": {"type": "string", "description": "A chunk or an error as JSON, or at the end `[DONE]`"}},
    "required": ["data"],
}
COMPLETION: Responses = {
    200: {
        "model": ChatCompletion,
        "description": "The answer; with `stream`, its chunks as server-sent events that end in `[DONE]`",
        "content": {"text/event-stream": {"schema": EVENT}},
    },
    **COMMON,
    **NOT_FOUND,
    **FAILURES,
}
ROUTE: Responses = {
    200: {"model": RouteItem, "description": "The decision"},
    **COMMON,
    **NOT_FOUND,
    **{status: FAILURES[status] for status in (400, 403, 413)},
}
MODELS: Responses = {200: {"model": ModelList, "description": "All models"}, **COMMON}
MODEL: Responses = {
    200: {"model": ModelItem, "description": "The model"},
    **COMMON,
    **NOT_FOUND,
    **NOT_ALLOWED,
}
HEALTH: Responses = {200: {"model": Health, "description": "The gateway is up"}}
MODEL_NAME: JSON = {
    "parameters": [
        {
            "name": "id",
            "in": "path",
            "required": True,
            "description": "A name, `vendor/name`, an alias, `auto` or `auto:<goal>`",
            "schema": {"type": "string"},
        }
    ],
    **KEY,
}
BODIES = (ChatRequest, ModeRequest)


def _taking(schema: type[ChatRequest]) -> JSON:
    reference = {"$ref": REFERENCE.format(model=schema.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}, **KEY}


ENDPOINTS: dict[str, dict[str, Any]] = {
    "create_chat_completion": {"responses": COMPLETION, "openapi_extra": _taking(ChatRequest)},
    "create_comparison": {"responses": COMPLETION, "openapi_extra": _taking(ModeRequest)},
    "create_blend": {"responses": COMPLETION, "openapi_extra": _taking(ModeRequest)},
    "create_judgement": {"responses": COMPLETION, "openapi_extra": _taking(ModeRequest)},
    "create_route": {"responses": ROUTE, "openapi_extra": _taking(ChatRequest)},
    "list_models": {"responses": MODELS, "openapi_extra": KEY},
    "retrieve_model": {"responses": MODEL, "openapi_extra": MODEL_NAME},
    "health": {"responses": HEALTH},
}
"""What is told of each endpoint, by the name of its function: arguments of `APIRoute`."""


@lru_cache(maxsize=1)
def document(app: Starlette) -> JSON:
    """The whole document of `app`."""
    made = get_openapi(
        title="Turnout",
        version="1",
        description="One OpenAI-compatible endpoint to many language models.",
        routes=_routes(app),
    )
    for body in BODIES:
        schema = body.model_json_schema(ref_template=REFERENCE)
        made["components"]["schemas"] |= {**schema.pop("$defs"), body.__name__: schema}
    made["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return made


def _routes(app: Starlette) -> list[APIRoute]:
    return [
        APIRoute(route.path, route.endpoint, methods=(route.methods or set()) - IMPLIED, **ENDPOINTS[route.name])
        for route in app.routes
        if isinstance(route, Route) and route.include_in_schema
    ]
