"""`python -m benchmarks.cost`: writes docs/cost.md, what a month costs, computed from stated prices.

USD, us-east-1, without free tiers, discounts, network egress and tokens. A test fails when the page is stale.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.report import table

PAGE = Path(__file__).parent.parent / "docs/cost.md"
HOURS = 730
"""In a month."""


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` for one `unit`; `source` is the page that lists it."""

    what: str
    usd: float
    unit: str
    source: str


AWS = "https://aws.amazon.com"
LISTED = "2025"
"""When AWS listed these prices."""

DURATION = Price("Lambda on arm64, duration", 0.0000133334, "GB-second", f"{AWS}/lambda/pricing/")
INVOCATION = Price("Lambda, requests", 0.20e-6, "request", f"{AWS}/lambda/pricing/")
REST = Price(
    "API Gateway, REST, first 333 million", 3.50e-6, "request or 10 MB streamed", f"{AWS}/api-gateway/pricing/"
)
WRITE = Price("DynamoDB on demand, write", 0.625e-6, "unit of 1 kB", f"{AWS}/dynamodb/pricing/on-demand/")
STORED = Price("DynamoDB, storage", 0.25, "GB-month", f"{AWS}/dynamodb/pricing/on-demand/")
BACKED_UP = Price("DynamoDB, point-in-time recovery", 0.20, "GB-month", f"{AWS}/dynamodb/pricing/on-demand/")
OBJECTS = Price("S3, storage", 0.023, "GB-month", f"{AWS}/s3/pricing/")
PUT = Price("S3, PUT", 5e-6, "request", f"{AWS}/s3/pricing/")
LOGGED = Price("CloudWatch Logs, taken in", 0.50, "GB", f"{AWS}/cloudwatch/pricing/")
VCPU = Price("Fargate on arm64, vCPU", 0.03238, "hour", f"{AWS}/fargate/pricing/")
MEMORY = Price("Fargate on arm64, memory", 0.00356, "GB-hour", f"{AWS}/fargate/pricing/")
BALANCER = Price("Application Load Balancer", 0.0225, "hour", f"{AWS}/elasticloadbalancing/pricing/")
CAPACITY = Price("Load balancer, capacity", 0.008, "LCU-hour", f"{AWS}/elasticloadbalancing/pricing/")
PRICES = (DURATION, INVOCATION, REST, WRITE, STORED, BACKED_UP, OBJECTS, PUT, LOGGED, VCPU, MEMORY, BALANCER, CAPACITY)

GUIDANCE_USD = 378
GUIDANCE = f"{AWS}/solutions/guidance/multi-provider-generative-ai-gateway-on-aws/"

OVERHEAD_SECONDS = 0.02
"""What the router adds to the vendor's time on Lambda, the row included."""
ROW_KB = 2
INDEXES = 1
"""Of the request log; each is written with the row."""
KEPT_MONTHS = 3
LOG_KB = 1.5
"""Of a request's line, metrics included."""
AGGREGATOR_GB_SECONDS = 0.002
"""For a row."""
UNITS = ((0.1, 24), (20.0, 8), (float("inf"), 4))
"""Units that the aggregator writes for a row, up to so many requests a second: decision 10."""
REPORTS, REPORT_MB = 60, 1.0
"""A page and its JSON a day."""

VOLUMES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
SECONDS = (0.5, 2.0, 10.0)
MEGABYTES = (512, 1024, 2048)

TASKS, TASK_VCPU, TASK_GB = 2, 1, 2
TASK_REQUESTS = 300_000_000
"""A month, of one task: about a third of what a core was measured at, for the peaks of a day."""


@dataclass(frozen=True, slots=True)
class Month:
    """What `requests` cost, by service. `seconds` is the vendors' mean latency, `mb` the router's memory."""

    requests: int
    seconds: float = 2.0
    mb: int = 1024

    @property
    def compute(self) -> float:
        """Lambda: the router waits for the vendor, and is paid for it; the aggregator hardly counts."""
        duration = (self.seconds + OVERHEAD_SECONDS) * self.mb / 1024 + AGGREGATOR_GB_SECONDS
        return self.requests * (duration * DURATION.usd + INVOCATION.usd)

    @property
    def gateway(self) -> float:
        """API Gateway."""
        return self.requests * REST.usd

    @property
    def database(self) -> float:
        """DynamoDB: the row and its indexes, what the aggregator adds, and what is kept."""
        written = ROW_KB * (1 + INDEXES) + units(self.requests)
        kept = self.requests * KEPT_MONTHS * ROW_KB * (1 + INDEXES) / 1e6
        return self.requests * written * WRITE.usd + kept * (STORED.usd + BACKED_UP.usd)

    @property
    def rest(self) -> float:
        """S3 and logs."""
        reports = REPORTS * (PUT.usd + 12 * REPORT_MB / 1000 * OBJECTS.usd)
        return reports + self.requests * LOG_KB / 1e6 * LOGGED.usd

    @property
    def total(self) -> float:
        """Of all."""
        return self.compute + self.gateway + self.database + self.rest

    @property
    def container(self) -> float:
        """The same with the router in containers that are always on: no Lambda and no API Gateway for it."""
        return containers(self.requests) + self.database + self.rest


def units(requests: int) -> int:
    """That the aggregator writes for a row."""
    rate = requests / (HOURS * 3600)
    return next(count for most, count in UNITS if rate <= most)


def containers(requests: int) -> float:
    """Tasks and their load balancer."""
    tasks = max(TASKS, -(-requests // TASK_REQUESTS))
    task = HOURS * (TASK_VCPU * VCPU.usd + TASK_GB * MEMORY.usd)
    return tasks * task + HOURS * (BALANCER.usd + max(1, tasks - 1) * CAPACITY.usd)


def crossing(seconds: float, mb: int) -> int:
    """Requests a month from which containers cost less, to ten thousand."""
    one = Month(1_000_000, seconds, mb)
    return int(round(containers(0) / ((one.compute + one.gateway) / one.requests), -4))


def usd(amount: float) -> str:
    """Two digits that count, at least cents."""
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:,.2f}"


def by_volume() -> str:
    """A month, by how much is asked."""
    head = ["requests a month", "Lambda", "API Gateway", "DynamoDB", "S3 and logs", "**all**", "in containers"]
    months = map(Month, VOLUMES)
    rows = [
        [
            f"{m.requests:,}",
            *map(usd, (m.compute, m.gateway, m.database, m.rest)),
            f"**{usd(m.total)}**",
            usd(m.container),
        ]
        for m in months
    ]
    return table(head, rows)


def grid(cell: Sequence[Sequence[str]]) -> str:
    """By the vendors' mean latency and the router's memory."""
    head = ["vendors' mean latency", *(f"{mb} MB" for mb in MEGABYTES)]
    return table(head, [[f"{seconds:g} s", *row] for seconds, row in zip(SECONDS, cell, strict=True)])


def page() -> str:
    """The whole page."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    yield f"""# What it costs

Made by `python -m benchmarks.cost`. USD a month in us-east-1, without free tiers, discounts, egress and the vendors'
tokens. Prices are those that AWS listed in {LISTED}, at the end of this page; look there before you rely on them.

## A month, by volume

Vendors answer in {SECONDS[1]:g} s on average, the router has {MEGABYTES[1]} MB.
"""
    yield by_volume()
    yield f"""An idle deployment costs its reports and what is kept. AWS's own guidance for a gateway to several vendors
(LiteLLM in containers, with a database and a cache) is estimated at about **{GUIDANCE_USD} USD a month** before tokens,
asked or not: <{GUIDANCE}>.
Turnout costs that much at about {reached():,} requests a month.

## A million requests
"""
    yield grid([[usd(Month(1_000_000, seconds, mb).total) for mb in MEGABYTES] for seconds in SECONDS])
    yield f"""Lambda is paid for while it waits for a vendor, so latency times memory is most of it.

## From where on containers cost less

Requests a month beyond which {TASKS} tasks of {TASK_VCPU} vCPU and {TASK_GB} GB behind a load balancer, always on at
{usd(containers(0))} USD, are cheaper than Lambda and API Gateway. The router is an ASGI application, and runs there as
`make run` serves it; DynamoDB, S3 and logs cost the same.
"""
    yield grid([[f"{crossing(seconds, mb):,}" for mb in MEGABYTES] for seconds in SECONDS])
    yield f"""## What is assumed

- The router adds {OVERHEAD_SECONDS * 1000:.0f} ms to a vendor's time.
- The aggregator takes {AGGREGATOR_GB_SECONDS} GB-seconds a row.
- A row has {ROW_KB} kB and goes into {1 + INDEXES} places, the table and its index.
- It is kept for {KEPT_MONTHS} months, with point-in-time recovery.
- The aggregator writes {", ".join(str(count) for _, count in UNITS)} units a row, fewer the more is asked: decision 10.
- A request leaves {LOG_KB} kB in the log.
- {REPORTS} objects of {REPORT_MB:g} MB go to S3 a month, and are kept for a year.
- A container serves {TASK_REQUESTS:,} requests a month, a third of what one core was measured at.

## Prices
"""
    yield table(
        ["what", "USD", "for one", "listed at"],
        [[p.what, f"{p.usd:.10f}".rstrip("0"), p.unit, p.source] for p in PRICES],
    )


def reached() -> int:
    """Requests a month for the price of AWS's guidance, to ten thousand."""
    low, high = 0, 100_000_000
    while high - low > 1000:
        middle = (low + high) // 2
        low, high = (middle, high) if Month(middle).total < GUIDANCE_USD else (low, middle)
    return round(low, -4)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
