"""The OpenAPI document: FastAPI's own, with the request's schema, the errors and the key that it cannot see."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from turnout.api.schema import ChatRequest
from turnout.api.wire import ChatCompletion, ErrorBody
from turnout.core.chat import JSON

REFERENCE = "#/components/schemas/{model}"
KEY: JSON = {"security": [{"key": []}]}

REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorBody, "description": "No key, or not one of this gateway's"},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": ErrorBody, "description": "There is no such model"}}
FAILURES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "The request is wrong, or no model can do what it asks; see `param`"},
    403: {"model": ErrorBody, "description": "The key may not do this"},
    413: {"model": ErrorBody, "description": "The body is over the limit"},
    429: {"model": ErrorBody, "description": "A vendor's rate limit or quota; see `Retry-After`"},
    500: {"model": ErrorBody, "description": "The gateway itself failed"},
    502: {"model": ErrorBody, "description": "No vendor gave an answer that could be used"},
    503: {"model": ErrorBody, "description": "The vendors are overloaded"},
    504: {"model": ErrorBody, "description": "The time was up"},
}
COMPLETION: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ChatCompletion,
        "description": "The answer; with `stream`, its chunks as server-sent events that end in `[DONE]`",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **REFUSALS,
    **NOT_FOUND,
    **FAILURES,
}
CHAT_BODY: JSON = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": REFERENCE.format(model=ChatRequest.__name__)}}},
    },
    **KEY,
}


def described(app: FastAPI) -> Callable[[], JSON]:
    """A replacement for `app.openapi` that makes the whole document, once."""

    def openapi() -> JSON:
        if not app.openapi_schema:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    return openapi


def _document(app: FastAPI) -> JSON:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    request = ChatRequest.model_json_schema(ref_template=REFERENCE)
    parts = request.pop("$defs")
    document["components"]["schemas"] |= {**parts, ChatRequest.__name__: request}
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return document
