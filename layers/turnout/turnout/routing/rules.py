"""The rules of a team: the first whose conditions all hold decides what the client left open, and limits the rest.

What a rule may say is in `When` and `Then`; how a condition is tested, and how a miss is told, in `rules_when`. They
are plain dataclasses, checked by `rules_file` against their annotations: without rules nobody waits for validators.
"""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, tzinfo
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, PlainValidator

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.models import Capability
from turnout.routing.rules_text import Pattern, pattern

type Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
type Speaker = Literal["any", "system", "user", "last_user", "assistant", "tool"]
type Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


def _zone(name: object) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(str(name))  # UTC needs no data of time zones, which a host may lack
    except (KeyError, OSError, ValueError):
        raise ValueError(f"'{name}' is no time zone that this machine knows; use an IANA name or UTC") from None


def _hours(span: str) -> str:
    start, _, end = span.partition("-")
    if start == end:
        raise ValueError("must begin and end at different times")
    return span


type Hours = Annotated[
    str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"), AfterValidator(_hours)
]
type Tokens = Annotated[int, Field(ge=0, strict=True)]
type Share = Annotated[float, Field(ge=0, le=1, strict=True)]

EXACT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@frozen
class When:
    """The conditions of a rule; those that are given must all hold.

    `text` is sought in what `role` says. `task` counts from `min_confidence` on. `keys` are ids or names, `rulesets`
    those of which the key names one. A tag whose value is "*" may have any. `needs` are capabilities that the request
    cannot do without. `hours` may pass midnight.
    """

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    text: Annotated[Pattern, PlainValidator(pattern)] | None = None
    role: Speaker = "any"
    task: Names | None = None
    min_confidence: Share = 0.5
    min_tokens: Tokens | None = None
    max_tokens: Tokens | None = None
    keys: Names | None = None
    rulesets: Names | None = None
    tags: Annotated[dict[str, str], Field(min_length=1)] | None = None
    needs: Annotated[list[Capability], Field(min_length=1)] | None = None
    stream: Annotated[bool, Field(strict=True)] | None = None
    hours: Hours | None = None
    days: Annotated[list[Day], Field(min_length=1)] | None = None
    time_zone: Annotated[tzinfo, PlainValidator(_zone)] = UTC

    def __post_init__(self) -> None:
        """A condition that changes nothing is a mistake of whoever wrote it."""
        for detail, usual, owners in DETAILS:
            if getattr(self, detail) != usual and not any(getattr(self, owner) for owner in owners):
                raise ValueError(f"'{detail}' needs {' or '.join(owners)} beside it")
        if self.max_tokens is not None and (self.min_tokens or 0) > self.max_tokens:
            raise ValueError("'min_tokens' is above 'max_tokens', so the rule never fires")


DETAILS: tuple[tuple[str, object, tuple[str, ...]], ...] = (
    ("role", "any", ("text",)),
    ("min_confidence", 0.5, ("task",)),
    ("time_zone", UTC, ("days", "hours")),
)
"""Fields that only say more about other conditions: what they are if nobody says, and which those are."""


@frozen
class Then:
    """What a rule does. `models`, `goal` and `mode` hold where the client left them open, the rest always."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    models: Names | None = None
    goal: Goal | None = None
    mode: Annotated[str, Field(min_length=1)] | None = None
    max_cost_usd: Annotated[float, Field(gt=0, strict=True)] | None = None
    max_latency_ms: Annotated[int, Field(gt=0, le=900_000, strict=True)] | None = None
    forbid_models: Names | None = None
    forbid_vendors: Names | None = None

    def forbids(self, model: str, vendor: str) -> bool:
        """Whether `model` (an id) of `vendor` may not be asked; names have been made ids on loading."""
        return model in (self.forbid_models or ()) or vendor in (self.forbid_vendors or ())


NOTHING = Then()
"""What is done where no rule fires."""


def _something(then: Then) -> Then:
    if then == NOTHING:
        raise ValueError(f"must do something: set one of {', '.join(field.name for field in fields(Then))}")
    return then


@frozen
class Rule:
    """One rule. Without conditions it always fires."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$", max_length=64)]
    then: Annotated[Then, AfterValidator(_something)]
    when: When = When()


@frozen
class Rules:
    """All rules, in the order in which they are tried. `version` changes with the file's text."""

    rules: tuple[Rule, ...] = ()
    version: str = ""

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    @property
    def rulesets(self) -> frozenset[str]:
        """Those that a key can name."""
        return frozenset(name for rule in self.rules for name in rule.when.rulesets or ())

    @property
    def on_task(self) -> bool:
        """Whether one of them looks at the task."""
        return any(rule.when.task for rule in self.rules)
