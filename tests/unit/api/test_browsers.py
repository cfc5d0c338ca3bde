"""What a browser is told: how each answer may be used, and nothing to pages of other origins unless that is set."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from tests.unit.api.console.world import Console
from tests.unit.api.world import BODY, HELLO, World
from turnout.api.browsers import around
from turnout.config import BadConfig, Config

PAGE = "https://app.example.com"
PREFLIGHT = {"origin": PAGE, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
PROTECTED = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


def told(response: httpx.Response) -> dict[str, str]:
    return {name: response.headers.get(name, "") for name in PROTECTED}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/v1/models/nobody", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/v1/models", 405),
        ("POST", "/v1/chat/completions", 400),
        ("GET", "/openapi.json", 200),
    ],
)
async def test_every_answer_of_the_router_says_how_it_may_be_used(method: str, path: str, status: int) -> None:
    async with World().client() as client:
        response = await client.request(method, path)
    assert (response.status_code, told(response)) == (status, PROTECTED)


@pytest.mark.parametrize("stream", [False, True])
async def test_so_does_a_chat_streamed_or_not(stream: bool) -> None:
    response = await World({"alpha": [HELLO]}).post(stream=stream)
    assert (response.status_code, told(response)) == (200, PROTECTED)


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/requests/none", "/v1/usage?format=csv", "/nowhere"])
async def test_so_does_every_answer_of_the_console(path: str) -> None:
    assert told(await Console().get(path)) == PROTECTED


async def test_so_does_the_answer_to_an_error_that_nobody_expected() -> None:
    async def broken(_request: object) -> PlainTextResponse:
        raise RuntimeError

    async with within(Starlette(routes=[Route("/", broken)], middleware=around(()))) as client:
        response = await client.get("/")
    assert (response.status_code, told(response)) == (500, PROTECTED)


async def test_a_page_may_show_its_own_styles_and_pictures_and_run_nothing() -> None:
    async def page(_request: object) -> HTMLResponse:
        return HTMLResponse("<p>hello")

    async with within(Starlette(routes=[Route("/", page)], middleware=around(()))) as client:
        policy = (await client.get("/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def within(app: Starlette, scheme: str = "http") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://turnout.test")


async def test_only_what_came_over_tls_asks_for_tls_from_now_on() -> None:
    app = World().app
    async with within(app) as plain, within(app, "https") as secure:
        assert "strict-transport-security" not in (await plain.get("/healthz")).headers
        assert (await secure.get("/healthz")).headers["strict-transport-security"] == "max-age=31536000"


async def test_no_web_page_may_call_unless_that_is_set() -> None:
    async with World({"alpha": [HELLO]}).client() as client:
        preflight = await client.options("/v1/chat/completions", headers=PREFLIGHT)
        answer = await client.post("/v1/chat/completions", json=BODY, headers={"origin": PAGE})
    assert preflight.status_code == 405
    assert not [name for name in (*preflight.headers, *answer.headers) if name.startswith("access-control-")]


async def test_a_page_that_is_named_may_call_and_read_why() -> None:
    async with World({"alpha": [HELLO]}, origins=(PAGE,)).client() as client:
        preflight = await client.options("/v1/chat/completions", headers=PREFLIGHT)
        answer = await client.post("/v1/chat/completions", json=BODY, headers={"origin": PAGE})
        refused = await client.post("/v1/chat/completions", json={}, headers={"origin": PAGE})
        stranger = await client.get("/v1/models", headers={"origin": "https://evil.example"})
    assert preflight.status_code == 200
    for response in (preflight, answer, refused):
        assert response.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in response.headers
    assert "x-turnout-reason" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in stranger.headers


async def test_the_console_knows_the_same_pages() -> None:
    console = Console(origins=(PAGE,))
    answer = await console.get("/v1/requests", origin=PAGE)
    assert answer.headers["access-control-allow-origin"] == PAGE


def test_origins_come_from_the_environment_and_are_checked() -> None:
    read = Config.from_env({"TURNOUT_CORS_ORIGINS": f"{PAGE}, http://localhost:3000"})
    assert read.cors_origins == (PAGE, "http://localhost:3000")
    assert Config.from_env({}).cors_origins == ()
    for wrong in ("example.com", f"{PAGE}/", "https://*.example.com", "null"):
        with pytest.raises(BadConfig, match="TURNOUT_CORS_ORIGINS"):
            Config.from_env({"TURNOUT_CORS_ORIGINS": wrong})
