"""The chart of cost against quality, with the models that no other model beats in both."""

# matplotlib's own types name no more than half of its arguments:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator
from matplotlib.transforms import Bbox

from turnout.policy.report import Point
from turnout.policy.report_words import percent, usd
from turnout.reports.svg import INK, SERIES, WIDTH, label, svg


def tradeoff_chart(points: Sequence[Point]) -> str:
    """Cost against quality of all models; "" without any."""
    if not points:
        return ""
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    place = figure.subplots()
    frontier = sorted((one for one in points if one.frontier), key=lambda one: one.cost_usd)
    place.plot(
        [one.cost_usd for one in frontier],
        [one.quality for one in frontier],
        color=SERIES[0],
        linewidth=1.5,
        alpha=0.5,
        drawstyle="steps-post",
    )
    labels = [_dot(place, one) for one in points]
    if all(one.cost_usd > 0 for one in points):
        place.set_xscale("log")
        place.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    place.margins(x=0.16, y=0.14)
    place.xaxis.set_major_formatter(FuncFormatter(lambda value, _: usd(value)))
    place.xaxis.set_minor_formatter(FuncFormatter(lambda _, __: ""))
    place.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
    place.set_xlabel("Cost of a request (cheaper to the left)")
    place.set_ylabel("Quality (better upwards)")
    figure.legend(handles=[_example(*one) for one in LEGEND.items()], loc="outside lower right", ncols=2, fontsize=9)
    figure.draw_without_rendering()
    _apart(labels, [_box(place, one) for one in points])
    best = ", ".join(f"{one.model} ({usd(one.cost_usd)}, {percent(one.quality)}, {_known(one)})" for one in frontier)
    words = f"No other model is both cheaper and better than these: {best}. All figures are in the table below."
    return svg(figure, "tradeoff", "Cost against quality of each model", words)


OBSERVED = 0.5
"""A point of which more than that was observed counts as observed: not one whose answers nobody judged."""
LEGEND = {INK["muted"]: "observed in this period", "none": "mostly expected: too few attempts or verdicts"}
"""What a dot is filled with, and what that says."""


def _known(one: Point) -> str:
    return f"{one.attempts:,} attempts, {one.verdicts:,} verdicts"


def _example(inside: str, words: str) -> Line2D:
    return Line2D([], [], linestyle="", marker="o", color=INK["muted"], markerfacecolor=inside, label=words)


ROLES = {(True, True): " (primary)", (True, False): " (primary until now)", (False, True): " (new primary)"}
"""By whether a model is first in a chain now, and would be."""


def _dot(place: Axes, one: Point) -> Annotation:
    """Draw a model; its label comes back."""
    colour = SERIES[0] if one.frontier else INK["muted"]
    spot, inside = (one.cost_usd, one.quality), colour if one.observed > OBSERVED else "none"
    place.plot(*spot, "o", color=colour, markersize=9, markerfacecolor=inside)
    if one.primary_proposed:
        place.plot(*spot, "o", color=INK["better"], markersize=16, markerfacecolor="none", markeredgewidth=1.8)
    role = ROLES.get((bool(one.primary_now), bool(one.primary_proposed)), "")
    return place.annotate(
        label(one.model) + role,
        spot,
        xytext=(0, 12),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color=INK["text"] if one.frontier or role else INK["muted"],
    )


OFFSETS = (12, -21, 25, -34, 38)
"""Points above a dot at which its label may be, the best first."""


def _box(place: Axes, one: Point) -> Bbox:
    """Where a dot is drawn."""
    across, up = place.transData.transform((one.cost_usd, one.quality))
    return Bbox.from_bounds(across - 9, up - 9, 18, 18)


def _apart(labels: Sequence[Annotation], dots: Sequence[Bbox]) -> None:
    """Move labels that would cover dots or other labels."""
    taken = list(dots)
    for one in labels:
        taken.append(_placed(one, taken))


def _placed(one: Annotation, taken: Sequence[Bbox]) -> Bbox:
    """Where a label covers nothing; where that can't be had, it stays where it was tried last."""
    box = one.get_window_extent()
    for offset in OFFSETS:
        one.set_position((0, offset))
        if not (box := one.get_window_extent()).count_overlaps(taken):
            break
    return box
