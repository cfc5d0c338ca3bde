"""What may be said of a key: the body of `POST` and `PATCH /v1/keys`, which the command line fills in as well."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from turnout.api.console.queries import Question, read_time
from turnout.core.allowance import CREDITS_PER_USD, MOST_EXPLORED, Budget, Limits, Period, Privacy, Sampling, Scope
from turnout.core.chat import Goal

MOST_USD = Decimal(1_000_000_000)
MOST_OVERLAP = 30 * 86_400
"""Seconds for which two secrets may open a key."""
PRINTED = r"^[^\x00-\x1f\x7f]+$"
"""No control characters, which have no place in a log or a table."""

type Text = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTED)]
type Short = Annotated[str, Field(max_length=512)]
type Names = Annotated[tuple[Text, ...], Field(max_length=100)]
type Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
type Usd = Annotated[Decimal, Field(ge=0, le=MOST_USD, decimal_places=12, strict=False)]
type Moment = Annotated[
    float,
    BeforeValidator(lambda value: read_time(str(value))),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
]


class Said(Question):
    """A part of the body: types as JSON has them, and no field that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BudgetBody(Said):
    """What may be spent in a period: `usd`, or the same in `credits`, of which 100 are 1 USD."""

    usd: Usd | None = None
    credits: Usd | None = None
    period: Period = "total"

    @model_validator(mode="after")
    def _once(self) -> Self:
        if (self.usd is None) == (self.credits is None):
            raise ValueError("must have either 'usd' or 'credits'")
        return self

    def made(self) -> Budget:
        """In USD."""
        usd = self.usd if self.usd is not None else (self.credits or Decimal(0)) / CREDITS_PER_USD
        return Budget(usd, self.period)


class LimitsBody(Said):
    """How much at once; null: as much as it likes."""

    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    concurrent: Count | None = None


class PrivacyBody(Said):
    """What is kept of prompts and answers."""

    store_content: bool = False
    zero_retention: bool = False


class SamplingBody(Said):
    """The share of `auto` requests that are compared, and what that may cost in a day (UTC)."""

    share: Annotated[float, Field(gt=0, le=1)]
    usd_per_day: Annotated[Usd, Field(gt=0)]


class KeyBody(Said):
    """A key. In a change, what is left out stays as it is; what is given replaces all of its field."""

    name: Text
    tags: Annotated[dict[Text, Short], Field(max_length=16, default_factory=dict)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=3)] = ("inference",)
    models: Names = ()
    vendors: Names = ()
    goal: Goal | None = None
    ruleset: Annotated[str, Field(max_length=64)] = ""
    explore: Annotated[float, Field(ge=0, le=MOST_EXPLORED)] = 0.0
    budgets: Annotated[tuple[BudgetBody, ...], Field(max_length=3)] | None = None
    limits: LimitsBody = LimitsBody()
    privacy: PrivacyBody = PrivacyBody()
    sampling: SamplingBody | None = None
    open_when_down: bool = False
    expires_at: Moment | None = None

    def terms(self) -> Mapping[str, Any]:
        """All fields of a `core.ports.Key` that can be said, made of what was said."""
        return {
            "name": self.name,
            "tags": self.tags,
            "scopes": frozenset(self.scopes),
            "models": self.models,
            "vendors": self.vendors,
            "goal": self.goal,
            "ruleset": self.ruleset,
            "explore": self.explore,
            "budgets": tuple(budget.made() for budget in self.budgets or ()),
            "limits": Limits(**self.limits.model_dump()),
            "privacy": Privacy(**self.privacy.model_dump()),
            "sampling": self.sampling and Sampling(self.sampling.share, self.sampling.usd_per_day),
            "open_when_down": self.open_when_down,
        }


class KeyChange(KeyBody):
    """The same, of which at least one field is given."""

    name: Text = "unchanged"

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must change something")
        return self


class RotateBody(Said):
    """For how many seconds the secrets before the new one go on working."""

    overlap_seconds: Annotated[int, Field(ge=0, le=MOST_OVERLAP)] = 86_400


class KeysQuestion(Question):
    """Which keys."""

    limit: Annotated[int, Field(ge=1, le=100, description="Keys on a page")] = 20
    after: Annotated[Text | None, Field(description="`next_after` of the page before")] = None
