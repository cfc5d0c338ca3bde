"""The page of a report: one file of HTML that opens offline, with everything in it.

Names of models, tasks, keys and tags are other people's text: the template escapes all of it, and the charts do, too.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.policies import Effect, Method, Metric, Verdict
from turnout.policy.report import ModelReport, Report
from turnout.policy.report_sums import days
from turnout.policy.report_words import LABELS, percent, plural, seconds, signed, told, usd
from turnout.reports.effects import effects_chart, judged
from turnout.reports.spending import spending_chart
from turnout.reports.svg import drawing
from turnout.reports.tradeoff import tradeoff_chart
from turnout.reports.trends import TRENDS, trend_chart

HERE = Path(__file__).parent
MOST_TRENDS = 12
"""Models whose trends are drawn, the busiest."""
MOST_SPENT = 25
"""Rows of a table of spending."""

VERDICTS: Mapping[Verdict, str] = {
    "change": "change",
    "keep": "keep",
    "not_enough_evidence": "not enough evidence",
}
GOALS: Mapping[Goal, str] = {
    "balanced": "Balanced",
    "cost": "Lowest cost",
    "latency": "Lowest latency",
    "reliability": "Highest reliability",
}
METHODS: Mapping[Method, str] = {"doubly_robust": "doubly robust", "snips": "SNIPS", "direct": "direct"}
TITLES: Mapping[Metric, str] = {
    "quality": "Quality",
    "success": "Success",
    "latency_ms": "Latency",
    "cost_usd": "Cost",
}
FLAWS: Mapping[str, str] = {"cut": "cut", "refused": "refused", "bad_json": "bad JSON", "bad_tools": "bad tool calls"}
BETTER: Mapping[Metric, int] = {"quality": 1, "success": 1, "latency_ms": -1, "cost_usd": -1}


@frozen
class Trends:
    """The small charts of one model."""

    model: ModelReport
    charts: Sequence[str]


@frozen
class Charts:
    """All that is drawn; "" for what there is nothing of."""

    effects: Mapping[str, str]
    trends: Sequence[Trends]
    tradeoff: str
    spending: Mapping[str, str]
    most_trends: int = MOST_TRENDS


def page(report: Report) -> str:
    """The whole HTML."""
    template = _environment().get_template("page.html.jinja")
    return template.render(
        report=report,
        charts=_drawn(report),
        css=Markup((HERE / "page.css").read_text("utf-8")),  # noqa: S704 - our own file
        verdicts=VERDICTS,
        goals=GOALS,
        titles=TITLES,
        labels=LABELS,
        flaws=FLAWS,
        most_spent=MOST_SPENT,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {  # pyright: ignore[reportUnknownMemberType] - jinja has no type for its values
        "percent": percent,
        "seconds": seconds,
        "usd": usd,
    }
    environment.filters |= {  # pyright: ignore[reportUnknownMemberType] - the same
        "between": between,
        "chance": chance,
        "day": day,
        "few": few,
        "methods": methods,
        "of": of,
        "plural": plural,
        "relative": relative,
        "told": in_unit,
        "whole": whole,
        "verdict": verdict,
    }
    return environment


def _drawn(report: Report) -> Charts:
    with drawing():
        return Charts(
            effects={one.goal: _svg(effects_chart(one.goal, one.advice)) for one in report.goals},
            trends=_trends(report),
            tradeoff=_svg(tradeoff_chart(report.tradeoff)),
            spending={
                name: _svg(spending_chart(name, getattr(report.spending, name)))
                for name in type(report.spending).model_fields
            },
        )


def _trends(report: Report) -> list[Trends]:
    period = days(report.first_day, report.last_day)
    drawn = (
        Trends(model, [_svg(chart) for kind in TRENDS if (chart := trend_chart(kind, model, number, period))])
        for number, model in enumerate(report.models[:MOST_TRENDS])
    )
    return [one for one in drawn if one.charts]


def _svg(chart: str) -> Markup:
    return Markup(chart)  # noqa: S704 - made by `svg`, which escapes every text


def in_unit(value: float, metric: str) -> str:
    """As `told`, in the order of a filter."""
    return told(metric, value)


def whole(sentence: str) -> Markup:
    """A sentence whose names of models are not broken at their hyphens."""
    return Markup(" ").join(
        Markup('<span class="part">{}</span>').format(word) if "/" in word else word for word in sentence.split(" ")
    )


def of(effects: Sequence[Effect], metric: Metric) -> Effect | None:
    """The effect on a metric."""
    return next((one for one in effects if one.metric == metric), None)


def relative(effect: Effect) -> str:
    """A change as it is read first: as a part of now for cost and time, in points for shares."""
    change = effect.change.mid if effect.change else 0.0
    if not effect.change or effect.change.low == effect.change.high == 0:
        return "the same"  # nothing was observed of either: both have what is expected of their class
    if effect.metric in ("quality", "success"):
        return f"{signed(change, percent).removesuffix('%')} points"
    if effect.now and effect.now.mid:
        return signed(change / effect.now.mid, lambda share: percent(share, 0))
    return signed(change, lambda value: told(effect.metric, value))


def between(effect: Effect) -> str:
    """The interval of a change, in its unit."""
    ends = (effect.change.low, effect.change.high) if effect.change else ()
    return " to ".join(signed(end, lambda value: told(effect.metric, value)) for end in ends)


def verdict(effect: Effect) -> str:
    """The class of an effect: "better", "worse", or "unsure" where that cannot be told."""
    found = judged(effect.change, BETTER[effect.metric]) if effect.change else "muted"
    return "unsure" if found == "muted" else found


def methods(effects: Sequence[Effect]) -> str:
    """How the effects were estimated, and why not better."""
    names = dict.fromkeys(METHODS[one.method] for one in effects)
    refused = dict.fromkeys(one.refused for one in effects if one.refused)
    return "; ".join([f"Estimate: {', '.join(names)}", *refused])


def chance(probability: float) -> str:
    """A probability that may be very small."""
    return "< 0.0001" if probability < 0.0001 else f"{probability:.2g}"


def day(iso: str) -> str:
    """24 November 2026."""
    told_day = date.fromisoformat(iso)
    return f"{told_day.day} {told_day:%B %Y}"


def few(names: Sequence[str], most: int = 5) -> str:
    """The first of them, and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
