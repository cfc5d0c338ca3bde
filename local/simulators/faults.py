"""Every way in which a vendor can fail, by name: one table, for the simulators and for the tests that go through it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import takewhile
from math import ceil
from typing import Literal

from local import event_stream
from local.simulators.mind.answering import answers, forced_to_call
from local.simulators.mind.replying import with_choices
from local.simulators.personas.protocol import Frame
from local.simulators.steps import (
    Cut,
    Head,
    Send,
    Situation,
    Step,
    Steps,
    Wait,
    answered,
    body_of,
    failed,
    halves,
    headed,
    rendered,
    streamed,
    whole,
)
from turnout.core.events import Choice

type Way = Literal["plain", "stream"]
type Play = Callable[[Situation], Steps]

BOTH: frozenset[Way] = frozenset({"plain", "stream"})
STREAM: frozenset[Way] = frozenset({"stream"})
BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
)
SIGN_IN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to continue.</body></html>"
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: what it `simulates`, for which kinds of requests, and what is sent.

    `gate` is for what happens before a request exists: the listening socket is closed, or full. That needs the
    control port or `Simulator.fault`; in a prompt, such a fault does what `play` does to the one connection.
    """

    simulates: str
    play: Play
    on: frozenset[Way] = BOTH
    gate: Literal["open", "closed", "full"] = "open"


def says(name: str, headers: Callable[[Situation], Mapping[str, str]] | None = None) -> Play:
    """The vendor's own error of that name."""
    return lambda situation: failed(situation, name, headers(situation) if headers else None)


def wait_in_seconds(situation: Situation) -> dict[str, str]:
    """`Retry-After: 1`."""
    return {"retry-after": str(situation.retry_after)}


def wait_until(situation: Situation) -> dict[str, str]:
    """`Retry-After: Wed, 21 Oct 2026 07:28:00 GMT`."""
    until = datetime.fromtimestamp(ceil(situation.now), UTC) + timedelta(seconds=situation.retry_after)
    return {"retry-after": format_datetime(until, usegmt=True)}


def reset(_situation: Situation) -> Iterator[Step]:
    """The connection is reset before a byte is sent."""
    yield Cut.RESET


def silence(situation: Situation) -> Iterator[Step]:
    """Nothing is sent, then the connection is reset."""
    yield Wait(situation.hold)
    yield Cut.RESET


def slow_headers(situation: Situation) -> Iterator[Step]:
    """Nothing is sent for a while, then all of it."""
    yield Wait(situation.hold)
    yield from answered(situation)


def half(situation: Situation, *after: Step) -> Iterator[Step]:
    """A head that promises the whole body, half of it, and `after`."""
    body = body_of(situation)
    length = None if situation.stream else len(body)
    yield Head(200, headed(situation, {"content-type": situation.content_type}), length)
    yield Send(halves(body)[0])
    yield from after


def truncated_json(situation: Situation) -> Iterator[Step]:
    """Half the body, under a head and an end that say it is all."""
    sent, _ = halves(body_of(situation))
    yield Head(200, headed(situation, {"content-type": situation.content_type}), len(sent))
    yield Send(sent)


def empty(situation: Situation) -> Iterator[Step]:
    """A 200 with nothing in it."""
    yield Head(200, headed(situation, {"content-type": situation.content_type}), 0)


def page(status: int, html: bytes) -> Play:
    """A page for people."""
    return lambda situation: whole(situation, status, html, {"content-type": "text/html; charset=utf-8"})


def broken(data: bytes) -> bytes:
    """The first object in it is no JSON any more. Only a binary frame begins with a zero; it stays whole."""
    if data.startswith(b"\0"):
        return event_stream.changed(data, broken)
    return data.replace(b"{", b"{,", 1)


def malformed_json(situation: Situation) -> Steps:
    """No object in the answer can be read."""
    if situation.stream:
        return streamed(situation, [replace(frame, data=broken(frame.data)) for frame in situation.frames])
    return whole(situation, 200, broken(rendered(situation)))


def content_filter(situation: Situation) -> Steps:
    """The answer is stopped half way by the vendor's filter."""
    choices = [
        Choice(text=choice.text[: len(choice.text) // 2], finish="content_filter") for choice in situation.reply.choices
    ]
    return answered(replace(situation, reply=with_choices(situation.reply, choices)))


def refusal(situation: Situation) -> Steps:
    """The model declines, in the way that its vendor has for it."""
    choices = [Choice(refusal=REFUSAL, finish="stop") for _ in situation.reply.choices]
    return answered(replace(situation, reply=with_choices(situation.reply, choices)))


def up_to_first_token(frames: Sequence[Frame]) -> list[Frame]:
    """What comes before the model speaks."""
    return list(takewhile(lambda frame: not frame.says_something, frames))


def through_first_token(frames: Sequence[Frame]) -> list[Frame]:
    """The same, and the first thing that it says."""
    return list(frames[: len(up_to_first_token(frames)) + 1])


def only(chosen: Callable[[Sequence[Frame]], list[Frame]], *after: Step) -> Play:
    """The chosen frames, then `after`, or the end of the response."""
    return lambda situation: (*streamed(situation, chosen(situation.frames)), *after)


def then_error(chosen: Callable[[Sequence[Frame]], list[Frame]]) -> Play:
    """The chosen frames, then an error in-band, then the end of the response."""

    def play(situation: Situation) -> Steps:
        _, error = situation.problem("server_error")
        return streamed(situation, [*chosen(situation.frames), situation.persona.error_frame(error)])

    return play


def stall_after_first_token(situation: Situation) -> Iterator[Step]:
    """The first token, then nothing, then a reset."""
    yield from streamed(situation, through_first_token(situation.frames))
    yield from silence(situation)


def bad_json_line(situation: Situation) -> Steps:
    """The frame after the first token cannot be read; those after it can."""
    frames = situation.frames
    bad = min(len(through_first_token(frames)), len(frames) - 1)
    return streamed(situation, [*frames[:bad], replace(frames[bad], data=broken(frames[bad].data)), *frames[bad + 1 :]])


def without_end(frames: Sequence[Frame]) -> list[Frame]:
    """All that is said, but not the format's own end."""
    return [frame for frame in frames if frame.kind != "end"]


def tool_arguments_cut(situation: Situation) -> Iterator[Step]:
    """A tool is called if there is one; the response ends in the middle of the arguments, as if that were all."""
    choices = [said.choice for said in answers(forced_to_call(situation.question.chat))]
    frames = list(situation.persona.frames(with_choices(situation.reply, choices)))
    arguments = [at for at, frame in enumerate(frames) if frame.kind == "arguments"]
    last = arguments[len(arguments) // 2] if arguments else len(through_first_token(frames)) - 1
    yield from streamed(situation, frames[:last])
    yield Send(cut_within(frames[last].data, [call.arguments for choice in choices for call in choice.tool_calls]))


def cut_within(data: bytes, texts: Sequence[str]) -> bytes:
    """A frame up to the middle of a text that it holds whole, as Google's do; else up to its own middle."""
    ends = [data.index(text.encode()) + len(text) // 2 for text in texts if text.encode() in data]
    return data[: ends[0]] if ends else halves(data)[0]


def split_in_character(situation: Situation) -> Iterator[Step]:
    """All is right, but in chunks that part a character's bytes, a line's CR from its LF, and all else anywhere."""
    body = body_of(situation)
    if situation.content_type.startswith("text/"):
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield Head(200, headed(situation, {"content-type": situation.content_type}))
    ends = [at for at in range(1, len(body)) if splits(body, at)]
    for begin, end in zip([0, *ends], [*ends, len(body)], strict=True):
        yield Send(body[begin:end])
        yield Wait(0.0005)


def splits(data: bytes, at: int) -> bool:
    """Whether it hurts most to part the data here, or it is time to."""
    within_character = data[at] & 0xC0 == 0x80
    return within_character or data[at - 1 : at + 1] == b"\r\n" or at % 64 == 0


FAULTS: dict[str, Fault] = {
    "refused": Fault("nobody listens on the vendor's port", reset, gate="closed"),
    "reset": Fault("the connection is reset before a byte of the answer", reset),
    "connect_timeout": Fault("the vendor's backlog is full: a connection is never made", silence, gate="full"),
    "slow_headers": Fault("the headers come late, then all is well", slow_headers),
    "stall_mid_body": Fault("half of the body comes, then nothing", lambda s: half(s, Wait(s.hold), Cut.RESET)),
    "context_length": Fault("400: the prompt is longer than the model's window", says("context_length")),
    "bad_parameter": Fault("400: a parameter is out of range", says("bad_parameter")),
    "unauthorized": Fault("401: the key is not valid", says("unauthorized")),
    "forbidden": Fault("403: the key may not do this", says("forbidden")),
    "model_missing": Fault("404: the model does not exist", says("model_missing")),
    "request_timeout": Fault("408: the vendor waited too long for itself", says("request_timeout")),
    "conflict": Fault("409: another request was in the way", says("conflict")),
    "too_large": Fault("413: the body is too large", says("too_large")),
    "unprocessable": Fault("422: well formed, but not to be processed", says("unprocessable")),
    "rate_limited_seconds": Fault("429: wait so many seconds", says("rate_limited", wait_in_seconds)),
    "rate_limited_date": Fault("429: wait until that time", says("rate_limited", wait_until)),
    "quota_exhausted": Fault("429: the account has no credit left", says("quota_exhausted")),
    "server_error": Fault("500: the vendor failed", says("server_error")),
    "bad_gateway_html": Fault("502: a proxy's page for people", page(502, BAD_GATEWAY)),
    "unavailable": Fault("503: the vendor is down", says("unavailable")),
    "gateway_timeout": Fault("504: the vendor's back end was too slow", says("gateway_timeout")),
    "overloaded": Fault("529: the vendor is overloaded", says("overloaded")),
    "empty_200": Fault("200 with nothing in it", empty),
    "malformed_json": Fault("200 with an answer that is no JSON", malformed_json),
    "truncated_json": Fault("200 with half the answer, and a length that says it is whole", truncated_json),
    "truncated_json_closed": Fault("200 with half the answer, then closed", lambda s: half(s, Cut.CLOSED)),
    "wrong_content_type": Fault("200 with a page for people", page(200, SIGN_IN)),
    "content_filter": Fault("the vendor's filter stops the answer half way", content_filter),
    "refusal": Fault("the model declines", refusal),
    "cut_before_first_token": Fault("closed before the model speaks", only(up_to_first_token, Cut.CLOSED), STREAM),
    "cut_after_first_token": Fault("closed after the first token", only(through_first_token, Cut.CLOSED), STREAM),
    "stall_after_first_token": Fault("the first token, then nothing", stall_after_first_token, STREAM),
    "bad_json_line": Fault("one frame that is no JSON", bad_json_line, STREAM),
    "error_before_first_token": Fault("an error event at once", then_error(lambda _: []), STREAM),
    "error_after_first_token": Fault("an error event after the first token", then_error(through_first_token), STREAM),
    "lifecycle_then_error": Fault(
        "frames that say nothing, then an error event", then_error(up_to_first_token), STREAM
    ),
    "missing_done": Fault("all is said, but the format's own end is missing", only(without_end), STREAM),
    "tool_arguments_cut": Fault("the stream ends in a tool call's arguments", tool_arguments_cut, STREAM),
    "split_in_character": Fault("all is well, in chunks that split characters and CRLFs", split_in_character),
}
