"""A log of real calls as a deployment would have recorded it: rows, models at list prices, priors that know nothing.

A line for each call has run_date, model, category, idx, input_tokens, output_tokens, latency_s, correct and error. The
log has no cost, so it is that of the tokens at the list prices of July 2024, in USD per million; models that nobody
sells at a list price, and calls whose tokens are not known, are left out.
"""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import get_args

from turnout.core.events import Usage
from turnout.core.models import Capability, Model, Vendor
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.records import Attempt, Decision, Features, Record
from turnout.policy.counting import entry
from turnout.policy.history import Period
from turnout.policy.recount import Totals, add

PRICES: Mapping[str, tuple[str, str, str]] = {
    "claude-2.1": ("anthropic", "8", "24"),
    "claude-3-5-sonnet": ("anthropic", "3", "15"),
    "claude-3-haiku": ("anthropic", "0.25", "1.25"),
    "claude-3-opus": ("anthropic", "15", "75"),
    "claude-3-sonnet": ("anthropic", "3", "15"),
    "claude-instant": ("anthropic", "0.8", "2.4"),
    "command-r-plus": ("cohere", "3", "15"),
    "databricks-dbrx": ("databricks", "2.25", "6.75"),
    "firefunction-v2": ("fireworks", "0.9", "0.9"),
    "gemini-1.0-pro": ("google", "0.5", "1.5"),
    "gemini-1.5-flash": ("google", "0.35", "1.05"),
    "gemini-1.5-pro": ("google", "3.5", "10.5"),
    "gpt-3.5-turbo": ("openai", "0.5", "1.5"),
    "gpt-4-0613": ("openai", "30", "60"),
    "gpt-4-0125-preview": ("openai", "10", "30"),
    "gpt-4-1106-preview": ("openai", "10", "30"),
    "gpt-4-turbo": ("openai", "10", "30"),
    "gpt-4o": ("openai", "5", "15"),
    "mistral-large": ("mistral", "4", "12"),
    "mistral-medium": ("mistral", "2.7", "8.1"),
    "mistral-small": ("mistral", "1", "3"),
    "mistral-tiny": ("mistral", "0.25", "0.25"),
}
"""By the start of a model's name: its vendor, and USD per million tokens of the prompt and of the answer."""
EVERYTHING = frozenset[Capability](get_args(Capability.__value__))
FEATURES = Features("2024-07-06", 100, explore=1.0)
UNKNOWING = Expected(quality=0.7, cost_usd=0.0, latency_s=2.0, count=25)
"""What is expected of every model alike, but for its price."""
ANSWER_TOKENS = 50


@dataclass(frozen=True, slots=True)
class Call:
    """One call, with its cost in USD. `day` is a date, `at` its epoch seconds."""

    model: str
    task: str
    query: str
    day: str
    at: float
    tokens: tuple[int, int]
    usd: Decimal
    seconds: float
    correct: bool
    failed: bool


def priced(name: str) -> tuple[str, str, str] | None:
    """The longest entry of PRICES that a model's name begins with."""
    return max(((start, told) for start, told in PRICES.items() if name.startswith(start)), default=("", None))[1]


def read(path: Path) -> list[Call]:
    """All calls that can be priced."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as file:
        return [call for line in csv.DictReader(file) if (call := _call(line))]


def _call(line: Mapping[str, str]) -> Call | None:
    price = priced(line["model"])
    if not price or not line["latency_s"]:
        return None
    tokens = int(float(line["input_tokens"] or 0)), int(float(line["output_tokens"] or 0))
    failed = line["error"] == "1"
    if not tokens[0] and not failed:
        return None
    at = datetime.fromisoformat(line["run_date"]).replace(tzinfo=UTC).timestamp()
    usd = (Decimal(price[1]) * tokens[0] + Decimal(price[2]) * tokens[1]) / 1_000_000
    query = f"{line['category']}/{line['idx']}"
    seconds, correct = float(line["latency_s"]), line["correct"] == "1"
    return Call(line["model"], line["category"], query, line["run_date"], at, tokens, usd, seconds, correct, failed)


def part(call: Call, parts: int) -> int:
    """Into which of so many parts a call's query falls, by its hash."""
    return int.from_bytes(blake2b(call.query.encode(), digest_size=4).digest()) % parts


def models(calls: Iterable[Call]) -> list[Model]:
    """Those called, as the catalog would have them: they can all do everything."""
    names = sorted({call.model for call in calls})
    vendors = {name: Vendor(told[0], "openai_chat", "http://unused") for name in names if (told := priced(name))}
    return [Model(name, vendors[name], name, 100_000, 4_096, EVERYTHING, ()) for name in names]


def prior(known: Sequence[Model], tasks: Iterable[str]) -> Outcomes:
    """What is expected before anything was seen."""
    row = {model.id: _expected(model) for model in known}
    return Outcomes(dict.fromkeys(tasks, row), row, version="knows nothing")


def _expected(model: Model) -> Expected:
    told = priced(model.name)
    assert told
    return Expected(
        UNKNOWING.quality,
        ANSWER_TOKENS * float(told[2]) / 1e6,
        float(told[1]) / 1e6,
        UNKNOWING.latency_s,
        count=UNKNOWING.count,
    )


def record(calls: Sequence[Call], propensity: float = 1.0, policy: str = "") -> Record:
    """A request as a row: of its calls, in order, all but the last have failed; an answer is judged right or wrong.

    `policy` is the version whose first choice the first call was, "" for none.
    """
    attempts, first, last = [_attempt(call) for call in calls], calls[0], calls[-1]
    names = tuple(f"{one.vendor}/{one.model}" for one in attempts)
    return Record(
        id=f"{first.model}/{first.query}/{first.day}",
        at=first.at,
        key_id="k",
        requested="auto",
        stream=False,
        goal="balanced",
        task=first.task,
        decision=Decision(FEATURES, 0, propensity, targets=names, policy=policy, primary=names[0] if policy else ""),
        policy=policy,
        attempts=attempts,
        vendor="" if last.failed else attempts[-1].vendor,
        model="" if last.failed else attempts[-1].model,
        outcome=attempts[-1].outcome,
        latency_ms=sum(one.latency_ms for one in attempts),
    )


def _attempt(call: Call) -> Attempt:
    told = priced(call.model)
    assert told
    return Attempt(
        told[0],
        call.model,
        1,
        0,
        outcome="error" if call.failed else "ok",
        blames="model" if call.failed else "nobody",
        latency_ms=round(call.seconds * 1000),
        usage=Usage(input=call.tokens[0], output=call.tokens[1]),
        cost_usd=call.usd,
        judged=None if call.failed else Decimal(call.correct),
    )


def period(records: Iterable[Record]) -> Period:
    """The day cells of rows, as the aggregator would have them."""
    totals: Totals = {}
    for one in records:
        add(totals, {cell: counts for cell, counts in entry(one).increments.items() if cell.grain == "day"})
    days = sorted({cell.start for cell in totals})

    def of(dimension: str) -> Iterator[tuple]:
        return ((cell, counts) for cell, counts in totals.items() if cell.dimension == dimension)

    return Period(days[0], days[-1], of("model"), of("choice"))
