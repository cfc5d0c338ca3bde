"""Speed: every gateway in every shape of load, in rounds that alternate."""

import asyncio
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

from pydantic_core import to_json

from benchmarks.peers.gateways import MODEL, Running, chat
from benchmarks.peers.load import Load, Wrong, load
from benchmarks.peers.usage import cpu_seconds

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of load. `tokens` of answer; `seconds` in each round."""

    clients: int
    tokens: int
    stream: bool
    seconds: float

    @property
    def name(self) -> str:
        """For a table."""
        kind = f"stream of {self.tokens}" if self.stream else "plain"
        return f"{kind}, {self.clients} client{'s'[: self.clients > 1]}"

    def body(self) -> bytes:
        """The chat, whose answer the vendor has counted: no gateway needs to."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": f"Say tokens={self.tokens} words, please."}]}
        streamed = {"stream": True, "stream_options": {"include_usage": True}} if self.stream else {}
        return to_json({**body, **streamed})

    def request(self, running: Running) -> bytes:
        """The chat, ready to be sent."""
        return chat(running, self.body())

    def right(self, response: bytes) -> bool:
        """Whether the answer is whole."""
        ended = b"[DONE]" in response if self.stream else b"usage" in response
        return response.startswith(b"HTTP/1.1 200") and ended and response.count(b"tok") >= self.tokens


SHAPES = tuple(
    Shape(clients, tokens, stream, seconds=1.5)
    for tokens, stream in ((20, False), (20, True), (400, True))
    for clients in (1, 8, 32)
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One gateway in one shape and round. Times in milliseconds; `first` is the first byte of the body."""

    p50: float
    p95: float
    p99: float
    first_p50: float
    first_p95: float
    rate: float
    cpu: float | None
    """Seconds of CPU time for 1,000 requests."""


type Rounds = dict[str, dict[str, list[Measured]]]
"""By shape, by gateway."""


def rounds(running: Sequence[Running], shapes: Iterable[Shape], count: int, tell: Callable[[str], None]) -> Rounds:
    """All gateways after each other in each round, in turning order. Those that answer wrongly have no figures."""
    measured: Rounds = {}
    for shape in shapes:
        tell(shape.name)
        for one in running:
            measure(one, replace(shape, clients=1, seconds=0.2), tell)  # warms up
        columns: dict[str, list[Measured]] = {one.name: [] for one in running}
        for number in range(count):
            turn = number % len(running)
            for one in (*running[turn:], *running[:turn]):
                if figures := measure(one, shape, tell):
                    columns[one.name].append(figures)
        measured[shape.name] = columns
    return measured


def measure(running: Running, shape: Shape, tell: Callable[[str], None]) -> Measured | None:
    """One gateway in one shape; None when it answers wrongly."""
    before = cpu_seconds(running.pid) if running.pid else 0.0
    request = shape.request(running)
    try:
        seen = asyncio.run(load(running.url, request, shape.right, clients=shape.clients, seconds=shape.seconds))
    except (Wrong, OSError) as error:
        tell(f"{running.name}: {error}")
        return None
    return figures(seen, cpu_seconds(running.pid) - before if running.pid else None)


def figures(seen: Load, cpu: float | None) -> Measured:
    """What a load shows, which took so many seconds of CPU time."""
    times = sorted(timing.last * 1000 for timing in seen.timings)
    firsts = sorted(timing.first * 1000 for timing in seen.timings)
    spent = cpu / len(times) * 1000 if cpu is not None else None
    return Measured(
        p50=quantile(times, 0.5),
        p95=quantile(times, 0.95),
        p99=quantile(times, 0.99),
        first_p50=quantile(firsts, 0.5),
        first_p95=quantile(firsts, 0.95),
        rate=len(times) / seen.seconds,
        cpu=spent,
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and largest of the rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """At least one value."""
        return cls(statistics.median(values), min(values), max(values))


ADDED = frozenset({"p50", "p95", "p99", "first_p50", "first_p95"})
"""What the vendor's own time is taken off of."""


def added(measured: Rounds, direct: str) -> dict[str, dict[str, dict[str, Spread]]]:
    """By shape, gateway and figure; of times, what the gateway adds to the vendor directly in the same round."""
    return {
        shape: {name: _spreads(runs, columns[direct]) for name, runs in columns.items() if name != direct and runs}
        for shape, columns in measured.items()
    }


def _spreads(runs: Sequence[Measured], directly: Sequence[Measured]) -> dict[str, Spread]:
    told: dict[str, Spread] = {}
    for field in fields(Measured):
        name = field.name
        pairs = [(getattr(one, name), getattr(other, name)) for one, other in zip(runs, directly, strict=False)]
        values = [one - other if name in ADDED else one for one, other in pairs if one is not None]
        if values:
            told[name] = Spread.of(values)
    return told


def plain(measured: Rounds) -> Mapping[str, object]:
    """The same as JSON would have it."""
    return {
        shape: {name: [asdict(run) for run in runs] for name, runs in columns.items()}
        for shape, columns in measured.items()
    }
