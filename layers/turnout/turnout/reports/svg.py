"""A figure of matplotlib as SVG that lives in a page: in the page's colours and fonts, with a text alternative.

Charts are drawn in the colours of INK, each of which stands for one of the page's CSS variables. So the same chart is
legible on a light screen, on a dark one and on paper, and no script is needed for that.
"""

# matplotlib's own types name no more than half of its arguments:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import io
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

INK: Mapping[str, str] = {
    "text": "#010101",
    "muted": "#010102",
    "line": "#010103",
    "page": "#010104",
    "better": "#010105",
    "worse": "#010106",
    "series-1": "#010111",
    "series-2": "#010112",
    "series-3": "#010113",
    "series-4": "#010114",
    "series-5": "#010115",
    "series-6": "#010116",
}
"""The colour that is drawn for each CSS variable of the page's style sheet."""
SERIES = tuple(colour for name, colour in INK.items() if name.startswith("series-"))
"""Told apart by those who see no red or no green, too; what matters is never told by colour alone."""

WIDTH = 10.0
"""Inches of a chart as wide as the page, of 72 px each."""
LONGEST_LABEL = 34

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK["line"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK["muted"],
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK["text"],
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": INK["line"],
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: it can be read aloud, found and copied
    "svg.hashsalt": "turnout",
    "text.color": INK["text"],
    "text.parse_math": False,  # a name is not a formula
    "xtick.color": INK["muted"],
    "xtick.labelsize": 9,
    "ytick.color": INK["muted"],
    "ytick.labelsize": 9,
}


@contextmanager
def drawing() -> Generator[None]:
    """The style of all charts holds within it."""
    _ = fontManager  # its cache is made where it is first asked for, not in the midst of a chart
    with mpl.rc_context(_STYLE):
        yield


def svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as an `<svg>` to be put into a page; `name` keeps its ids apart from those of other charts."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    body = out.getvalue().partition("<svg")[2].partition(">")[2]
    width, height = (round(72 * inches) for inches in figure.get_size_inches())
    return (
        f'<svg class="chart" role="img" aria-labelledby="{name}-title {name}-desc" viewBox="0 0 {width} {height}" '
        f'style="--width:{width}px" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
        f"{_named(_inked(_bare(body)), name)}"
    )


def _bare(body: str) -> str:
    """Without what a page has no use for: metadata, styles, white space, and ids that nothing refers to."""
    body = re.sub(r"<(metadata|style)\b.*?</\1>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r" transform=\"rotate\(-0 [^)]*\)\"|(?<=>)\s+(?=<)", "", body).replace("\n", " ")
    referred = set(re.findall(r"#([\w-]+)[\")]", body))
    return re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in referred else "", body)


def _inked(body: str) -> str:
    for name, colour in INK.items():
        body = body.replace(colour, f"var(--{name})")
    return re.sub(r" font-family: [^;\"]*;", "", body)


def _named(body: str, name: str) -> str:
    body = re.sub(r' id="([^"]+)"', rf' id="{name}-\1"', body)
    return re.sub(r"(href=\"#|url\(#)", rf"\1{name}-", body)


def label(text: str) -> str:
    """Short enough for a chart, and without what no font can show."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= LONGEST_LABEL else f"{shown[: LONGEST_LABEL - 1]}…"
