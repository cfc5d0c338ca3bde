"""The body of a request, parsed and checked against the schema."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from turnout.api.schema import REFUSED, ChatRequest
from turnout.core.errors import InvalidRequest

SAYS = {
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be an integer",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be an array",
    "literal_error": "must be {expected}",
    "missing": "is required",
    "model_type": "must be an object",
    "none_required": "must be null or left out",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_long": "may have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} character",
    "string_type": "must be a string",
    "too_long": "may have at most {max_length} items",
    "too_short": "must have at least {min_length} item",
    "tuple_type": "must be an array",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "is required",
    "value_error": "{error}",
}
"""What is wrong, by pydantic's type of error: https://docs.pydantic.dev/latest/errors/validation_errors/"""

LONGEST_NAME = 100

type Path = tuple[int | str, ...]


def parse[R: ChatRequest](body: bytes, schema: type[R] = ChatRequest) -> R:
    """Raises InvalidRequest that names the field at fault, in OpenAI's notation."""
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        raise _complaint(body, error.errors(include_url=False, include_input=False)) from None


def _complaint(body: bytes, errors: Sequence[ErrorDetails]) -> InvalidRequest:
    if errors[0]["type"] == "json_invalid":
        where = errors[0].get("ctx", {}).get("error", "")
        return InvalidRequest(f"The body is not valid JSON: {where}. Send one JSON object.", code="invalid_json")
    if not errors[0]["loc"]:
        return InvalidRequest("The body must be a JSON object with 'model' and 'messages'.")
    path, told = _most_telling(from_json(body), errors)
    param = notation(path)
    return InvalidRequest(f"'{param}' {told}.", param=param)


def _most_telling(value: Any, errors: Sequence[ErrorDetails]) -> tuple[Path, str]:
    """The first error, where and what; where every branch of a union failed, the branch that came furthest."""
    located = [(_path(value, error), error) for error in errors]
    first, _ = located[0]
    path, _ = max((entry for entry in located if entry[0][: len(first)] == first), key=lambda entry: len(entry[0]))
    here = [error for at, error in located if at == path]
    telling = [error for error in here if not error["type"].endswith("_type")] or here
    first_told, *others = dict.fromkeys(_says(path, error) for error in telling)
    return path, " or ".join([first_told, *(told.removeprefix("must be ") for told in others)])


def _path(value: Any, error: ErrorDetails) -> Path:
    """The path of an error without the names of union branches that pydantic puts between."""
    path: list[int | str] = []
    *inner, last = error["loc"]
    for step in inner:
        if _leads(value, step):
            path.append(step)
            value = value[step]
    if error["type"] in {"missing", "extra_forbidden"} or _leads(value, last):
        path.append(last)
    if error["type"].startswith("union_tag"):
        path.append(str(error.get("ctx", {}).get("discriminator", "")).strip("'"))
    return tuple(path)


def _leads(value: Any, step: int | str) -> bool:
    return step in value if isinstance(value, Mapping) else isinstance(value, list) and isinstance(step, int)


def _says(path: Path, error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        return _unknown(str(path[-1]), top=len(path) == 1)
    says = SAYS.get(error["type"])
    return (
        says.format(**{name: _plain(value) for name, value in error.get("ctx", {}).items()}) if says else error["msg"]
    )


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unknown(name: str, *, top: bool) -> str:
    if name in REFUSED:
        return f"is not supported here: {REFUSED[name]}"
    near = get_close_matches(name, ChatRequest.model_fields, n=1) if top else []
    return f"is no field here; use '{near[0]}' or remove it" if near else "is no field here; remove it"


def notation(path: Path) -> str:
    """`("messages", 2, "content")` as OpenAI writes it: `messages[2].content`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step[:LONGEST_NAME]}" for step in path)[1:]
