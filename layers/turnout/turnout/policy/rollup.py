"""Rollups: sums over rows, per period and dimension, that add up in any order; and how they are read.

A cell is one place where something is summed, its counts are a flat mapping from a short name to a number. All merging
is addition of whole numbers and exact decimals, so that cells of several hours, keys or tags make one by `merged`.

    name        what is summed
    rq          requests; of these rk ended well, re with an error, ra because the client left
    rd          requests that the policy's first choice did not answer: it failed, or its circuit was open; in `route`
    aq          attempts sent; of these ak ended well, ae failed, aa were aborted
    ax          attempts not sent, since the circuit was open
    ev          attempts whose tokens were estimated
    bm bv       failed attempts that are the model's fault, that are its vendor's (as `core.errors` blames)
    vn vs vq    verdicts of judges and clients on the answer that was shown: how many, their sum in ten-thousandths, the
                sum of the squares of those; in `route`
    us u2       cost in USD; squares of the cost in nano-dollars, of each attempt in `model`, else of each request
    ti tc tw tg tokens of the prompt: fresh, from the cache, written to the cache, of pictures
    ta tr       tokens of the answer: shown, of hidden reasoning
    ls lq l<i>  latency in ms of what ended well: sum, sum of squares, and the count of bucket <i> of its `Sketch`
    fs fq f<i>  time to the first token in ms, of streams: the same
    <q>n <q>s   quality: how often it was judged, and the sum of the verdicts; for <q> see SERIES
    <q>w <q>x   of verdicts that came about by lot: the sum of 1 / propensity, and of verdict / propensity

In a `choice` cell, of decisions that were drawn by chance (`policy.draws`), for each metric: s success, c cost in
nano-dollars, m latency in ms of what ended well, g quality in ten-thousandths. A weight is 1000 over the propensity.

    <x>n        how often it was observed
    <x>w <x>v   sum of the weights, of their squares
    <x>1        sum of weight times value
    <x>2 <x>3   sum of squared weight times value, of squared weight times squared value

In a `model` cell requests are those whose answer the client saw from that model, while attempts, tokens, cost and times
are those of the model's own attempts: what failed there counts there. The model of requests that nobody answered is "".
In `route`, `key` and `tag` cells everything is the requests'. So the sums over all cells of `model` are those over all
of `route`.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, Overflow
from typing import Literal

from turnout.core.events import Usage
from turnout.core.frozen import frozen
from turnout.policy.sketch import Sketch

type Grain = Literal["minute", "hour", "day"]
type Dimension = Literal["model", "route", "key", "tag", "choice", "health"]
type Counts = Mapping[str, int | Decimal]

FIELDS: Mapping[Dimension, tuple[str, ...]] = {
    "model": ("model", "task", "policy"),
    "route": ("goal", "task", "policy"),
    "key": ("key",),
    "tag": ("name", "value"),
    "choice": ("goal", "task", "policy", "first"),
    "health": ("model",),
}
"""What tells the cells of a dimension apart. A model is `vendor/name`, and so is `first`, the one to be asked first.

Only `health` is counted by the minute; `choice` is counted by the day alone.
"""

SERIES: Mapping[str, str] = {
    "feedback": "fb",  # of clients: 0 to 1
    "judge": "jd",  # of a model as a judge: 0 to 1
    "cut": "ct",  # the free signals, 1 each time: the answer was cut by its length
    "refused": "rf",  # the model would not answer
    "bad_json": "js",  # no JSON, or none that follows the schema that was asked for
    "bad_tools": "tl",  # a tool call without such a tool, or whose arguments are no JSON or break its schema
}
"""The series of quality, each by the letters of its counts. The higher the better, and for signals the worse."""

TOKENS: Mapping[str, str] = {
    "ti": "input",
    "tc": "cached_input",
    "tw": "cache_write",
    "tg": "image",
    "ta": "output",
    "tr": "reasoning",
}
"""Which count holds which bucket of `core.events.Usage`."""

_EXACT = Context(prec=38, traps=[Inexact, Overflow])  # what DynamoDB keeps of a number


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One place where something is summed.

    `start` is the period's, in UTC: 2026-11-24 for a day, 2026-11-24T06 for an hour, 2026-11-24T06:31 for a minute.
    `values` go with FIELDS[dimension].
    """

    grain: Grain
    start: str
    dimension: Dimension
    values: tuple[str, ...]

    def __getitem__(self, name: str) -> str:
        """The value of a field of the dimension, e.g. cell["task"]. Raises ValueError when it has no such field."""
        return self.values[FIELDS[self.dimension].index(name)]


@frozen
class Entry:
    """What must be counted together, and once: a second entry with the same `marker` counts for nothing."""

    marker: str
    increments: Mapping[Cell, Counts]


@frozen
class Verdicts:
    """A series of quality: how many verdicts there are, and their sum.

    Of those that came about by lot the same, each counted 1 / propensity times: `weight` and `weighted`.
    """

    count: int
    sum: Decimal
    weight: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)

    @property
    def mean(self) -> float | None:
        """None without verdicts."""
        return float(self.sum / self.count) if self.count else None

    @property
    def estimate(self) -> float | None:
        """The mean over all requests that could have been drawn, judged or not; None where none was."""
        return float(self.weighted / self.weight) if self.weight else None


@frozen
class Rollup:
    """Counts, read by name. All counts that are not there are 0."""

    counts: Counts = field(default_factory=dict[str, int | Decimal])

    def whole(self, name: str) -> int:
        """A count by its short name; see the module's table."""
        return int(self.counts.get(name, 0))

    def exact(self, name: str) -> Decimal:
        """The same for one that may have decimals."""
        return Decimal(self.counts.get(name, 0))

    @property
    def requests(self) -> int:
        """Requests, whatever came of them."""
        return self.whole("rq")

    @property
    def errors(self) -> int:
        """Requests that ended with an error."""
        return self.whole("re")

    @property
    def cost_usd(self) -> Decimal:
        """What all attempts cost, exactly."""
        return self.exact("us")

    @property
    def usage(self) -> Usage:
        """The tokens of all attempts, in disjoint buckets; `estimated` as soon as some were."""
        tokens = {bucket: self.whole(name) for name, bucket in TOKENS.items()}
        return Usage(**tokens, source="estimated" if self.whole("ev") else "vendor")

    @property
    def latency(self) -> Sketch:
        """In ms, of what ended well."""
        return self._sketch("l")

    @property
    def first_token(self) -> Sketch:
        """In ms, of streams."""
        return self._sketch("f")

    def verdicts(self, series: str) -> Verdicts:
        """One of SERIES. Raises KeyError when there is no such series."""
        letters = SERIES[series]
        return Verdicts(self.whole(f"{letters}n"), *(self.exact(f"{letters}{sum_}") for sum_ in "swx"))

    def _sketch(self, letter: str) -> Sketch:
        found = ((name[1:], times) for name, times in self.counts.items() if name[0] == letter)
        return Sketch({int(number): int(times) for number, times in found if number.isdecimal()})


def merged(many: Iterable[Counts]) -> dict[str, int | Decimal]:
    """The sum of counts; without those that are 0. Raises decimal.Inexact beyond 38 digits."""
    total: dict[str, int | Decimal] = {}
    for counts in many:
        for name, number in counts.items():
            total[name] = plus(total[name], number) if name in total else number
    return {name: number for name, number in total.items() if number}


def plus(one: int | Decimal, other: int | Decimal) -> int | Decimal:
    """The exact sum. Raises decimal.Inexact beyond 38 digits."""
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    return _EXACT.add(Decimal(one), Decimal(other))


def grouped[K: Hashable](
    cells: Iterable[tuple[Cell, Counts]], by: Callable[[Cell], K], only: Set[str] | None = None
) -> dict[K, Rollup]:
    """One rollup for each group: `grouped(cells, lambda cell: cell["task"])` is one for each task.

    `only`: of these counts alone, by far quicker where no sketch is needed.
    """
    groups: defaultdict[K, list[Counts]] = defaultdict(list)
    for cell, counts in cells:
        groups[by(cell)].append(counts if only is None else {name: counts[name] for name in counts.keys() & only})
    return {key: Rollup(merged(many)) for key, many in groups.items()}
