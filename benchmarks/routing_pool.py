"""Pools of real outcomes: which model answered which query how well and at what cost, and what is expected from them.

One query a line: {"id", "task", "query", "n_tools", "outcomes": {model: [score, input, output tokens, USD, seconds]}}.
"""

import gzip
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean, linear_regression

from pydantic_core import from_json

from benchmarks.routing_prompts import opened_and_closed
from turnout.catalog.tokens import estimate_text
from turnout.core.outcomes import Expected, Outcomes, updated
from turnout.routing.classify_words import words

STRENGTH = 20
"""Observations that the mean over all kinds counts as, when the outcomes of one kind are estimated."""
COMPLETE = 0.95
"""A model is compared if it has answered so many of the queries."""


@dataclass(frozen=True)
class Query:
    """A query; `outcomes` are (score, USD) by model, empty where they are not told."""

    id: str
    text: str
    n_tools: int
    kind: str
    part: str
    outcomes: dict[str, tuple[float, float]]

    @cached_property
    def words(self) -> Sequence[bytes]:
        """What the classifier sees."""
        return words(self.text, self.n_tools)

    @cached_property
    def other_words(self) -> Sequence[bytes]:
        """What it would see, had the same been asked in other words; always the same ones."""
        return words(opened_and_closed(self.text, random.Random(self.id)), self.n_tools)  # noqa: S311 - not secret

    @cached_property
    def tokens(self) -> int:
        """The estimated size of the prompt."""
        return estimate_text(self.text)


@dataclass(frozen=True)
class Pool:
    """Queries that all of `models` have answered."""

    name: str
    models: tuple[str, ...]
    queries: tuple[Query, ...]

    def only(self, queries: Iterable[Query]) -> "Pool":
        """The same models on some of the queries."""
        return Pool(self.name, self.models, tuple(queries))

    @property
    def kinds(self) -> list[str]:
        """The kinds of the queries, sorted."""
        return sorted({query.kind for query in self.queries})

    @cached_property
    def best(self) -> str:
        """The model with the highest mean score."""
        return max(self.models, key=lambda name: fmean(query.outcomes[name][0] for query in self.queries))


def load(path: Path) -> Pool:
    """Read a pool, gzipped or not; a model that has not answered nearly all of it is left out."""
    queries = _finer(list(read(path)))
    names = sorted({name for query in queries for name in query.outcomes})
    answers = {name: sum(name in query.outcomes for query in queries) for name in names}
    models = tuple(name for name in names if answers[name] >= COMPLETE * len(queries))
    return Pool(path.name.partition(".")[0], models, tuple(q for q in queries if q.outcomes.keys() >= set(models)))


def _finer(queries: list[Query]) -> list[Query]:
    """Where all are of one task, its parts are the kinds."""
    one = len({query.kind for query in queries}) == 1
    return [replace(query, kind=query.part) for query in queries] if one else queries


def read(path: Path) -> Iterator[Query]:
    """The lines of a file, with or without outcomes."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return map(_query, text.splitlines())


def _query(line: bytes) -> Query:
    row = from_json(line)
    told = row.get("outcomes") or {}
    outcomes = {name: (value[0], value[3]) for name, value in told.items() if None not in (value[0], value[3])}
    return Query(
        str(row["id"]), row["query"], row.get("n_tools") or 0, row.get("task") or "", row.get("sub") or "", outcomes
    )


def outcomes(pool: Pool) -> Outcomes:
    """What is to be expected of each model for each kind: the pool's means, drawn towards those over all kinds."""
    overall = {name: _seen(pool.queries, name) for name in pool.models}
    rows = {
        kind: {
            name: _expected(overall[name], [q for q in pool.queries if q.kind == kind], name) for name in pool.models
        }
        for kind in pool.kinds
    }
    return Outcomes(rows, overall, version=f"{pool.name}, {len(pool.queries)} queries")


def _expected(overall: Expected, queries: Sequence[Query], name: str) -> Expected:
    seen = _seen(queries, name)
    drawn = Expected(overall.quality, seen.cost_usd, seen.usd_per_token, count=STRENGTH)
    return updated(drawn, seen)


def _seen(queries: Sequence[Query], name: str) -> Expected:
    """The mean score; the cost as a line over the size of the prompt, with neither end below zero."""
    sizes = [float(query.tokens) for query in queries]
    costs = [query.outcomes[name][1] for query in queries]
    quality, mean_cost = fmean(query.outcomes[name][0] for query in queries), fmean(costs)
    slope = linear_regression(sizes, costs).slope if len(set(sizes)) > 1 else 0.0
    slope = min(max(slope, 0.0), mean_cost / max(fmean(sizes), 1.0))
    return Expected(quality, mean_cost - slope * fmean(sizes), slope, count=len(queries))
