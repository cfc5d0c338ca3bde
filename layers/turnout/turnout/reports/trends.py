"""Small charts of how a model did from day to day."""

# matplotlib's own types name no more than half of its arguments:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from turnout.core.frozen import frozen
from turnout.policy.report import Day, ModelReport
from turnout.policy.report_words import percent, seconds, usd
from turnout.reports.svg import SERIES, svg


@frozen
class Line:
    """One line of a small chart: what of a day it shows."""

    name: str
    read: Callable[[Day], float | None]


@frozen
class Trend:
    """A small chart of each model over the days."""

    name: str
    title: str
    lines: tuple[Line, ...]
    told: Callable[[float], str]
    from_zero: bool = True


TRENDS = (
    Trend(
        "latency",
        "Latency: median, and 95% (dashed)",
        (Line("median", lambda day: day.latency_p50_ms), Line("95th percentile", lambda day: day.latency_p95_ms)),
        seconds,
    ),
    Trend("success", "Success", (Line("success", lambda day: day.success),), percent, from_zero=False),
    Trend("cost", "Cost per request", (Line("cost", lambda day: day.cost_per_request_usd),), usd),
    Trend("quality", "Quality", (Line("quality", lambda day: day.quality),), percent, from_zero=False),
)


def trend_chart(kind: Trend, model: ModelReport, number: int, days: Sequence[str]) -> str:
    """A small chart of one model; "" where fewer than two days have anything to show. `number` is the model's place."""
    by_day = {day.day: day for day in model.days}
    found = [(line, [line.read(by_day[day]) if day in by_day else None for day in days]) for line in kind.lines]
    if sum(value is not None for value in found[0][1]) < 2:
        return ""
    figure = Figure(figsize=(3.2, 1.35), layout="constrained")
    place = figure.subplots()
    for (_, values), colour, style in zip(found, SERIES, ("-", "--"), strict=False):
        heights = [float("nan") if value is None else value for value in values]
        place.plot(range(len(days)), heights, style, color=colour, linewidth=1.8, marker="o", markersize=2.2)
    _small(place, kind, days)
    words = "; ".join(f"{line.name} {_course(values, kind.told)}" for line, values in found)
    return svg(figure, f"trend-{number}-{kind.name}", f"{kind.title} of {model.model} by day", words)


def _small(place: Axes, kind: Trend, days: Sequence[str]) -> None:
    low, high = place.get_ylim()
    place.set_ylim((0, high * 1.08) if kind.from_zero else (min(0.9, low), 1.01))
    place.set_title(kind.title, fontsize=9, loc="left")
    place.set_xticks([0, len(days) - 1], [days[0][5:], days[-1][5:]])
    place.margins(x=0.06)
    place.yaxis.set_major_locator(MaxNLocator(3))
    place.yaxis.set_major_formatter(FuncFormatter(lambda value, _: kind.told(value)))
    place.tick_params(length=0)
    place.grid(axis="x", visible=False)


def _course(values: Sequence[float | None], told: Callable[[float], str]) -> str:
    """In words: where it began and ended, and between what it was."""
    known = [value for value in values if value is not None]
    if not known:
        return "was not measured"
    return f"from {told(known[0])} to {told(known[-1])}, between {told(min(known))} and {told(max(known))}"
