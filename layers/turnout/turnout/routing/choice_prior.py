"""What is expected before there is a record: a reviewed table of classes of models, and the catalog's prices."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from turnout.catalog.pricing import price_on
from turnout.core.models import Model
from turnout.core.outcomes import Expected, Outcomes, safe_row

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
