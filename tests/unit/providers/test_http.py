"""One call over HTTP: the request that goes out, the events that come in, and every way the network can fail."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Sequence

import httpx
import pytest

from tests.fakes import FakeClock
from turnout.config import Timeouts
from turnout.core import errors
from turnout.core.chat import Chat, Message, Text
from turnout.core.events import Answer, collect
from turnout.core.models import Model, Vendor
from turnout.core.ports import Call, Deadline
from turnout.core.records import Record
from turnout.providers import http
from turnout.providers.http import HttpVendors

type Handler = Callable[[httpx.Request], httpx.Response]

KEY = "sk-very-secret-key-of-ours"
VENDOR = Vendor("acme", "openai_chat", "https://acme.test/v1", key=KEY)
REPLY = {
    "id": "r1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}
STREAM = [
    b'data: {"id":"r1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
    b'data: {"id":"r1","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n',
    b'data: {"id":"r1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    b"data: [DONE]\n\n",
]


class Chunks(httpx.AsyncByteStream):
    """A body in pieces: bytes are sent, a number is a pause in seconds, an error is raised."""

    def __init__(self, pieces: Sequence[bytes | float | Exception]) -> None:
        self.pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, float | int):
                await asyncio.sleep(piece)
            else:
                yield piece

    async def aclose(self) -> None:
        self.closed = True


def events_of(body: httpx.AsyncByteStream) -> Handler:
    return lambda request: httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=body)


async def asked(handler: Handler, *, stream: bool = False, seconds: float = 5.0, **timeouts: float) -> Answer:
    clock = FakeClock()
    deadline = Deadline(clock.monotonic() + seconds, clock)
    chat = Chat((Message("user", (Text("hello"),)),), stream=stream)
    model = Model("m", VENDOR, "m-1", 1000, 100, frozenset(), ())
    call = Call(chat, model, share=deadline, limit=deadline, record=Record("01J", 0.0, "k", "m", stream))
    return await collect(HttpVendors(httpx.MockTransport(handler), Timeouts.model_validate(timeouts)).ask(call))


async def test_the_request_goes_to_the_vendors_url_with_its_key() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=REPLY)

    answer = await asked(handler)
    assert answer.choices[0].text == "hi"
    assert str(seen[0].url) == "https://acme.test/v1/chat/completions"
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert seen[0].headers["content-type"] == "application/json"


async def test_a_stream_gives_the_same_answer_and_its_body_is_closed() -> None:
    body = Chunks(STREAM)
    answer = await asked(events_of(body), stream=True)
    assert answer.choices[0].text == "hi"
    assert answer.done
    assert body.closed


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("late"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("?"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_vendor_that_cannot_be_reached_is_unreachable(error: Exception, stream: bool) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(errors.Unreachable):
        await asked(handler, stream=stream)


async def test_a_whole_answer_that_breaks_off_is_garbled() -> None:
    body = Chunks([b'{"choices": [', httpx.ReadError("reset")])
    with pytest.raises(errors.Garbled):
        await asked(lambda request: httpx.Response(200, stream=body))


@pytest.mark.parametrize("content", [b"", b"  \n", b"<html>", b'{"choices": [{'])
async def test_a_body_that_is_no_json_is_garbled(content: bytes) -> None:
    with pytest.raises(errors.Garbled):
        await asked(lambda request: httpx.Response(200, content=content))


@pytest.mark.parametrize("pieces", [STREAM[:2], [*STREAM[:2], httpx.ReadError("reset")], []])
async def test_a_stream_that_ends_too_early_is_cut(pieces: list[bytes | float | Exception]) -> None:
    with pytest.raises(errors.StreamCut):
        await asked(events_of(Chunks(pieces)), stream=True)


async def test_a_stream_that_never_begins_times_out_and_is_closed() -> None:
    body = Chunks([STREAM[0], 30.0])
    with pytest.raises(errors.TimedOut):
        await asked(events_of(body), stream=True, first_token=0.05)
    assert body.closed


async def test_a_stream_that_stalls_times_out_though_lifecycle_frames_go_on() -> None:
    pings: list[bytes | float | Exception] = [b": ping\n\n", 0.02] * 50
    with pytest.raises(errors.TimedOut):
        await asked(events_of(Chunks([*STREAM[:2], *pings])), stream=True, idle=0.1)


async def test_a_whole_answer_gets_its_share_of_the_time_and_no_more() -> None:
    with pytest.raises(errors.TimedOut):
        await asked(lambda request: httpx.Response(200, stream=Chunks([30.0])), seconds=0.05)


async def test_nothing_is_read_after_the_formats_own_end() -> None:
    answer = await asked(events_of(Chunks([*STREAM, 30.0])), stream=True, idle=0.5)
    assert answer.done


async def test_a_vendor_that_echoes_our_key_does_not_get_it_into_the_error() -> None:
    body = {
        "error": {"message": f"Incorrect API key provided: {KEY} or sk-proj-********abcd.", "code": "invalid_api_key"}
    }
    with pytest.raises(errors.AccessDenied) as caught:
        await asked(lambda request: httpx.Response(401, json=body))
    told = f"{caught.value} {caught.value.message} {caught.value.vendor_message}"
    assert "Incorrect API key provided" in told
    assert KEY not in told
    assert "abcd" not in told


async def test_a_huge_error_body_is_not_read_to_its_end() -> None:
    read = 0

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            nonlocal read
            while read < 10_000_000:
                read += 4096
                yield b"x" * 4096

    with pytest.raises(errors.Overloaded):
        await asked(lambda request: httpx.Response(500, stream=Endless()))
    assert read < 200_000


async def test_a_redirect_is_no_answer_and_is_not_followed() -> None:
    with pytest.raises(errors.VendorError):
        await asked(lambda request: httpx.Response(302, headers={"location": "https://elsewhere.test"}))


async def test_a_whole_answer_is_not_read_beyond_what_an_answer_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 10_000)
    body = Chunks([b" " * 4096] * 1_000_000)
    with pytest.raises(errors.Garbled, match="10000 bytes"):
        await asked(lambda request: httpx.Response(200, stream=body))
    assert body.closed


async def test_a_stream_that_goes_on_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER", 10_000)
    body = Chunks([STREAM[0], *[STREAM[1]] * 100_000])
    with pytest.raises(errors.Garbled, match="10000 bytes"):
        await asked(events_of(body), stream=True)
    assert body.closed


async def test_a_compressed_answer_is_not_unfolded() -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    for status, kind in ((200, errors.Garbled), (503, errors.Overloaded)):
        with pytest.raises(kind):
            await asked(lambda _, s=status: httpx.Response(s, headers={"content-encoding": "gzip"}, content=bomb))


async def test_vendors_are_asked_for_answers_that_are_not_compressed() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["accept-encoding"])
        return httpx.Response(200, json=REPLY)

    await asked(handler)
    assert seen == ["identity"]
