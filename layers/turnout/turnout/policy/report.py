"""What a report of the optimizer says: one model, of which the page is a view and the JSON beside it a copy.

Its JSON schema is `docs/report.schema.json`. Amounts are in USD, as decimal strings where they are sums and as numbers
where they are estimates; shares, success and quality are from 0 to 1; days are ISO dates in UTC.
"""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from turnout.core.chat import Goal
from turnout.core.policies import Advice, Effect, Interval

SCHEMA_VERSION = 1
"""Goes up when a field goes or changes its meaning; new fields leave it as it is."""


class Told(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Step(Told):
    """Something to do, in a sentence; `command` does it, "" where none does."""

    text: str
    command: str = ""


class Version(Told):
    """The policy that this run recommends, "" for none, and the one that was active, "" for none."""

    recommended: str
    active: str


class Totals(Told):
    """The period as a whole. `missing` are the days of which nothing was counted."""

    requests: int
    errors: int
    aborted: int
    success: Interval | None
    cost_usd: Decimal
    missing: tuple[str, ...]


class Day(Told):
    """One model on one day; None where nothing was measured."""

    day: str
    requests: int
    success: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    cost_usd: Decimal
    cost_per_request_usd: float | None
    quality: float | None


class ModelReport(Told):
    """One model over the period.

    `requests` are those that it answered, `attempts` all that were sent to it. `quality` is the mean of `judged`
    verdicts of clients and judges; `flaws` are shares of answers by what was wrong with them.
    """

    model: str
    requests: int
    attempts: int
    failed: int
    success: Interval | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    first_token_p50_ms: float | None
    first_token_p95_ms: float | None
    cost_usd: Decimal
    cost_per_request_usd: float | None
    quality: Interval | None
    judged: int
    flaws: Mapping[str, float]
    days: tuple[Day, ...]


class Drift(Told):
    """A model that does another job than before: `before` and `after` are medians in ms for times, else means."""

    model: str
    task: str
    metric: str
    before: float
    after: float
    p_value: float


class Drifts(Told):
    """What the `tested` comparisons found; where nothing has drifted, `false_alarms` of the reports name one."""

    tested: int
    false_alarms: float
    found: tuple[Drift, ...]


class Spent(Told):
    """Where money went: a model, task, goal or key, and its part of the whole."""

    name: str
    requests: int
    cost_usd: Decimal
    share: float


class Spending(Told):
    """The same money, divided in four ways; the dearest first."""

    models: tuple[Spent, ...]
    tasks: tuple[Spent, ...]
    goals: tuple[Spent, ...]
    keys: tuple[Spent, ...]


class Point(Told):
    """What a request of this deployment's mix of tasks costs and is worth with one model.

    At a task with 100 `attempts` of the model, cost is that of those; with 100 `verdicts`, quality is their mean. Else
    each is what is expected, the prior moved by what there is. `observed` is the share of the former, by requests and
    over both figures. `frontier`: no other model is both cheaper and better. `primary_now` and `primary_proposed`: in
    how many chains it comes first.
    """

    model: str
    cost_usd: float
    quality: float
    observed: float
    attempts: int
    verdicts: int
    frontier: bool
    primary_now: int
    primary_proposed: int


class GoalReport(Told):
    """One goal: what was asked with it, advice for each task, and what all changes together do to its mean request."""

    goal: Goal
    requests: int
    advice: tuple[Advice, ...]
    overall: tuple[Effect, ...]


class Report(Told):
    """What the optimizer found out, and what to do."""

    object: Literal["report"] = "report"
    schema_version: int = SCHEMA_VERSION
    id: str
    created_at: datetime
    first_day: str
    last_day: str
    headline: str
    steps: tuple[Step, ...]
    policy: Version
    totals: Totals
    goals: tuple[GoalReport, ...]
    models: tuple[ModelReport, ...]
    drift: Drifts
    tradeoff: tuple[Point, ...]
    spending: Spending
    unknown: tuple[str, ...]


def schema() -> dict[str, Any]:
    """The JSON schema of a report as it is kept."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Report.model_json_schema(mode="serialization"),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
