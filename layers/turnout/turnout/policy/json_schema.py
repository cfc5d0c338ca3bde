"""Whether a value follows a JSON schema, as far as vendors promise it for structured output.

Of https://json-schema.org/draft/2020-12 it knows what https://platform.openai.com/docs/guides/structured-outputs takes.
Keywords that it does not know, `pattern` among them, are passed over, as is what makes no sense or takes too long: a
value may be taken for good, never wrongly for bad.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any, cast

from turnout.core.frozen import frozen

type Schema = Mapping[str, Any] | bool

DEEPEST = 64
"""Levels of schemas in each other that are looked into; what lies deeper is taken for good."""
MOST = 20_000
"""Schemas that are looked into in all, some tens of milliseconds: a schema may branch into itself without end."""

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
}


@frozen
class _At:
    """A place in a schema: its object, the whole one for references, how many more may be seen, and how deep it is."""

    schema: Mapping[str, Any]
    root: Mapping[str, Any]
    budget: Iterator[int]
    depth: int = 0

    def follows(self, schema: Any, value: Any) -> bool:
        """Whether a value follows a schema in this one."""
        if not isinstance(schema, Mapping) or self.depth >= DEEPEST or next(self.budget, None) is None:
            return schema is not False
        inner = replace(self, schema=cast("Mapping[str, Any]", schema), depth=self.depth + 1)
        return all(CHECKS[name](inner, wanted, value) for name, wanted in inner.schema.items() if name in CHECKS)


def follows(schema: Schema, value: Any) -> bool:
    """Whether `value`, read from JSON, follows `schema`."""
    root: Mapping[str, Any] = {} if isinstance(schema, bool) else schema
    try:
        return _At(root, root, iter(range(MOST))).follows(schema, value)
    except (AttributeError, KeyError, TypeError):  # the schema is none
        return True


def _type(_: _At, wanted: Any, value: Any) -> bool:
    names = cast("list[str]", wanted) if isinstance(wanted, list) else [str(wanted)]
    return any(name not in TYPES or TYPES[name](value) for name in names)


def _properties(at: _At, wanted: Mapping[str, Any], value: Any) -> bool:
    return not isinstance(value, dict) or all(
        at.follows(schema, value[name]) for name, schema in wanted.items() if name in value
    )


def _additional(at: _At, wanted: Any, value: Any) -> bool:
    if not isinstance(value, dict) or "patternProperties" in at.schema:
        return True
    named = at.schema.get("properties", {})
    return all(at.follows(wanted, one) for name, one in cast("dict[str, Any]", value).items() if name not in named)


def _items(at: _At, wanted: Any, value: Any) -> bool:
    if not isinstance(value, list) or "prefixItems" in at.schema:
        return True
    return all(at.follows(wanted, one) for one in cast("list[Any]", value))


def _ref(at: _At, wanted: str, value: Any) -> bool:
    """Only within the schema; what cannot be found is taken for good."""
    path = wanted.removeprefix("#").strip("/").split("/") if wanted.startswith("#") else ["?"]
    found = reduce(_step, [part for part in path if part], cast("Any", at.root))
    return at.follows(found, value)


def _step(schema: Any, name: str) -> Any:
    return cast("dict[str, Any]", schema).get(name, {}) if isinstance(schema, dict) else {}


def _length(kind: type, enough: Callable[[int, Any], bool]) -> Callable[[_At, Any, Any], bool]:
    return lambda _, wanted, value: not isinstance(value, kind) or enough(len(value), wanted)


def _number(enough: Callable[[Any, Any], bool]) -> Callable[[_At, Any, Any], bool]:
    return lambda _, wanted, value: not TYPES["number"](value) or enough(value, wanted)


CHECKS: Mapping[str, Callable[[_At, Any, Any], bool]] = {
    "type": _type,
    "enum": lambda _, wanted, value: value in wanted,
    "const": lambda _, wanted, value: value == wanted,
    "properties": _properties,
    "required": lambda _, wanted, value: not isinstance(value, dict) or all(name in value for name in wanted),
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": lambda at, wanted, value: any(at.follows(one, value) for one in wanted),
    "oneOf": lambda at, wanted, value: sum(at.follows(one, value) for one in wanted) == 1,
    "allOf": lambda at, wanted, value: all(at.follows(one, value) for one in wanted),
    "$ref": _ref,
    "minLength": _length(str, lambda length, wanted: length >= wanted),
    "maxLength": _length(str, lambda length, wanted: length <= wanted),
    "minItems": _length(list, lambda length, wanted: length >= wanted),
    "maxItems": _length(list, lambda length, wanted: length <= wanted),
    "minimum": _number(lambda value, wanted: value >= wanted),
    "maximum": _number(lambda value, wanted: value <= wanted),
    "exclusiveMinimum": _number(lambda value, wanted: value > wanted),
    "exclusiveMaximum": _number(lambda value, wanted: value < wanted),
}
