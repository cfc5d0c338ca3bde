"""The chart of effects: what each proposed change does to a request, with its interval."""

# matplotlib's own types name no more than half of its arguments:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from turnout.core.frozen import frozen
from turnout.core.policies import Advice, Effect, Interval, Metric
from turnout.policy.report_words import percent, signed
from turnout.reports.svg import INK, WIDTH, label, svg


@frozen
class Panel:
    """One column of the chart of effects: changes in points of a share or, if `relative`, as a part of now."""

    metric: Metric
    title: str
    better: int
    relative: bool = False


PANELS = (
    Panel("cost_usd", "Cost of a request", -1, relative=True),
    Panel("latency_ms", "Latency", -1, relative=True),
    Panel("quality", "Quality", 1),
    Panel("success", "Success", 1),
)


def effects_chart(goal: str, advice: Sequence[Advice]) -> str:
    """What each proposed change does, with its interval; "" where nothing would change."""
    changed = [one for one in advice if one.verdict == "change"]
    panels = [panel for panel in PANELS if any(_change(one.effects, panel) for one in changed)]
    if not panels:
        return ""
    figure = Figure(figsize=(WIDTH, 0.75 + 0.32 * len(changed)), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for place, panel in zip(axes, panels, strict=True):
        _forest(place, panel, changed)
    words = "; ".join(f"{one.task or 'unclassified'}: {', '.join(_said(one.effects, panels))}" for one in changed)
    return svg(figure, f"effects-{goal}", f"Expected changes for the goal {goal}, with 95% intervals", words)


def _forest(place: Axes, panel: Panel, changed: Sequence[Advice]) -> None:
    place.axvline(0, color=INK["muted"], linewidth=1)
    for row, one in enumerate(changed):
        if change := _change(one.effects, panel):
            sure = judged(change, panel.better)
            place.plot([change.low, change.high], [row, row], color=INK[sure], linewidth=3, alpha=0.5)
            place.plot(change.mid, row, MARKS[sure], color=INK[sure], markersize=6.5)
    place.set_title(panel.title, fontsize=10, fontweight="bold", loc="left")
    place.set_yticks(range(len(changed)), [label(one.task or "unclassified") for one in changed])
    place.set_ylim(len(changed) - 0.5, -0.5)
    place.margins(x=0.12)
    place.xaxis.set_major_locator(MaxNLocator(3))
    place.xaxis.set_major_formatter(FuncFormatter(lambda value, _: signed(value, percent)))
    place.grid(axis="y", visible=False)
    place.tick_params(length=0)


MARKS: Mapping[str, str] = {"better": "o", "worse": "s", "muted": "D"}


def judged(change: Interval, better: int) -> str:
    """Whether a change is "better" or "worse" with 95% confidence; "muted" where that cannot be told."""
    low, high = sorted((better * change.low, better * change.high))
    return "better" if low > 0 else "worse" if high < 0 else "muted"


def _change(effects_: Sequence[Effect], panel: Panel) -> Interval | None:
    """In the panel's unit; None where it is not known."""
    found = next((one for one in effects_ if one.metric == panel.metric), None)
    if not found or not found.change or not panel.relative:
        return found.change if found else None
    if not found.now or not found.now.mid:
        return None
    by, now = found.change, found.now.mid
    return Interval(by.low / now, by.mid / now, by.high / now)


def _said(effects_: Sequence[Effect], panels: Sequence[Panel]) -> list[str]:
    found = [(panel, _change(effects_, panel)) for panel in panels]
    return [
        f"{panel.title.lower()} {signed(one.mid, percent)} ({signed(one.low, percent)} to {signed(one.high, percent)})"
        for panel, one in found
        if one
    ]
