"""Messages decode the same, however the network splits them, and nothing that is damaged passes for one."""

import struct
from binascii import crc32
from collections.abc import Iterable
from itertools import pairwise

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic_core import from_json

from local.event_stream import event, exception, message
from turnout.core.errors import Garbled
from turnout.providers import eventstream
from turnout.providers.eventstream import EXCEPTION, EventStream

STREAM = {"content-type": "application/vnd.amazon.eventstream"}
HELLO = event("contentBlockDelta", {"delta": {"text": "hello"}})


def received(pieces: Iterable[bytes], headers: dict[str, str] = STREAM) -> list[tuple[str, str]]:
    stream = EventStream(httpx.Headers(headers))
    return [frame for piece in pieces for frame in stream.feed(piece)]


events = st.lists(
    st.tuples(st.sampled_from(["messageStart", "metadata", "contentBlockDelta"]), st.text(max_size=20)), max_size=6
)


@given(told=events, at=st.lists(st.integers(0, 1000), max_size=20))
@example(told=[("metadata", "é🙂"), ("messageStart", ""), ("metadata", "東京")], at=list(range(1000)))
def test_messages_split_anywhere_come_out_as_they_went_in(told: list[tuple[str, str]], at: list[int]) -> None:
    content = b"".join(event(name, data) for name, data in told)
    bounds = sorted({0, len(content), *(point for point in at if point < len(content))})
    pieces = [content[start:stop] for start, stop in pairwise(bounds)]
    assert received(pieces) == told


@given(at=st.integers(0, len(HELLO) - 1), bit=st.integers(0, 7))
def test_no_damage_of_a_single_bit_goes_unnoticed(at: int, bit: int) -> None:
    damaged = bytearray(HELLO)
    damaged[at] ^= 1 << bit
    try:
        assert received([bytes(damaged)]) == []  # a length that grew: the message has not come whole
    except Garbled as error:
        assert "damaged" in error.message


@given(kept=st.integers(0, len(HELLO) - 1))
def test_a_message_that_is_cut_never_happened(kept: int) -> None:
    assert received([HELLO, HELLO[:kept]]) == [("contentBlockDelta", '{"delta":{"text":"hello"}}')]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (exception("throttlingException", {"message": "slow"}), {"message": "slow", "__type": "throttlingException"}),
        (exception("oddException", "no json"), {"message": "no json", "__type": "oddException"}),
        (exception("oddException", "[1]"), {"message": "[1]", "__type": "oddException"}),
        (
            message({":message-type": "error", ":error-code": "InternalFailure", ":error-message": "oh"}, ""),
            {"message": "oh", "__type": "InternalFailure"},
        ),
    ],
    ids=["of the model", "no JSON", "no object", "of none"],
)
def test_an_error_in_the_stream_is_told_with_its_type(content: bytes, told: dict[str, str]) -> None:
    [(name, data)] = received([content])
    assert (name, from_json(data)) == (EXCEPTION, told)


def checked(head: bytes, total: int) -> bytes:
    """A message with these headers' bytes and this length, whatever sense they make, and checksums that hold."""
    lengths = struct.pack("!II", total, len(head))
    whole = lengths + struct.pack("!I", crc32(lengths)) + head
    return whole + struct.pack("!I", crc32(whole))


@pytest.mark.parametrize(
    "content",
    [
        checked(b"\x01a\x63", 19),
        checked(b"\x02\xff\xfe\x00", 20),
        checked(b"", 0),
        checked(b"\x01a\x00\x01a\x00", 22),
        struct.pack("!III", 2**31, 0, crc32(struct.pack("!II", 2**31, 0))),
    ],
    ids=["type", "name", "length 0", "twice", "too long"],
)
def test_a_message_that_makes_no_sense_is_garbled(content: bytes) -> None:
    with pytest.raises(Garbled, match="damaged"):
        received([content])


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"content-type": "application/json"}, "application/json"),
        ({"content-type": "text/event-stream"}, "text/event-stream"),
        ({}, "no content type"),
    ],
)
def test_another_content_type_is_garbled_and_named(headers: dict[str, str], told: str) -> None:
    with pytest.raises(Garbled, match=told):
        received([HELLO], headers)


def test_a_message_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventstream, "LARGEST_FRAME", 1000)
    large = event("metadata", "x" * 2000)
    with pytest.raises(Garbled, match="without the end of a frame"):
        received(large[at : at + 100] for at in range(0, len(large), 100))


def test_many_messages_may_be_larger_together_than_one_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventstream, "LARGEST_FRAME", 1000)
    assert len(received([HELLO] * 50)) == 50
