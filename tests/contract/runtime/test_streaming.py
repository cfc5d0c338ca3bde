"""The loop streams piece by piece, and is honest about every way in which an answer can fail."""

import asyncio
import base64
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from pydantic_core import from_json

from tests.contract.runtime.apps import Failing, Paced, Stalling, echo, piece, start
from tests.contract.runtime.conftest import Deploy
from turnout.core.errors import Overloaded
from turnout.runtime.asgi import Message, Receive, Scope, Send
from turnout.runtime.invocation import MARGIN, RESERVE, remaining

BOOM = RuntimeError("the prompt was: attack at dawn")
LATE = MARGIN + 0.3  # a function's timeout that leaves an app 0.3 s


async def seen(chunks: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """What a client gets, and whether it was cut."""
    body = b""
    try:
        async for chunk in chunks:
            body += chunk
    except httpx.RemoteProtocolError:
        return body, True
    return body, False


def told(trailers: dict[str, str]) -> dict[str, str]:
    """The error object in the trailers of an answer."""
    return from_json(base64.b64decode(trailers["lambda-runtime-function-error-body"]))


async def test_each_piece_arrives_before_the_next_is_made(deployed: Deploy) -> None:
    app = Paced()
    app.may_write.set()
    async with deployed(app) as d:
        app.pieces.put_nowait(b"0")
        async with d.client.stream("POST", "/v1/chat/completions", json={}) as response:
            chunks = response.aiter_raw()
            assert await anext(chunks) == b"0"
            for n in range(1, 20):
                app.pieces.put_nowait(b"%d" % n)
                assert await anext(chunks) == b"%d" % n
            app.pieces.put_nowait(None)
            assert await seen(chunks) == (b"", False)


async def test_the_row_is_written_after_the_last_byte_and_before_the_next_event(deployed: Deploy) -> None:
    app = Paced()
    async with deployed(app) as d:
        for body in (b"all", None, b"of it", None):
            app.pieces.put_nowait(body)
        assert (await d.client.get("/first")).content == b"all"
        assert (d.function.asked, app.rows) == (1, [])
        second = asyncio.create_task(d.client.get("/second"))
        app.may_write.set()
        assert (await second).content == b"of it"
        assert app.rows[0] == "/first"


@pytest.mark.parametrize("before", [[], [start()]], ids=["before the head", "before the first byte"])
async def test_an_error_before_the_first_byte_has_its_own_status(deployed: Deploy, before: list[Message]) -> None:
    async with deployed(Failing(BOOM, before)) as d:
        response = await d.client.get("/ill")
        assert response.status_code == 500
        assert response.json()["error"]["code"] == "internal_error"
        assert "dawn" not in response.text
        assert (await d.client.get("/well")).text == "well"


async def test_an_error_after_the_first_byte_cuts_the_answer_and_lambda_is_told(deployed: Deploy) -> None:
    async with deployed(Failing(BOOM, [start(), piece(b"half of")])) as d:
        async with d.client.stream("GET", "/ill") as response:
            assert await seen(response.aiter_raw()) == (b"half of", True)
        [trailers] = d.function.trailers
        assert trailers["lambda-runtime-function-error-type"] == "RuntimeError"
        assert "dawn" not in told(dict(trailers))["errorMessage"]
        assert (await d.client.get("/well")).text == "well"


async def test_an_error_of_ours_keeps_its_status_and_its_message(deployed: Deploy) -> None:
    async with deployed(Failing(Overloaded("Ask later."), [])) as d:
        response = await d.client.get("/ill")
        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert response.json()["error"]["message"] == "Ask later."


async def test_an_error_after_the_last_byte_harms_no_answer(deployed: Deploy, caplog: pytest.LogCaptureFixture) -> None:
    async with deployed(Failing(BOOM, [start(), piece(b"all", more=False)])) as d:
        assert (await d.client.get("/ill")).text == "all"
        assert (await d.client.get("/well")).text == "well"
    assert "RuntimeError" in caplog.text
    assert "dawn" not in caplog.text


async def test_time_that_runs_out_before_the_first_byte_is_504(deployed: Deploy) -> None:
    app = Stalling([start()])
    async with deployed(app, limit=LATE) as d:
        response = await d.client.get("/")
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "deadline_exceeded"
    assert app.rows == ["aborted"]


async def test_time_that_runs_out_after_the_first_byte_cuts_the_answer(deployed: Deploy) -> None:
    app = Stalling([start(), piece(b"half of")])
    async with deployed(app, limit=LATE) as d:
        async with d.client.stream("GET", "/") as response:
            assert await seen(response.aiter_raw()) == (b"half of", True)
        assert told(dict(d.function.trailers[0]))["errorType"] == "DeadlineExceeded"
    assert app.rows == ["aborted"]


async def test_an_app_that_stops_halfway_is_no_clean_end(deployed: Deploy) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(piece(b"half of"))

    async with deployed(app) as d, d.client.stream("GET", "/") as response:
        assert await seen(response.aiter_raw()) == (b"half of", True)


async def test_an_app_that_cancels_itself_does_not_end_the_environment(deployed: Deploy) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    async with deployed(app) as d:
        assert [(await d.client.get("/")).status_code for _ in range(2)] == [500, 500]


@pytest.mark.parametrize("body", [b"", b'{"a": "\xc3\xa4"}', bytes(range(256)), b"x" * 1_000_000])
async def test_a_body_comes_to_the_app_as_it_was_sent(deployed: Deploy, body: bytes) -> None:
    async with deployed(echo) as d:
        assert (await d.client.post("/", content=body)).content == body


async def test_the_app_sees_a_disconnect_only_when_its_answer_is_over(deployed: Deploy) -> None:
    kinds: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        kinds.append((await receive())["type"])
        disconnect = asyncio.ensure_future(receive())
        await send(start())
        await send(piece(b"all"))
        assert not disconnect.done()
        await send(piece(b"", more=False))
        kinds.append((await disconnect)["type"])

    async with deployed(app) as d:
        assert (await d.client.get("/")).text == "all"
        assert (await d.client.get("/")).text == "all"
    assert kinds == ["http.request", "http.disconnect"] * 2


async def test_status_headers_and_cookies_arrive(deployed: Deploy) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        cookies = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
        await send(
            {"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"1"), (b"x-a", b"2"), *cookies]}
        )
        await send(piece(b"", more=False))

    async with deployed(app) as d:
        response = await d.client.get("/")
    assert (response.status_code, response.headers["x-a"]) == (201, "1, 2")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


async def test_an_event_that_is_not_http_is_refused_and_the_next_is_served(deployed: Deploy) -> None:
    async with deployed(echo) as d:
        pieces = [p async for p in d.function.invoke(b'{"Records": []}')]
        assert len(pieces) == 1
        assert [f.type for f in d.function.failures] == ["NotHttp"]
        assert (await d.client.post("/", content=b"still here")).content == b"still here"


async def test_the_app_knows_how_much_time_lambda_leaves(deployed: Deploy) -> None:
    left: list[float | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        left.append(remaining(scope))
        await echo(scope, receive, send)

    async with deployed(app, limit=20) as d:
        await d.client.get("/")
    [seconds] = left
    assert seconds is not None
    assert 0 < seconds <= 20 - RESERVE
