"""What the OpenAPI document says of several endpoints alike: refusals, bodies, and the parameters of a query string."""

from turnout.api.console.queries import Question
from turnout.api.document import COMMON, REFERENCE, Responses
from turnout.api.wire import ErrorBody
from turnout.core.chat import JSON

FAULTY: Responses = {400: {"model": ErrorBody, "description": "A field or a parameter is wrong; see `param`"}}
BAD: Responses = {400: {"model": ErrorBody, "description": "A parameter is wrong; see `param`"}}
FORBIDDEN: Responses = {403: {"model": ErrorBody, "description": "The key sees only its own requests"}}
UNKNOWN: Responses = {404: {"model": ErrorBody, "description": "This key has no such request"}}
LARGE: Responses = {413: {"model": ErrorBody, "description": "The body is over the limit"}}
UNAVAILABLE: Responses = {503: {"model": ErrorBody, "description": "The store does not answer; try again"}}
ALWAYS: Responses = {**COMMON, **UNAVAILABLE}
ID: JSON = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def takes(body: type[Question], *, required: bool = True) -> JSON:
    """A body of JSON."""
    schema = {"$ref": REFERENCE.format(model=body.__name__)}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def parameters(question: type[Question]) -> list[JSON]:
    """The fields of a question as parameters of a query string."""
    properties = question.model_json_schema(ref_template=REFERENCE)["properties"]
    return [
        {"name": name, "in": "query", "description": field["description"], "schema": _without_null(field)}
        for name, field in properties.items()
    ]


def _without_null(field: JSON) -> JSON:
    """A query string has no null: what may be null in the question may be left out."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    return kinds[0] if kinds else {name: value for name, value in field.items() if name not in ("description", "title")}
