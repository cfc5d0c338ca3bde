"""What is expected before there is a record: a reviewed table of classes of models, and the catalog's prices."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from turnout.catalog.pricing import price_on
from turnout.core.models import Model
from turnout.core.outcomes import Expected, Outcomes, Row

TABLE_FILE = Path(__file__).parent / "data" / "priors.toml"
FIRST_TOKEN_S = 1.0
"""Seconds before an answer begins."""
UNKNOWN: "Class" = "small"
"""The class of a model that the table does not name: nothing speaks for it yet."""

type Class = Literal["large", "medium", "small"]
type Share = Annotated[float, Field(ge=0, le=1)]


class Task(BaseModel):
    """The quality by class, and how long an answer is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    large: Share
    medium: Share
    small: Share
    tokens: Annotated[int, Field(gt=0)]


class Table(BaseModel):
    """`priors.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    observations: Annotated[float, Field(gt=0)]
    tokens_per_second: Mapping[Class, Annotated[float, Field(gt=0)]]
    tasks: Mapping[str, Task]
    models: Mapping[str, Class]


def table() -> Table:
    """The table that comes with the package."""
    return Table.model_validate(tomllib.loads(TABLE_FILE.read_text()))


def prior(models: Iterable[Model], day: date = date.max) -> Outcomes:
    """What is expected of `models` at the prices of `day`; read once, in a few milliseconds."""
    told, known = table(), tuple(models)
    rows = {name: {model.id: _expected(told, task, model, day) for model in known} for name, task in told.tasks.items()}
    return Outcomes(rows, safe_row(rows), version=told.version)


def safe_row(rows: Mapping[str, Row]) -> Row:
    """What is expected where the task is not clear: the mean over all tasks, of each model that is in all of them."""
    every = list(rows.values())
    if not every:
        return {}
    names = [name for name in every[0] if all(name in row for row in every)]
    return {name: _mean([row[name] for row in every]) for name in names}


def _expected(told: Table, task: Task, model: Model, day: date) -> Expected:
    size = told.models.get(model.id, UNKNOWN)
    rate = price_on(model, day).rate
    return Expected(
        quality=getattr(task, size),
        cost_usd=task.tokens * float(rate.output) / 1e6,
        usd_per_token=float(rate.input) / 1e6,
        latency_s=FIRST_TOKEN_S + task.tokens / told.tokens_per_second[size],
        count=told.observations,
    )


def _mean(many: list[Expected]) -> Expected:
    return Expected(
        quality=fmean(one.quality for one in many),
        cost_usd=fmean(one.cost_usd for one in many),
        usd_per_token=fmean(one.usd_per_token for one in many),
        latency_s=fmean(one.latency_s for one in many),
        success=fmean(one.success for one in many),
        count=fmean(one.count for one in many),
    )
