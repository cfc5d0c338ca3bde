"""What may be asked of the console: query parameters and the body of feedback, checked, with a clear error for each."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from turnout.api.body import SAYS, notation
from turnout.core.allowance import CREDITS_PER_USD
from turnout.core.allowance import Period as BudgetPeriod
from turnout.core.errors import InvalidRequest

EXAMPLE = "2026-11-24, 2026-11-24T06:00:00Z or seconds since 1970"
LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
MORE_SAYS = {
    "bool_parsing": "must be 1 or 0",
    "decimal_max_places": "may have at most {decimal_places} decimal places",
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "greater_than": "must be above {gt}",
    "int_parsing": "must be an integer",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
}
"""As `body.SAYS`, for text that should be something else."""


def read_time(text: str) -> float:
    """Epoch seconds. A time without an offset is in UTC."""
    try:
        at = float(text) if len(text) > 8 and text.replace(".", "", 1).isdecimal() else _iso(text)
    except ValueError:
        raise ValueError(f"must be a time such as {EXAMPLE}") from None
    if not 0 <= at <= LATEST:
        raise ValueError(f"must be a time from 1970 to 2100, such as {EXAMPLE}")
    return at


def _iso(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _micro(score: Decimal) -> Decimal:
    return round(score, 6)


type Time = Annotated[float, BeforeValidator(read_time), WithJsonSchema({"type": "string"})]
type Name = Annotated[str, Field(min_length=1, max_length=300)]
type Period = Literal["hour", "day"]
type Group = Literal["model", "task", "goal", "policy", "key", "tag"]


class Question(BaseModel):
    """Parameters; each may be given once, those that are lists more often."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Span(Question):
    """A period: [from, to)."""

    since: Annotated[Time | None, Field(validation_alias="from", description=f"The begin: {EXAMPLE}")] = None
    until: Annotated[Time | None, Field(validation_alias="to", description="The end, which is not part of it")] = None


class RequestsQuestion(Span):
    """Which requests."""

    model: Annotated[Name | None, Field(description="The model that answered, `name` or `vendor/name`")] = None
    key: Annotated[Name | None, Field(description="The id of the key that asked")] = None
    outcome: Annotated[Literal["ok", "error", "aborted"] | None, Field(description="What came of it")] = None
    tag: Annotated[
        tuple[Name, ...], Field(max_length=8, description="`name:value`, or `name` for any value; all must be there")
    ] = ()
    limit: Annotated[int, Field(ge=1, le=100, description="Requests on a page")] = 20
    cursor: Annotated[Name | None, Field(description="`next_cursor` of the page before")] = None


class UsageQuestion(Span):
    """Which sums."""

    group_by: Annotated[
        Group | None, Field(description="What to sum by; `model` if the key has the scope `read`, else `key`")
    ] = None
    period: Annotated[Period, Field(description="One row for each of these")] = "day"
    format: Annotated[Literal["json", "csv"] | None, Field(description="Instead of the Accept header")] = None
    drift: Annotated[bool, Field(description="Whether to test the models for drift, too")] = False


class FeedbackBody(Question):
    """Feedback: either `score` or `thumbs`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    request_id: Annotated[str, Field(min_length=1, max_length=64)]
    score: Annotated[Decimal, Field(ge=0, le=1, strict=False), AfterValidator(_micro)] | None = None
    thumbs: Literal["up", "down"] | None = None
    comment: Annotated[str, Field(max_length=2000)] = ""

    @property
    def verdict(self) -> Decimal:
        """From 0 to 1. Raises InvalidRequest unless it was said in exactly one way."""
        if (self.score is None) == (self.thumbs is None):
            raise InvalidRequest("Say either 'score', from 0 to 1, or 'thumbs', 'up' or 'down'.", param="score")
        return self.score if self.score is not None else Decimal(int(self.thumbs == "up"))


type TagName = Annotated[str, Field(min_length=1, max_length=64, pattern="^[^=#]+$")]
type TagValue = Annotated[str, Field(max_length=300)]
type Amount = Annotated[Decimal, Field(ge=0, le=10**9, strict=False)]


class BudgetQuestion(Question):
    """Which budget."""

    tag: Annotated[TagName, Field(description="The tag's name")]
    value: Annotated[TagValue, Field(description="The tag's value")]
    period: Annotated[BudgetPeriod, Field(description="The period that it is for")] = "month"


class BudgetBody(Question):
    """A budget of a tag: either `usd` or `credits`, of which 100 are one USD."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tag: TagName
    value: TagValue
    period: BudgetPeriod = "month"
    usd: Amount | None = None
    credits: Amount | None = None

    @property
    def amount(self) -> Decimal:
        """In USD. Raises InvalidRequest unless it was said in exactly one way."""
        if self.usd is not None and self.credits is None:
            return self.usd
        if self.credits is not None and self.usd is None:
            return self.credits / CREDITS_PER_USD
        raise InvalidRequest("Say either 'usd' or 'credits', how much may be spent.", param="usd")


class CreditsQuestion(Question):
    """Whose credits."""

    key: Annotated[Name | None, Field(description="The id of another key, for a key with the scope `read`")] = None


class ReportsQuestion(Question):
    """Which reports."""

    limit: Annotated[int, Field(ge=1, le=100, description="Reports in the answer")] = 20


class MoveBody(Question):
    """Why the policy is moved."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reason: Annotated[str, Field(max_length=500)] = ""


class CanaryBody(MoveBody):
    """Why a policy is tried, and on which part of the sessions; null: on the one that the deployment is set to."""

    share: Annotated[float, Field(gt=0, lt=1)] | None = None


def asked[Q: Question](question: type[Q], parameters: Iterable[tuple[str, str]]) -> Q:
    """The parameters of a query string, checked. Raises InvalidRequest."""
    given: dict[str, Any] = {}
    for name, value in parameters:
        if name in _lists(question):
            given.setdefault(name, []).append(value)
        elif name in given:
            raise InvalidRequest(f"'{name[:100]}' is given twice. Give it once.", param=name[:100])
        else:
            given[name] = value
    return checked(question, given)


def checked[Q: Question](question: type[Q], given: Mapping[str, Any] | bytes) -> Q:
    """A question or a JSON body, checked. Raises InvalidRequest that names the first field at fault."""
    try:
        validate = question.model_validate_json if isinstance(given, bytes) else question.model_validate
        return validate(given)  # pyright: ignore[reportArgumentType] - the one that takes it
    except ValidationError as error:
        raise _complaint(question, error) from None


def _lists(question: type[Question]) -> set[str]:
    return {name for name, field in question.model_fields.items() if field.default == ()}


def _complaint(question: type[Question], error: ValidationError) -> InvalidRequest:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return InvalidRequest(f"The body is not valid JSON: {first.get('ctx', {}).get('error')}.", code="invalid_json")
    told = {**SAYS, **MORE_SAYS}.get(first["type"], first["msg"]).format(**first.get("ctx", {}))
    if not first["loc"]:
        return InvalidRequest(f"The body {told if first['type'] == 'value_error' else 'must be a JSON object'}.")
    name = notation(first["loc"])
    if first["type"] == "extra_forbidden":
        offer = _offer(question, name) if len(first["loc"]) == 1 else "Leave it out."
        return InvalidRequest(f"There is no '{name}' here. {offer}", param=name)
    return InvalidRequest(f"'{name}' {told}.", param=name)


def _offer(question: type[Question], name: str) -> str:
    known = names(question)
    near = get_close_matches(name, known, n=1)
    return f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known)}."


def names(question: type[Question]) -> list[str]:
    """What the fields are called by a client."""
    return [str(field.validation_alias or name) for name, field in question.model_fields.items()]
