"""The file in which a team writes its rules: TOML, checked whole when it is loaded, each fault told with its line."""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from operator import itemgetter
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from turnout.catalog import Catalog
from turnout.core.errors import UnknownModel
from turnout.core.frozen import frozen
from turnout.routing.rules import Rule, Rules, Then

HEAD = re.compile(r"\s*\[\[\s*rules\s*\]\]")
AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")

type Where = Sequence[int | str]


class BadRules(ValueError):
    """The rules are wrong; the message has one line for each fault, with file and line."""


def _names_differ(rules: list[Rule]) -> list[Rule]:
    counts = Counter(rule.name for rule in rules)
    if twice := sorted(name for name, count in counts.items() if count > 1):
        raise ValueError(f"two rules have the same name: {', '.join(twice)}")
    return rules


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)

    rules: Annotated[list[Rule], Field(max_length=1000), AfterValidator(_names_differ)] = []


def read(path: Path, catalog: Catalog, modes: Collection[str]) -> Rules:
    """The rules of a file. Raises BadRules."""
    try:
        return parse(path.read_text("utf-8"), path.name, catalog, modes)
    except (OSError, UnicodeDecodeError) as error:
        raise BadRules(f"{path}: cannot be read: {error}") from None


def parse(text: str, file: str, catalog: Catalog, modes: Collection[str]) -> Rules:
    """The same, of text at hand; `file` is its name in complaints, `modes` those that there are. Raises BadRules."""
    source = _Source(text, file)
    rules = source.checked().rules
    faults = [fault for index, rule in enumerate(rules) for fault in _strangers(index, rule.then, catalog, modes)]
    if faults:
        raise source.refusal(faults)
    return Rules(tuple(_resolved(rule, catalog) for rule in rules), blake2b(text.encode(), digest_size=4).hexdigest())


@frozen
class _Source:
    text: str
    file: str

    def checked(self) -> _File:
        try:
            return _File.model_validate(tomllib.loads(self.text))
        except tomllib.TOMLDecodeError as error:
            raise BadRules(self._not_toml(str(error))) from None
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            raise self.refusal([(fault["loc"], fault["msg"]) for fault in faults]) from None

    def refusal(self, faults: Iterable[tuple[Where, str]]) -> BadRules:
        """All faults, in the order of their lines."""
        told = sorted(((line_of(self.text, where), where, message) for where, message in faults), key=itemgetter(0))
        return BadRules("\n".join(map(self._complaint, told)))

    def _complaint(self, fault: tuple[int, Where, str]) -> str:
        """`rules.toml:12: rules[1].when.text: is no regular expression`."""
        line, where, told = fault
        field = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")
        return f"{self.file}:{line}: {f'{field}: ' if field else ''}{told.removeprefix('Value error, ')}"

    def _not_toml(self, told: str) -> str:
        at = AT_LINE.search(told)
        line = at[1] if at else self.text.count("\n") + 1
        return f"{self.file}:{line}: is not TOML: {AT_LINE.sub('', told)}"


def line_of(text: str, where: Where) -> int:
    """The line on which the value at `where` stands, e.g. ("rules", 1, "when", "text"); if not found, its rule's.

    The reader of TOML keeps no lines, so the name is sought in the text of its rule.
    """
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if HEAD.match(line)]
    index = where[1] if len(where) > 1 else None
    if not isinstance(index, int) or index >= len(heads):
        return 1
    start, end = heads[index], [*heads, len(lines)][index + 1]
    for name in reversed([step for step in where[2:] if isinstance(step, str)]):
        said = re.compile(rf"""^(?!\s*#).*?\b{re.escape(name)}["']?\s*[=\].]""")
        if found := [number for number in range(start, end) if said.match(lines[number])]:
            return found[0] + 1
    return start + 1


def _strangers(index: int, then: Then, catalog: Catalog, modes: Collection[str]) -> list[tuple[Where, str]]:
    """Names that nobody knows."""
    vendors = {model.vendor.name for model in catalog.all()}
    checks: Mapping[str, Sequence[str]] = {
        "models": [told for name in then.models or () if (told := _unknown(catalog, name))],
        "forbid_models": [told for name in then.forbid_models or () if (told := _unknown(catalog, name))],
        "forbid_vendors": [_none(name, vendors, "vendor") for name in then.forbid_vendors or () if name not in vendors],
        "mode": [_none(then.mode, modes, "mode")] if then.mode and then.mode not in modes else [],
    }
    return [(("rules", index, "then", field), told) for field, faults in checks.items() for told in faults]


def _unknown(catalog: Catalog, name: str) -> str:
    try:
        catalog.find(name)
    except UnknownModel as error:
        return error.message
    return ""


def _none(name: str, known: Collection[str], kind: str) -> str:
    return f"there is no {kind} '{name}'; there are {', '.join(sorted(known))}"


def _resolved(rule: Rule, catalog: Catalog) -> Rule:
    """With the ids of forbidden models for their names: a name without its vendor forbids it at every vendor."""
    if not rule.then.forbid_models:
        return rule
    ids = [model.id for name in rule.then.forbid_models for model in catalog.called(name)]
    return replace(rule, then=replace(rule.then, forbid_models=ids))
