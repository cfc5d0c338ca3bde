"""`python -m turnout.telemetry.document > docs/metrics.md`: the page on the metrics, made from their table."""

import sys
from collections.abc import Iterator

from turnout.core.records import Attempt, Record
from turnout.telemetry.metrics import FAMILIES, NAMESPACE, Family

HEAD = f"""# Metrics

Made by `python -m turnout.telemetry.document > docs/metrics.md`; change `turnout/telemetry/metrics.py` instead.

The router sends these to CloudWatch, in the namespace `{NAMESPACE}`, when the row of a request has been written. They
are lines in its log (the embedded metric format), so there is no call to wait for and none to be allowed. Every set of
dimensions begins with `service`, which is `POWERTOOLS_SERVICE_NAME`; give two deployments in one account two names.
"""

FOOT = """
CloudWatch charges for each metric and set of dimensions by the hour in which something was sent, so an idle deployment
costs nothing. The number of them is {total} for the service, {each} for each model in use, and one for each vendor and
code of error that occurred.
"""


def page() -> str:
    """The whole page, in Markdown."""
    sections = [line for family in FAMILIES for line in _section(family)]
    total = sum(len(family.metrics) for family in FAMILIES)
    each = sum(len(family.metrics) for family in FAMILIES if ("vendor", "model") in family.by)
    return "\n".join([HEAD, *sections, FOOT.strip().format(total=total, each=each), ""])


def _section(family: Family[Record] | Family[Attempt]) -> Iterator[str]:
    sets = ", ".join(" + ".join(f"`{name}`" for name in ("service", *names)) for names in ((), *family.by))
    yield f"## {family.title}\n"
    yield f"Dimensions: {sets}.\n"
    yield "| Name | Unit | Meaning |"
    yield "|---|---|---|"
    for metric in family.metrics:
        yield f"| {metric.name} | {metric.unit.value} | {metric.meaning} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
