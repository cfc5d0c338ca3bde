"""The console's routes on reports: JSON to programs, a page to browsers, a form to those that send no key."""

from typing import Any

import httpx
import pytest

from tests.unit.api.console.world import OPERATOR, OWN, Console

HTML = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
ID = "2026-11-24-030000"


async def kept() -> Console:
    """A console over two reports."""
    console = Console()
    await console.reports.write("2026-11-17-030000", "<p>old</p>", b'{"id": "old"}')
    await console.reports.write(ID, "<p>new</p>", b'{"id": "new"}')
    return console


async def test_the_newest_come_first() -> None:
    told = (await (await kept()).get("/v1/reports", OPERATOR)).json()
    assert [one["id"] for one in told["data"]] == [ID, "2026-11-17-030000"]
    assert told["data"][0]["html"] == f"/v1/reports/{ID}.html"
    assert len((await (await kept()).get("/v1/reports?limit=1", OPERATOR)).json()["data"]) == 1


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        (f"/v1/reports/{ID}", {}, b'{"id": "new"}'),
        (f"/v1/reports/{ID}", HTML, b"<p>new</p>"),
        (f"/v1/reports/{ID}.json", HTML, b'{"id": "new"}'),
        (f"/v1/reports/{ID}.html", {}, b"<p>new</p>"),
        ("/v1/reports/latest", HTML, b"<p>new</p>"),
        ("/v1/reports/latest.json", {}, b'{"id": "new"}'),
        ("/v1/reports/2026-11-17-030000", {}, b'{"id": "old"}'),
    ],
)
async def test_who_asks_gets_the_form_that_it_takes(path: str, headers: dict[str, str], body: bytes) -> None:
    answer = await (await kept()).get(path, OPERATOR, **headers)
    assert (answer.status_code, answer.content) == (200, body)
    assert answer.headers["content-type"] == ("text/html; charset=utf-8" if b"<p>" in body else "application/json")


async def test_a_page_may_load_nothing_and_is_kept_nowhere() -> None:
    headers = (await (await kept()).get("/v1/reports/latest.html", OPERATOR)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"


async def browser(console: Console, method: str, **options: Any) -> httpx.Response:
    """What a browser gets, which sends no key by itself."""
    transport = httpx.ASGITransport(console.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://turnout.test") as client:
        return await client.request(method, "/v1/reports/latest", headers=HTML, **options)


async def test_a_browser_is_asked_for_the_key_and_then_shown_the_page_at_the_same_address() -> None:
    console = await kept()
    asked = await browser(console, "GET")
    assert asked.status_code == 401
    assert '<form method="post">' in asked.text
    assert "form-action 'self'" in asked.headers["content-security-policy"]
    shown = await browser(console, "POST", data={"key": OPERATOR})
    assert (shown.status_code, shown.text) == (200, "<p>new</p>")


@pytest.mark.parametrize(("key", "status"), [("sk-nobodys", 401), ("", 401), (OWN, 403)])
async def test_a_key_that_will_not_do_gets_the_form_again(key: str, status: int) -> None:
    answer = await browser(await kept(), "POST", data={"key": key})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert "new" not in answer.text


async def test_a_program_without_a_key_gets_an_error_not_a_form() -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport((await kept()).app), base_url="http://turnout.test"
    ) as client:
        answer = await client.get("/v1/reports/latest")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "missing_api_key")


@pytest.mark.parametrize("path", ["/v1/reports", "/v1/reports/latest"])
async def test_reports_take_the_scope_read_since_they_have_the_spending_of_all(path: str) -> None:
    assert (await (await kept()).get(path, OWN)).status_code == 403


async def test_where_there_is_no_report_it_says_how_to_get_one() -> None:
    answer = await Console().get("/v1/reports/latest", OPERATOR)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "report_not_found")
    assert "POST /v1/optimize" in answer.json()["error"]["message"]
    assert (await (await kept()).get("/v1/reports/2020-01-01-000000", OPERATOR)).status_code == 404
