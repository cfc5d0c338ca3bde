"""No vendor is trusted: whatever one sends, a dialect gives events or an error of our tree, and nothing else.

A short budget of examples; `make fuzz` runs the same for longer.
"""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from local.event_stream import event, exception
from tests.contract.test_dialects import CASES, Outcome, every_dialect, load, streamed, whole
from turnout.core.errors import VendorError
from turnout.core.events import Delta, Done
from turnout.providers.dialects import DIALECTS

type Json = Any
type Where = tuple[str | int, ...]

patient = settings(
    deadline=None,
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "25")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return None


DEEP = parsed("[" * 150 + "]" * 150)
HOSTILE: list[Json] = [
    None, True, -1, 0, 2**31, 2**63, 10**40, -(10**40), 1e308, 0.5, "", " ", "9" * 5000, "4٢9", "\x00", "\u2028",
    "\U0001f682" * 50, "<html>", "[DONE]", "null", [], [[]], [None], {}, {"": {}}, {"error": {}}, {"code": "9" * 5000},
    {"type": "error"}, DEEP,
]  # fmt: skip
"""What stands where something else is due."""

anything = st.recursive(
    st.sampled_from(HOSTILE) | st.text() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def inside(value: Json) -> list[tuple[str | int, Json]]:
    """What a document holds directly, by name or number."""
    if isinstance(value, dict):
        return list(cast("dict[str | int, Json]", value).items())
    return list(enumerate(cast("list[Json]", value))) if isinstance(value, list) else []


def places(value: Json, at: Where = ()) -> list[Where]:
    """The path of every value in a document."""
    return [at, *(path for name, inner in inside(value) for path in places(inner, (*at, name)))]


def replaced(value: Json, at: Where, new: Json) -> Json:
    """A copy of the document with `new` at a path; "left out" leaves it out."""
    if not at:
        return new
    first, *rest = at
    members = [
        (name, replaced(inner, tuple(rest), new) if name == first else inner)
        for name, inner in inside(value)
        if rest or name != first or new != "left out"
    ]
    return dict(members) if isinstance(value, dict) else [inner for _, inner in members]


@st.composite
def mutated(draw: st.DrawFn, document: Json) -> Json:
    """A document with some of its values replaced by others."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(places(document)))
        document = replaced(document, at, draw(anything | st.just("left out")))
    return document


@cache
def documents(dialect: str) -> list[Json]:
    """The whole answers and the errors that were recorded."""
    cases = [load(path) for path in sorted((CASES / dialect).glob("*.json"))]
    replies = [case.reply for case in cases if case.reply is not None]
    errors = [parsed(case.error.body) for case in cases if case.error]
    return replies + [body for body in errors if body is not None]


def frames(path: Path) -> list[tuple[str, Json]]:
    """The name and the JSON of each frame of a recorded stream; what is no JSON stays text."""
    case = load(path)
    if case.frames is not None:
        return [(name, data) for name, data in case.frames]
    read: list[tuple[str, Json]] = []
    for block in (case.stream or "").split("\n\n"):
        lines = [line.partition(":") for line in block.splitlines()]
        name = "".join(value.strip() for field, _, value in lines if field == "event")
        data = "\n".join(value.strip() for field, _, value in lines if field == "data")
        if data:
            read.append((name, data if (found := parsed(data)) is None else found))
    return read


def as_sse(name: str, data: Json) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    named = f"event: {name}\n" if name and name.isprintable() else ""
    return f"{named}data: {text}\n\n".encode(errors="replace")


def as_aws(name: str, data: Json) -> bytes:
    name = name[:200]
    return (exception if name.endswith("Exception") else event)(
        name, data if isinstance(data, str) else json.dumps(data)
    )


FRAMED: dict[str, Callable[[str, Json], bytes]] = {"sse": as_sse, "aws_eventstream": as_aws}


def is_sound(outcome: Outcome) -> None:
    """An error of the tree that can be told and kept, or an answer with its end; all of it can be sent on."""
    error = outcome.error
    assert (error is None) == any(isinstance(event, Done) for event in outcome.events)
    if error:
        assert isinstance(error, VendorError)
        assert error.message
        assert len(error.message) < 10_000
        to_json([error.message, error.vendor_message, error.code])
        assert error.retry_after is None or 0 <= error.retry_after < 2**40
    for told in outcome.events:
        assert isinstance(told, Delta | Done)
        to_json(told, inf_nan_mode="null")


@every_dialect
@patient
@given(data=st.data())
def test_a_whole_answer_of_any_shape_gives_events_or_an_error(dialect: str, data: st.DataObject) -> None:
    body = data.draw(anything | st.sampled_from(documents(dialect)).flatmap(mutated))
    is_sound(whole(DIALECTS[dialect], body))


@every_dialect
@patient
@given(data=st.data())
def test_a_stream_of_any_frames_gives_events_or_an_error(dialect: str, data: st.DataObject) -> None:
    spoken = DIALECTS[dialect]
    recorded = frames(data.draw(st.sampled_from(sorted((CASES / dialect).glob("stream_*.json")))))
    assume(recorded)
    number = data.draw(st.integers(0, len(recorded) - 1))
    name, document = recorded[number]
    if isinstance(document, dict | list):
        document = data.draw(mutated(document))
    order = data.draw(st.sampled_from(["as it was", "twice", "left out", "last"]))
    changed = {"twice": [(name, document)] * 2, "left out": [], "last": []}.get(order, [(name, document)])
    sent = [*recorded[:number], *changed, *recorded[number + 1 :], *([(name, document)] if order == "last" else [])]
    is_sound(streamed(spoken, [FRAMED[spoken.FRAMING](*frame) for frame in sent]))


@every_dialect
@patient
@given(content=st.binary(max_size=400) | st.text().map(lambda text: f"data: {text}\n\n".encode(errors="replace")))
@example(b"data: " + b"[" * 100_000 + b"\n\n")
@example(b"\x00" * 64)
@example(b"\xff\xff\xff\xff" * 8)
def test_a_stream_of_any_bytes_gives_events_or_an_error(dialect: str, content: bytes) -> None:
    is_sound(streamed(DIALECTS[dialect], [content] if content else []))


@every_dialect
@patient
@given(data=st.data(), status=st.integers(300, 599))
def test_a_failing_status_with_any_body_is_an_error(dialect: str, data: st.DataObject, status: int) -> None:
    told = data.draw(anything | st.sampled_from(documents(dialect)).flatmap(mutated))
    body = data.draw(st.binary(max_size=200) | st.just(to_json(told, inf_nan_mode="constants")))
    names = st.sampled_from(["retry-after", "retry-after-ms", "x-amzn-errortype", "content-type", "x-should-retry"])
    values = st.text(max_size=30) | st.sampled_from(["9" * 400, "-1", "1e9", "Thu, 01 Jan 99999 00:00:00 GMT", "NaN"])
    outcome = Outcome()
    outcome.error = DIALECTS[dialect].error(status, data.draw(st.dictionaries(names, values)), body)
    is_sound(outcome)


@every_dialect
@patient
@given(data=st.data(), hostile=st.sampled_from(HOSTILE))
def test_nothing_hostile_in_any_one_place_of_an_answer_breaks_it(
    dialect: str, data: st.DataObject, hostile: Json
) -> None:
    document = data.draw(st.sampled_from(documents(dialect)))
    for at in places(document):
        is_sound(whole(DIALECTS[dialect], replaced(document, at, hostile)))
