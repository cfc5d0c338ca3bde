"""Frames decode the same, however the network splits them, and nothing that is no frame passes for one."""

from collections.abc import Iterable
from itertools import pairwise

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from turnout.core.errors import Garbled
from turnout.providers import sse
from turnout.providers.sse import EventSource

STREAM = {"content-type": "text/event-stream; charset=utf-8"}


def received(pieces: Iterable[bytes], headers: dict[str, str] = STREAM) -> list[tuple[str, str]]:
    source = EventSource(httpx.Headers(headers))
    return [frame for piece in pieces for frame in source.feed(piece)]


# A line ends at CR, LF or CRLF, so data that is to come out as it went in has neither.
lines = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff"), min_size=1, max_size=20)
events = st.lists(st.tuples(st.sampled_from(["message", "error", "content_block_delta"]), lines), max_size=6)


@given(told=events, end=st.sampled_from(["\n", "\r\n", "\r"]), at=st.lists(st.integers(0, 500), max_size=20))
@example(told=[("error", "é🙂"), ("message", "東京")], end="\r\n", at=list(range(500)))
def test_frames_split_anywhere_come_out_as_they_went_in(told: list[tuple[str, str]], end: str, at: list[int]) -> None:
    content = "".join(f": ping{end}event: {name}{end}data: {data}{end}{end}" for name, data in told).encode()
    bounds = sorted({0, len(content), *(point for point in at if point < len(content))})
    pieces = [content[start:stop] for start, stop in pairwise(bounds)]
    assert received(pieces) == told


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"data: a\ndata: b\n\n", [("message", "a\nb")]),
        (b"data:a\n\n", [("message", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("message", "a")]),
        (b"id: 7\nretry: 10\n\n: hello\n\n", []),
        (b"event: ping\n\nevent: error\ndata: x\n\n", [("error", "x")]),
        (b"data: a\n\ndata: b", [("message", "a")]),
        (b"data: a\n\ndata: b\n", [("message", "a")]),
        (b"", []),
    ],
    ids=["lines", "no space", "BOM", "no data", "lifecycle", "cut in a line", "cut after a line", "nothing"],
)
def test_the_standard_is_followed(content: bytes, expected: list[tuple[str, str]]) -> None:
    assert received([content]) == expected


def test_bytes_that_are_no_utf8_are_replaced_and_a_cut_character_is_never_delivered() -> None:
    assert received([b"data: a\xff\xc3\n\n"]) == [("message", "a\ufffd\ufffd")]
    assert received([b"data: a\n\n", "data: é".encode()[:-1]]) == [("message", "a")]


def test_another_charset_in_the_header_changes_nothing() -> None:
    frames_of_latin = received(["data: é\n\n".encode()], {"content-type": "text/event-stream; charset=latin-1"})
    assert frames_of_latin == [("message", "é")]


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"content-type": "application/json"}, "application/json"),
        ({"content-type": "text/html"}, "text/html"),
        ({}, "no content type"),
    ],
)
def test_another_content_type_is_garbled_and_named(headers: dict[str, str], told: str) -> None:
    with pytest.raises(Garbled, match=told):
        received([b"data: a\n\n"], headers)


def test_a_frame_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LARGEST_FRAME", 1000)
    with pytest.raises(Garbled, match="without the end of a frame"):
        received(b"data: " + b"x" * 200 for _ in range(10))


def test_many_frames_may_be_larger_together_than_one_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LARGEST_FRAME", 1000)
    assert len(received([b"data: " + b"x" * 200 + b"\n\n"] * 50)) == 50
