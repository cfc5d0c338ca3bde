"""What Google checks beyond the types of fields, each rule with the vendor's complaint."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic.alias_generators import to_camel

from local.simulators.personas.gemini.fields import Body, Content
from local.simulators.personas.protocol import Refused

type Rule = Callable[[Body, str], Iterator[str]]

SCHEMA_FIELDS = {
    *("type", "format", "title", "description", "nullable", "enum", "default", "example", "anyOf"),
    *("properties", "required", "minProperties", "maxProperties", "propertyOrdering"),
    *("items", "minItems", "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum"),
}
"""https://ai.google.dev/api/caching#Schema"""


def check(body: Body, model: str) -> None:
    """Raises Refused for the first rule that is broken."""
    for rule in RULES:
        for complaint in rule(body, model):
            raise Refused("invalid_body", complaint)


def has_parts(body: Body, _model: str) -> Iterator[str]:
    """No turn is empty."""
    for at, content in enumerate(body.contents):
        if not content.parts:
            yield f"* GenerateContentRequest.contents[{at}].parts: contents.parts must not be empty."


def answers_calls(body: Body, _model: str) -> Iterator[str]:
    """After a turn with calls comes one with as many responses."""
    called = 0
    for content in [*body.contents, Content()]:
        responses = sum(part.function_response is not None for part in content.parts)
        if responses != called:
            yield (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        called = sum(part.function_call is not None for part in content.parts)


def keeps_signatures(body: Body, model: str) -> Iterator[str]:
    """Gemini 3 wants its first call of each step in the turn that goes on back with the signature that it gave.

    https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    if not model.startswith("gemini-3"):
        return
    for content in current_turn(body):
        calls = [part for part in content.parts if part.function_call]
        if calls and not calls[0].thought_signature:
            name = calls[0].function_call.name if calls[0].function_call else ""
            yield (
                f"Function call is missing a thought_signature in functionCall parts: `{name}`. This is required for "
                "tools to work correctly, and missing thought_signature may lead to degraded model performance."
            )


def current_turn(body: Body) -> list[Content]:
    """What came after the user last spoke."""
    spoken = [at for at, content in enumerate(body.contents) if speaks(content)]
    return body.contents[spoken[-1] :] if spoken else body.contents


def speaks(content: Content) -> bool:
    """Whether the user says something here, other than what functions answered."""
    return content.role == "user" and any(part.function_response is None for part in content.parts)


def schemas_are_googles(body: Body, _model: str) -> Iterator[str]:
    """A schema that is not sent as JSON schema knows Google's fields only."""
    declared = [one.parameters for tools in body.tools for one in tools.function_declarations]
    for schema in (*declared, body.generation_config.response_schema):
        for field in unknown_fields(schema or {}):
            yield f'Invalid JSON payload received. Unknown name "{field}": Cannot find field.'


def unknown_fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """The fields of a schema, or of those within it, that Google does not know."""
    yield from (name for name in schema if to_camel(name) not in SCHEMA_FIELDS)
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties") or {}
    branches: Sequence[Mapping[str, Any]] = schema.get("anyOf") or ()
    items: Mapping[str, Any] = schema.get("items") or {}
    for node in filter(None, (*properties.values(), *branches, items)):
        yield from unknown_fields(node)


def formats_agree(body: Body, _model: str) -> Iterator[str]:
    """A schema needs the MIME type that goes with it, and there is but one schema."""
    config = body.generation_config
    schemas = [schema for schema in (config.response_schema, config.response_json_schema) if schema is not None]
    if schemas and config.response_mime_type not in {"application/json", "text/x.enum"}:
        yield "Function calling config or response schema needs response_mime_type `application/json`."
    if len(schemas) > 1:
        yield "Only one of response_schema and response_json_schema may be set."


RULES: tuple[Rule, ...] = (has_parts, answers_calls, keeps_signatures, schemas_are_googles, formats_agree)
