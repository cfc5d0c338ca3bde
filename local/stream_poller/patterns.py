"""Lambda's event filtering: whether a record matches a pattern.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

_MISSING = object()

RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "exists": lambda wanted, value: wanted == (value is not _MISSING),
    "prefix": lambda wanted, value: isinstance(value, str) and value.startswith(wanted),
    "suffix": lambda wanted, value: isinstance(value, str) and value.endswith(wanted),
    "equals-ignore-case": lambda wanted, value: isinstance(value, str) and value.lower() == wanted.lower(),
    "anything-but": lambda unwanted, value: value is not _MISSING and value not in _listed(unwanted),
}
"""Rules by name, of what a pattern says and what a record has. Ranges of numbers are missing: a stream's are text."""


def passes(patterns: Iterable[Mapping[str, Any]], record: Mapping[str, Any]) -> bool:
    """Whether any of the patterns matches, or there are none. Raises KeyError for a rule that is not known."""
    some = list(patterns)
    return not some or any(matches(pattern, record) for pattern in some)


def matches(pattern: Mapping[str, Any], record: Any) -> bool:
    """Whether every field of the pattern matches."""
    known = cast("dict[str, Any]", record) if isinstance(record, dict) else {}
    return all(_field(wanted, known.get(name, _MISSING)) for name, wanted in pattern.items())


def _field(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        return matches(cast("dict[str, Any]", wanted), value)
    return any(_one(alternative, value) for alternative in wanted)


def _one(alternative: Any, value: Any) -> bool:
    if not isinstance(alternative, dict):
        return value == alternative
    [(rule, wanted)] = cast("dict[str, Any]", alternative).items()
    return RULES[rule](wanted, value)


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
