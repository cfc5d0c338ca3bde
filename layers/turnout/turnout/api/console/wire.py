"""What the console sends, as typed dicts; the OpenAPI document shows the same.

Amounts are decimal strings in USD, so that none is rounded; times of day are in UTC.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NotRequired, TypedDict

from pydantic_core import to_json

from turnout.api.console.budget_wire import Money
from turnout.core.allowance import Period, Scope
from turnout.core.chat import Goal
from turnout.core.records import Decision


class Tokens(TypedDict):
    """Tokens in disjoint buckets, of all attempts."""

    input: int
    cached_input: int
    cache_write: int
    image: int
    output: int
    reasoning: int


class FeedbackItem(TypedDict):
    """What the client thought of an answer, from 0 to 1."""

    object: Literal["feedback"]
    request_id: str
    score: float
    comment: str
    at: str


class RequestSummary(TypedDict):
    """One request. `model` and `vendor` are of the one that answered, null when none did."""

    id: str
    object: Literal["request"]
    at: str
    key_id: str
    requested: str
    model: str | None
    vendor: str | None
    outcome: str
    status: int
    code: str | None
    partial: bool
    stream: bool
    mode: str
    task: str | None
    tags: Mapping[str, str]
    reason: str
    finish: str | None
    latency_ms: int
    first_token_ms: int | None
    cost_usd: str
    tokens: Tokens


class RequestItem(RequestSummary):
    """A request in a list, and how many attempts it had."""

    attempts: int


class RequestPage(TypedDict):
    """Requests, newest first. A page may have few or none and yet be followed by more: `next_cursor` tells."""

    object: Literal["list"]
    data: list[RequestItem]
    has_more: bool
    next_cursor: str | None


class PartItem(TypedDict):
    """What a call was for: `role` is answer, candidate, synthesis or verdict, `number` counts within role and layer."""

    role: str
    number: int
    layer: int


class AttemptItem(TypedDict):
    """One call of one model: `status` and `message` are the vendor's, `blames` says whose fault a failure is."""

    vendor: str
    model: str
    number: int
    started_ms: int
    outcome: str
    status: int | None
    error: str | None
    message: str | None
    billed: bool
    blames: str
    latency_ms: int
    first_token_ms: int | None
    finish: str | None
    usage: Tokens
    usage_source: Literal["vendor", "estimated"]
    cost_usd: str
    price_version: str | None
    signals: Mapping[str, bool]
    part: PartItem
    judged: float | None
    propensity: float | None


class DropItem(TypedDict):
    """A candidate that was not used, and why."""

    model: str
    reason: str


class DecisionItem(TypedDict):
    """Why these models: the candidates in order, and what was dropped with its reason.

    `basis` is all that was known when it was decided, so that it can be decided again; null for older rows.
    """

    policy: str | None
    goal: str | None
    task: str | None
    session: str | None
    reason: str
    candidates: list[str]
    dropped: list[DropItem]
    basis: Decision | None


class RequestDetail(RequestSummary):
    """The whole record of a request. `sample` tells what came of a sample, null where none was drawn."""

    decision: DecisionItem
    attempts: list[AttemptItem]
    sample: str | None
    feedback: FeedbackItem | None


class ContentItem(TypedDict):
    """What was said: `request` is the body as it was sent, `choices` are those of the answer."""

    object: Literal["request.content"]
    request_id: str
    at: str
    request: Mapping[str, Any]
    choices: Sequence[Mapping[str, Any]]


class UsageSums(TypedDict):
    """Sums. Percentiles are within 2.5% of the true value; null where nothing was measured.

    By model, requests are those that the model answered, all else is of the model's own attempts; the model of requests
    that nobody answered is "". Otherwise all is of the requests.
    """

    requests: int
    ok: int
    errors: int
    aborted: int
    attempts: int
    failed_attempts: int
    estimated_attempts: int
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    image_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: str
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    latency_p99_ms: int | None
    first_token_p50_ms: int | None
    first_token_p95_ms: int | None
    first_token_p99_ms: int | None
    feedback_count: int
    feedback_mean: float | None
    judge_count: int
    judge_mean: float | None
    cut: int
    refused: int
    bad_json: int
    bad_tools: int


class UsageRow(UsageSums):
    """The sums of one group in one period, which begins at `start`."""

    start: str
    group: str


class DriftItem(TypedDict):
    """A model that does another job than it did; `before` and `after` are medians for times, else means."""

    model: str
    task: str
    metric: str
    before: float
    after: float
    shift: float
    p_value: float


class DriftReport(TypedDict):
    """What has drifted, of how many that could be tested. `false_alarms`: of so many reports without drift one errs."""

    recent_from: str
    before_from: str
    to: str
    tested: int
    false_alarms: float
    found: list[DriftItem]


class Usage(TypedDict):
    """Usage by period and group. `total` is null by tag, since a request may have several."""

    object: Literal["usage"]
    period: Literal["hour", "day"]
    group_by: str
    data: list[UsageRow]
    total: UsageSums | None
    drift: NotRequired[DriftReport]


class HealthRow(TypedDict):
    """The last minutes of a model. `circuit` is open where requests to it, or to its vendor, are refused."""

    model: str
    attempts: int
    ok: int
    failed: int
    blamed: int
    skipped: int
    error_rate: float | None
    latency_p50_ms: int | None
    first_token_p50_ms: int | None
    circuit: Literal["closed", "open"]


class HealthReport(TypedDict):
    """All models that were asked in the last minutes."""

    object: Literal["health"]
    minutes: int
    data: list[HealthRow]


class BudgetItem(TypedDict):
    """What may be spent in a period, told twice: 100 credits are 1 USD."""

    usd: str
    credits: str
    period: Period


class LimitsItem(TypedDict):
    """How much at once; null: as much as it likes."""

    requests_per_minute: int | None
    tokens_per_minute: int | None
    concurrent: int | None


class PrivacyItem(TypedDict):
    """What is kept of prompts and answers."""

    store_content: bool
    zero_retention: bool


class SamplingItem(TypedDict):
    """The share of requests that are compared, and what that may cost in a day."""

    share: float
    usd_per_day: str


class SecretItem(TypedDict):
    """When a secret was made, and until when it opens the key; null: for good."""

    made_at: str
    until: str | None


class KeyItem(TypedDict):
    """A key. `models`, `vendors` and `budgets` are without limit where they are empty."""

    id: str
    object: Literal["key"]
    name: str
    tags: dict[str, str]
    scopes: list[Scope]
    models: list[str]
    vendors: list[str]
    goal: Goal | None
    ruleset: str
    explore: float
    budgets: list[BudgetItem]
    limits: LimitsItem
    privacy: PrivacyItem
    sampling: SamplingItem | None
    open_when_down: bool
    disabled: bool
    created_at: str
    expires_at: str | None
    secrets: list[SecretItem]


class NewKeyItem(KeyItem):
    """A key with its new secret, which is shown once."""

    secret: str


class KeyPage(TypedDict):
    """Keys, the newest first. `next_after` is the parameter `after` of the next page, null at the end."""

    object: Literal["list"]
    data: list[KeyItem]
    has_more: bool
    next_after: str | None


class DeletedKey(TypedDict):
    """A key that is gone."""

    id: str
    object: Literal["key"]
    deleted: bool


type Keys = KeyItem | NewKeyItem | KeyPage | DeletedKey
type Sent = Keys | Money | ContentItem | FeedbackItem | RequestPage | RequestDetail | Usage | HealthReport


def encode(value: Sent) -> bytes:
    """JSON."""
    return to_json(value)


def dollars(amount: Decimal) -> str:
    """An exact amount without an exponent or trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
