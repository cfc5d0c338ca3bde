"""The metrics in CloudWatch: one table, from which come both what is sent and `docs/metrics.md`.

They travel as lines of the function's log, of which CloudWatch makes metrics:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
Each line is a Powertools object of its own, so that rows written at once do not mix.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import pairwise

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from turnout import telemetry
from turnout.core.frozen import frozen
from turnout.core.records import Attempt, Record

NAMESPACE = "Turnout"


@frozen
class Metric[T]:
    """One metric of a T. `value` gives None where there is nothing to measure: then nothing is sent."""

    name: str
    unit: MetricUnit
    meaning: str
    value: Callable[[T], int | Decimal | None]


@frozen
class Family[T]:
    """The metrics of every T that `each` finds in a row.

    They are sent for the service as a whole, and again for each set of dimensions in `by`, unless one of the values
    that `labels` gives for this T is empty.
    """

    title: str
    each: Callable[[Record], Iterable[T]]
    labels: Callable[[T], Mapping[str, str]]
    by: tuple[tuple[str, ...], ...]
    metrics: tuple[Metric[T], ...]

    def send(self, record: Record) -> None:
        """Write one line for each T to standard output."""
        for one in self.each(record):
            line = _line(self.labels(one), self.by)
            for metric in self.metrics:
                if (value := metric.value(one)) is not None:
                    line.add_metric(metric.name, metric.unit, float(value))
            line.flush_metrics()


def tell(record: Record) -> None:
    """Send all metrics of one row."""
    for family in FAMILIES:
        family.send(record)


def _line(labels: Mapping[str, str], by: Iterable[tuple[str, ...]]) -> EphemeralMetrics:
    service = telemetry.service()
    line = EphemeralMetrics(service=service, namespace=NAMESPACE)
    for names in by:
        if all(labels[name] for name in names):
            line.add_dimensions(service=service, **{name: labels[name] for name in names})
    return line


def _failovers(record: Record) -> int:
    """How often the request moved on to another model because one had failed, or was skipped."""
    return sum(
        before.outcome in {"error", "skipped"}
        and before.part == after.part
        and (before.vendor, before.model) != (after.vendor, after.model)
        for before, after in pairwise(record.attempts)
    )


def _of_model(one: Record | Attempt) -> dict[str, str]:
    return {"vendor": one.vendor, "model": one.model}


REQUESTS = Family[Record](
    title="Requests",
    each=lambda record: [record],
    labels=_of_model,
    by=(("vendor", "model"),),
    metrics=(
        Metric("Requests", MetricUnit.Count, "Requests of clients, whatever came of them", lambda _: 1),
        Metric(
            "Errors",
            MetricUnit.Count,
            "Requests that ended with an error; the average is the error rate",
            lambda record: int(record.outcome == "error"),
        ),
        Metric(
            "Aborts",
            MetricUnit.Count,
            "Requests whose client went away",
            lambda record: int(record.outcome == "aborted"),
        ),
        Metric(
            "Failovers",
            MetricUnit.Count,
            "Times that a request moved on to another model, since one had failed or its circuit was open",
            _failovers,
        ),
        Metric(
            "Latency",
            MetricUnit.Milliseconds,
            "From the request to the end of its answer, for whole answers alone",
            lambda record: record.latency_ms if record.outcome == "ok" else None,
        ),
        Metric(
            "FirstToken",
            MetricUnit.Milliseconds,
            "From the request to the first token that the client saw, for streams alone",
            lambda record: record.first_token_ms if record.stream else None,
        ),
    ),
)
ATTEMPTS = Family[Attempt](
    title="Attempts",
    each=lambda record: [attempt for attempt in record.attempts if attempt.outcome != "skipped"],
    labels=_of_model,
    by=(("vendor", "model"),),
    metrics=(
        Metric("Attempts", MetricUnit.Count, "Calls of a model, retries and failed ones included", lambda _: 1),
        Metric(
            "InputTokens",
            MetricUnit.Count,
            "Tokens of the prompt, cached ones included",
            lambda attempt: attempt.usage.prompt,
        ),
        Metric(
            "CachedTokens",
            MetricUnit.Count,
            "Tokens of the prompt that the vendor had in its cache",
            lambda attempt: attempt.usage.cached_input,
        ),
        Metric(
            "OutputTokens",
            MetricUnit.Count,
            "Tokens of the answer, hidden reasoning included",
            lambda attempt: attempt.usage.completion,
        ),
        Metric(
            "CostUSD",
            MetricUnit.NoUnit,
            "What the vendor charges, in US dollars; estimated where it did not count the tokens",
            lambda attempt: attempt.cost_usd,
        ),
    ),
)
FAILURES = Family[Attempt](
    title="Failures",
    each=lambda record: [attempt for attempt in record.attempts if attempt.error],
    labels=lambda attempt: {**_of_model(attempt), "code": attempt.error},
    by=(("vendor", "model"), ("vendor", "code")),
    metrics=(
        Metric(
            "AttemptErrors",
            MetricUnit.Count,
            "Attempts that failed, and those that an open circuit spared (`circuit_open`), by the error's code",
            lambda _: 1,
        ),
    ),
)
FAMILIES = (REQUESTS, ATTEMPTS, FAILURES)
