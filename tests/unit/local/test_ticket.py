"""The printed link opens reports, and nothing else."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from local.ticket import ticketed


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says with which key it was asked."""
    request = Request(scope, receive)
    told = f"{request.headers.get('authorization')} {request.url.query}"
    await PlainTextResponse(told)(scope, receive, send)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/v1/reports/latest?ticket=good", "Bearer sk-1 "),
        ("GET", "/v1/reports/2026-11-24-030000.html?ticket=good", "Bearer sk-1 "),
        ("GET", "/v1/reports/latest?ticket=bad", "None ticket=bad"),
        ("GET", "/v1/reports/latest?ticket=", "None ticket="),
        ("GET", "/v1/reports/latest", "None "),
        ("GET", "/v1/reports?ticket=good", "None ticket=good"),
        ("GET", "/v1/policies?ticket=good", "None ticket=good"),
        ("POST", "/v1/reports/latest?ticket=good", "None ticket=good"),
    ],
)
async def test_the_ticket_is_good_for_reading_reports_alone(method: str, path: str, told: str) -> None:
    transport = httpx.ASGITransport(ticketed(app, "good", "sk-1"))
    async with httpx.AsyncClient(transport=transport, base_url="http://turnout.test") as client:
        assert (await client.request(method, path)).text == told
