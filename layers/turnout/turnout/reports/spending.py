"""The chart of where money went."""

# matplotlib's own types name no more than half of its arguments:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Sequence

from matplotlib.figure import Figure

from turnout.policy.report import Spent
from turnout.policy.report_words import usd
from turnout.reports.svg import SERIES, label, svg


def spending_chart(name: str, spent: Sequence[Spent], most: int = 8) -> str:
    """Bars of where money went, the dearest on top; "" where there are fewer than two or it cost nothing."""
    shown, rest = spent[:most], spent[most:]
    if len(spent) < 2 or not float(spent[0].cost_usd):
        return ""
    bars = [(label(one.name or "none"), float(one.cost_usd), one.share) for one in shown]
    if rest:
        bars.append((f"{len(rest)} others", float(sum(one.cost_usd for one in rest)), sum(one.share for one in rest)))
    figure = Figure(figsize=(4.4, 0.5 + 0.3 * len(bars)), layout="constrained")
    place = figure.subplots()
    drawn = place.barh(range(len(bars)), [cost for _, cost, _ in bars], color=SERIES[0], height=0.62)
    place.bar_label(drawn, [f"{usd(cost)}  {share:.0%}" for _, cost, share in bars], padding=4, fontsize=9)
    place.set_yticks(range(len(bars)), [text for text, _, _ in bars])
    place.set_ylim(len(bars) - 0.5, -0.5)
    place.margins(x=0.3)
    place.grid(visible=False)
    place.xaxis.set_visible(False)
    place.spines["bottom"].set_visible(False)
    place.tick_params(length=0)
    words = "; ".join(f"{text} {usd(cost)}, {share:.0%}" for text, cost, share in bars)
    return svg(figure, f"spending-{name}", f"Spending by {name}", words)
