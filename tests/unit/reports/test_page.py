"""The page opens offline, is safe whatever models and keys are called, and can be read by ear and without colours."""

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from tests import reported
from turnout.core.outcomes import Outcomes
from turnout.core.policies import Proposal
from turnout.policy.report import Report
from turnout.policy.reporting import Seen, report
from turnout.reports.page import page

HOSTILE = "</title></style><script>alert(1)</script>\"'$x^2$&\x00<img src=x onerror=alert(2)>"
EMPTY = Proposal("2026-11-01", "2026-11-02", (), None, Outcomes({}, {}), ("Nothing was counted.",))


class Read(HTMLParser):
    """All tags with their attributes, and the text within `wanted` tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute))]


@pytest.fixture(scope="module")
def told() -> Report:
    return reported.a_report()


@pytest.fixture(scope="module")
def html(told: Report) -> str:
    return page(told)


@pytest.fixture(scope="module")
def read(html: str) -> Read:
    return Read(html)


def test_it_needs_no_network_and_runs_no_script(html: str, read: Read) -> None:
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in read.tags}
    assert all(link.startswith("#") for link in (*read.values("href"), *read.values("xlink:href")))
    assert not re.search(r"@import|url\((?!#)", html)
    assert not [name for _, attrs in read.tags for name in attrs if name.startswith("on")]
    assert "default-src 'none'" in html


def test_ids_are_there_once_and_all_that_is_referred_to_is_there(read: Read) -> None:
    ids = Counter(read.values("id"))
    assert [name for name, times in ids.items() if times > 1] == []
    links = {link.removeprefix("#") for link in (*read.values("href"), *read.values("xlink:href"))}
    labels = {name for value in read.values("aria-labelledby") for name in value.split()}
    assert (links | labels) - ids.keys() == set()


def test_each_chart_can_be_read_by_ear(html: str, read: Read) -> None:
    charts = [attrs for tag, attrs in read.tags if tag == "svg"]
    assert len(charts) > 20
    assert all(attrs["role"] == "img" and attrs["aria-labelledby"] for attrs in charts)
    assert html.count("<desc id=") == len(charts)
    assert "latency on code" in html


def test_charts_have_the_colours_of_the_page_alone(html: str) -> None:
    charts = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert not [chart for chart in charts if re.search(r"#[0-9a-f]{6}\b", chart)]
    used = set(re.findall(r"var\(--([\w-]+)\)", "".join(charts)))
    dark = re.search(r"prefers-color-scheme: dark\) \{(.*?)\n\}", html, re.DOTALL)
    assert dark
    assert [name for name in used if f"--{name}:" not in dark[1]] == []


def test_headings_go_down_one_level_at_a_time(read: Read) -> None:
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(read: Read) -> None:
    scrolling = [attrs for _, attrs in read.tags if attrs.get("class") == "scroll"]
    assert scrolling
    assert all(attrs.get("tabindex") == "0" and attrs.get("aria-label") for attrs in scrolling)


def test_it_says_what_the_report_says(told: Report, html: str) -> None:
    text = re.sub(r"<[^>]+>", "", html)
    assert told.headline in text
    assert all(step.command in text for step in told.steps)
    assert all(one in text for one in told.unknown)
    assert all(model.model in text for model in told.models)


def test_names_are_text_whatever_is_in_them(told: Report) -> None:
    hostile = told.model_copy(
        update={
            "headline": HOSTILE,
            "models": tuple(one.model_copy(update={"model": HOSTILE}) for one in told.models[:2]),
            "goals": (
                told.goals[0].model_copy(
                    update={"advice": (reported.an_advice(task=HOSTILE, now=(HOSTILE,), reason=HOSTILE),)}
                ),
            ),
            "tradeoff": tuple(one.model_copy(update={"model": HOSTILE}) for one in told.tradeoff[:2]),
            "spending": told.spending.model_copy(
                update={"keys": tuple(one.model_copy(update={"name": HOSTILE}) for one in told.spending.keys)}
            ),
            "unknown": (HOSTILE,),
        }
    )
    html = page(hostile)
    tags = {tag for tag, _ in Read(html).tags}
    assert not {"script", "img"} & tags
    assert html.count("</style>") == html.count("</title>") - html.count("<title id=") == 1
    assert "alert(1)" in html


def test_a_report_of_nothing_is_a_page_too() -> None:
    nothing = report("id", reported.NOW, EMPTY, "", Seen([], [], []))
    html = page(nothing)
    assert "Nothing was asked in this period" in html
    assert "Nothing was counted." in html
    assert "<svg" not in html


def test_one_model_on_one_day_is_a_page_too() -> None:
    cells = [(cell, counts) for cell, counts in reported.cells("model") if cell["model"] == reported.SLOW][:1]
    one = report("id", reported.NOW, EMPTY, "", Seen(cells, [], []))
    assert "Trends are drawn as soon as there are two days to compare." in page(one)


def test_the_same_report_gives_the_same_page(told: Report, html: str) -> None:
    assert page(told) == html
