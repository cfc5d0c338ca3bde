"""The smallest plausible value that a JSON schema allows: https://json-schema.org/draft/2020-12.

Google's own spelling (types in capitals, `nullable`) is understood too. What is not: `pattern`, `not`, `if`,
`uniqueItems`, `propertyNames` and their like; a schema that leans on them may get a value that it refuses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

type Schema = Mapping[str, Any] | bool

OPTIONAL_DEPTH = 4
"""Down to here optional properties and items are filled in; deeper, only what must be is."""
DEEPEST = 40
FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


def instance(schema: Schema, word: str = "text") -> Any:
    """A value for `schema`; free strings say `word`, properties' their own name."""
    return _Builder({} if isinstance(schema, bool) else schema).build(schema, word, 0)


@dataclass(frozen=True, slots=True)
class _Builder:
    root: Mapping[str, Any]

    def build(self, schema: Schema, word: str, depth: int) -> Any:
        if isinstance(schema, bool) or not schema or depth > DEEPEST:
            return None if depth > DEEPEST else word
        schema = self.resolve(schema, depth)
        for given in ("const", "default"):
            if given in schema:
                return schema[given]
        if options := schema.get("enum"):
            return options[0]
        if branches := schema.get("anyOf") or schema.get("oneOf"):
            return self.build(self.branch(branches, depth), word, depth + 1)
        return MAKERS.get(type_of(schema, depth), _nothing)(self, schema, word, depth)

    def resolve(self, schema: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
        """The schema with its `$ref` followed and its `allOf` merged in."""
        for _ in range(DEEPEST - min(depth, DEEPEST - 1)):
            if "$ref" not in schema:
                break
            schema = {**self.target(schema["$ref"]), **{key: schema[key] for key in schema if key != "$ref"}}
        for part in schema.get("allOf", ()):
            schema = merged(schema, self.resolve(part, depth + 1))
        return schema

    def target(self, ref: str) -> Mapping[str, Any]:
        """What a local reference points at (RFC 6901)."""
        node: Any = self.root
        for step in ref.removeprefix("#").strip("/").split("/"):
            node = node[step.replace("~1", "/").replace("~0", "~")] if step else node
        return node

    def branch(self, branches: Sequence[Schema], depth: int) -> Schema:
        """The first that is not null; when deep already, null if that will do, so that recursion ends."""
        null = [branch for branch in branches if isinstance(branch, Mapping) and branch.get("type") == "null"]
        if null and depth > OPTIONAL_DEPTH:
            return null[0]
        return next((branch for branch in branches if branch not in null), branches[0])

    def object(self, schema: Mapping[str, Any], _word: str, depth: int) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties") or {}
        required: Sequence[str] = schema.get("required") or ()
        wanted = [*properties, *required] if depth < OPTIONAL_DEPTH else required
        return {name: self.build(properties.get(name, True), name, depth + 1) for name in dict.fromkeys(wanted)}

    def array(self, schema: Mapping[str, Any], word: str, depth: int) -> list[Any]:
        first: Sequence[Schema] = schema.get("prefixItems") or ()
        fewest = int(schema.get("minItems", 1 if depth < OPTIONAL_DEPTH else 0))
        length = max(len(first), min(fewest, int(schema.get("maxItems", fewest))))
        return [
            self.build(first[at] if at < len(first) else schema.get("items", True), word, depth + 1)
            for at in range(length)
        ]

    def string(self, schema: Mapping[str, Any], word: str, _depth: int) -> str:
        text = FORMATS.get(schema.get("format", ""), word)
        return text.ljust(int(schema.get("minLength", 0)), "x")[: int(schema.get("maxLength", len(text) + 10_000))]

    def number(self, schema: Mapping[str, Any], _word: str, _depth: int) -> float:
        low, high = bounds(schema, smallest=0.5)
        value = (low + high) / 2 if low is not None and high is not None else low if low is not None else high
        return on_grid(1.5 if value is None or fits(1.5, low, high) else value, schema)

    def integer(self, schema: Mapping[str, Any], _word: str, _depth: int) -> int:
        low, high = bounds(schema, smallest=1)
        value = 1 if fits(1, low, high) else low if low is not None else high
        return int(on_grid(-(-(1 if value is None else value) // 1), schema))

    def boolean(self, _schema: Mapping[str, Any], _word: str, _depth: int) -> bool:
        return True


type Maker = Callable[[_Builder, Mapping[str, Any], str, int], Any]
MAKERS: dict[str, Maker] = {
    "object": _Builder.object,
    "array": _Builder.array,
    "string": _Builder.string,
    "number": _Builder.number,
    "integer": _Builder.integer,
    "boolean": _Builder.boolean,
}


def _nothing(_builder: _Builder, _schema: Mapping[str, Any], _word: str, _depth: int) -> None:
    return None


def type_of(schema: Mapping[str, Any], depth: int) -> str:
    """The type to make: the first that is not null, or what the other keywords tell."""
    named = schema.get("type")
    if named is None:
        return next((kind for key, kind in IMPLIED.items() if key in schema), "string")
    kinds = [kind.lower() for kind in ([named] if isinstance(named, str) else named)]
    nullable = "null" in kinds or schema.get("nullable")
    if nullable and depth > OPTIONAL_DEPTH:
        return "null"
    return next((kind for kind in kinds if kind != "null"), "null")


IMPLIED = {"properties": "object", "required": "object", "items": "array", "prefixItems": "array", "minimum": "number"}


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both schemas at once, as `allOf` means it, as far as objects go."""
    both = {**other, **one}
    both["properties"] = {**(other.get("properties") or {}), **(one.get("properties") or {})}
    both["required"] = [*(other.get("required") or ()), *(one.get("required") or ())]
    return both if both["properties"] or both["required"] else {**other, **one}


def bounds(schema: Mapping[str, Any], smallest: float) -> tuple[float | None, float | None]:
    """The inclusive limits, with exclusive ones moved inward by `smallest` or to half way between them."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = smallest if smallest == 1 or above is None or below is None else min(smallest, (below - above) / 4)
    low = low if above is None else max(above + step, above if low is None else low)
    high = high if below is None else min(below - step, below if high is None else high)
    return low, high


def fits(value: float, low: float | None, high: float | None) -> bool:
    """Whether `value` is within the limits that there are."""
    return (low is None or value >= low) and (high is None or value <= high)


def on_grid(value: float, schema: Mapping[str, Any]) -> float:
    """The next multiple of `multipleOf`, if there is one to keep to."""
    step = schema.get("multipleOf")
    return -(-value // step) * step if step else value
