"""Connections that are kept, against servers that answer in every way that HTTP/1.1 allows, and in some others."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from turnout.http1 import connection as http1
from turnout.http1 import connections
from turnout.http1.connection import Broken
from turnout.http1.connections import Connections, Origin, Unreached

type Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
"""Answers one request: the reader has its body, the number tells how many came before on this connection."""

REQUEST = b"POST /v1 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


@asynccontextmanager
async def serving(play: Play) -> AsyncGenerator[tuple[Origin, list[int]]]:
    """A server, and for each of its connections the number of requests that came over it."""
    counts: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counts.append(0)
        at = len(counts) - 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                counts[at] += 1
                await play(reader, writer, counts[at] - 1)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1]), counts
        server.close_clients()


def saying(*pieces: bytes | float) -> Play:
    """Bytes are sent, a number is a pause in seconds, nothing at all hangs up."""

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: int) -> None:
        for piece in pieces:
            if not isinstance(piece, bytes):
                await asyncio.sleep(piece)
            elif piece:
                writer.write(piece)
                await writer.drain()
            else:
                writer.close()

    return play


async def asked(origin: Origin, kept: Connections | None = None) -> tuple[int, bytes]:
    async with asyncio.timeout(5):
        return await (kept or Connections()).whole(origin, REQUEST, 1.0)


@pytest.mark.parametrize(
    "response",
    [
        OK,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\ntrailer: t\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + OK,
    ],
    ids=["sized", "chunked", "informational first"],
)
async def test_answers_one_after_the_other_come_over_one_connection(response: bytes) -> None:
    kept = Connections()
    async with serving(saying(response)) as (origin, counts):
        for _ in range(3):
            assert await asked(origin, kept) == (200, b"hello")
    assert counts == [3]


@pytest.mark.parametrize(
    "response",
    [
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b""),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",),
        (OK + OK,),
        (OK + b"HTTP/1.1 200",),
    ],
    ids=["ended by closing", "HTTP/1.0", "closing", "a second answer", "a part of a second answer"],
)
async def test_a_connection_that_may_not_be_used_again_is_not(response: tuple[bytes, ...]) -> None:
    kept = Connections()
    async with serving(saying(*response)) as (origin, counts):
        for _ in range(2):
            assert await asked(origin, kept) == (200, b"hello")
    assert counts == [1, 1]


async def test_no_body_is_none_and_keeps_the_connection() -> None:
    kept = Connections()
    async with serving(saying(b"HTTP/1.1 204 No Content\r\n\r\n")) as (origin, counts):
        for _ in range(2):
            assert await asked(origin, kept) == (204, b"")
    assert counts == [2]


@pytest.mark.parametrize(
    "response",
    [
        (b"",),
        (b"HTTP/1.1 200 OK\r\ncontent-le", b""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", b""),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", b""),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\nhello",),
        (b"SSH-2.0-OpenSSH_9.6\r\n",),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n\x00\x00",),
        (b"HTTP/1.1 200 OK\r\nx: " + b"x" * http1.LARGEST_HEAD,),
    ],
    ids=["nothing", "cut head", "cut body", "cut chunks", "no chunk", "two lengths", "no HTTP", "upgrade", "huge head"],
)
async def test_what_is_no_whole_answer_is_broken(response: tuple[bytes, ...]) -> None:
    async with serving(saying(*response)) as (origin, _):
        with pytest.raises(Broken):
            await asked(origin)


async def test_what_came_of_a_body_before_it_broke_is_told_first() -> None:
    kept = Connections()
    async with serving(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", 0.05, b"")) as (origin, _):
        answer = await kept.ask(origin, REQUEST, 1.0)
        assert (answer.status, answer.headers) == (200, [(b"content-length", b"9")])
        assert await answer.read() == b"hello"
        with pytest.raises(Broken):
            await answer.read()


async def test_an_idle_connection_that_the_server_has_closed_is_not_used() -> None:
    kept = Connections()
    async with serving(saying(OK, 0.01, b"")) as (origin, counts):
        for _ in range(3):
            assert await asked(origin, kept) == (200, b"hello")
            await asyncio.sleep(0.1)
    assert counts == [1, 1, 1]


async def test_an_end_that_the_loop_has_not_seen_yet_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "FRESH_SECONDS", 0.0)
    kept, closed = Connections(), asyncio.Event()
    async with serving(saying(OK, 0.01, b"")) as (origin, counts):
        answer = await kept.ask(origin, REQUEST, 1.0)
        while await answer.read():
            pass
        answer.transport.pause_reading()  # as a loop that does not run sees nothing
        kept.give_back(origin, answer)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closed.wait(), 0.1)
        assert not answer.closed
        assert await asked(origin, kept) == (200, b"hello")
    assert counts == [1, 1]


async def test_what_was_idle_for_too_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Connections()
    async with serving(saying(OK)) as (origin, counts):
        await asked(origin, kept)
        monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
        await asked(origin, kept)
    assert counts == [1, 1]


async def test_an_answer_that_is_given_back_half_read_takes_its_connection_with_it() -> None:
    kept = Connections()
    async with serving(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")) as (origin, counts):
        answer = await kept.ask(origin, REQUEST, 1.0)
        kept.give_back(origin, answer)
        assert answer.closed
        await kept.ask(origin, REQUEST, 1.0)
    assert counts == [1, 1]


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"


async def given_back_ending(kept: Connections, origin: Origin) -> None:
    answer = await kept.ask(origin, REQUEST, 1.0)
    assert await answer.read() == b"hello"
    kept.give_back(origin, answer, ending=True)


async def test_an_answer_that_has_said_all_keeps_its_connection_once_its_end_has_come() -> None:
    kept = Connections()
    async with serving(saying(CHUNKED, 0.05, b"0\r\n\r\n")) as (origin, counts):
        for _ in range(3):
            await given_back_ending(kept, origin)
            await asyncio.sleep(0.15)
    assert counts == [3]


@pytest.mark.parametrize("end", [(), (b"",), (b"0\r\nbad\x00 header\r\n",)], ids=["never", "hung up", "nonsense"])
async def test_an_end_that_does_not_come_as_it_should_closes_the_connection(
    end: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ENDING_SECONDS", 0.05)
    kept = Connections()
    async with serving(saying(CHUNKED, 0.01, *end)) as (origin, counts):
        for _ in range(2):
            await given_back_ending(kept, origin)
            await asyncio.sleep(0.15)
    assert counts == [1, 1]


async def test_who_is_cancelled_while_waiting_leaves_no_connection_behind() -> None:
    kept = Connections()
    async with serving(saying(30.0)) as (origin, counts):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await kept.ask(origin, REQUEST, 1.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await kept.ask(origin, REQUEST, 1.0)
    assert counts == [1, 1]


async def test_as_many_connections_as_there_are_requests_at_once() -> None:
    kept = Connections()
    async with serving(saying(0.05, OK)) as (origin, counts):
        answers = await asyncio.gather(*(asked(origin, kept) for _ in range(20)))
        assert set(answers) == {(200, b"hello")}
        await asyncio.gather(*(asked(origin, kept) for _ in range(20)))
    assert counts == [2] * 20


async def test_a_server_waits_while_nobody_reads_its_body() -> None:
    sent = 0

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: int) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n")
        for _piece in range(1024):
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    kept = Connections()
    async with serving(play) as (origin, _):
        answer = await kept.ask(origin, REQUEST, 1.0)
        await asyncio.sleep(0.3)
        before, read = sent, 0
        assert before < 32 * 2**20
        while piece := await answer.read():
            read += len(piece)
        assert read == sent == 64 * 2**20
        assert answer.reusable


async def test_who_cannot_be_reached_is_told_so() -> None:
    async with serving(saying(OK)) as (origin, _):
        pass
    with pytest.raises(Unreached):
        await asked(origin)
    with pytest.raises(Unreached):
        await asked(Origin("http", "no-such-host.invalid", 80))


async def test_a_server_that_does_not_take_the_connection_in_time_is_not_reached() -> None:
    async with serving(saying(30.0)) as (origin, _):
        secure = Origin("https", origin.host, origin.port)  # it never answers the handshake
        with pytest.raises(Unreached, match=r"0\.1 s"):
            await Connections().ask(secure, REQUEST, 0.1)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), at=st.lists(st.integers(0, 400), max_size=6), chunk=st.integers(1, 50))
async def test_a_body_is_the_same_however_it_is_cut(body: bytes, at: list[int], chunk: int) -> None:
    chunks = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    coded = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in chunks) + b"0\r\n\r\n"
    whole = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + coded
    bounds = sorted({0, len(whole), *(point for point in at if point < len(whole))})
    pieces = [whole[start:stop] for start, stop in pairwise(bounds)]
    paused = [part for piece in pieces for part in (piece, 0.0)]
    async with serving(saying(*paused)) as (origin, _):
        assert await asked(origin) == (200, body)


def test_connections_of_another_loop_are_left_alone() -> None:
    kept = Connections()

    async def once() -> list[int]:
        async with serving(saying(OK)) as (origin, counts):
            await asked(origin, kept)
            await asked(Origin("http", "127.0.0.1", origin.port), kept)
            return counts

    assert asyncio.run(once()) == [2]
    assert asyncio.run(once()) == [2]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.test/v1", Origin("https", "api.test", 443)),
        ("http://[::1]:8080", Origin("http", "::1", 8080)),
    ],
)
def test_an_origin_is_read_off_a_url(url: str, origin: Origin) -> None:
    assert Origin.of(url) == origin
