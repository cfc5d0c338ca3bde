"""The console's endpoints on reports: as JSON for programs, as a page for browsers, which are asked for the key.

A browser cannot send a key with an address, and an address with a key in it would be kept in histories and logs. So who
opens a report without a key gets a form, which sends the key in the body of a POST to the same address, once.
"""

from html import escape
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from pydantic_core import to_json
from starlette.responses import Response

from turnout.api import access, sizes
from turnout.api.console.policy_wire import ReportPage, report_item
from turnout.api.console.queries import ReportsQuestion, asked
from turnout.api.console.services import ConsoleServices
from turnout.core.errors import Forbidden, Unauthenticated
from turnout.core.frozen import frozen
from turnout.core.reporting import UnknownReport

LATEST = "latest"
MOST_BODY_BYTES = 4_096
JSON, HTML = "application/json", "text/html; charset=utf-8"
TYPES = {"json": JSON, "html": HTML}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action {}"
_ALWAYS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "private, no-store"}
SHOWN = {**_ALWAYS, "content-security-policy": _POLICY.format("'none'")}
"""The headers of a report: no script runs in it, nothing is loaded, and no other page can frame it."""
ASKED = {**_ALWAYS, "content-security-policy": _POLICY.format("'self'")}

FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Turnout: a key, please</title>
<style>:root {{ color-scheme: light dark; }} body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem;
margin: 18vh auto 0; padding: 0 1.25rem; }} input, button {{ font: inherit; padding: .5rem .7rem; border-radius: 6px;
border: 1px solid GrayText; }} input {{ width: 100%; box-sizing: border-box; margin: .3rem 0 .8rem; }}
[role=alert] {{ border-left: 4px solid; padding-left: .7rem; }}</style></head>
<body><main><h1>Turnout's report</h1>{told}
<form method="post"><label for="key">A key that has the scope <code>read</code></label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>Show the report</button></form>
<p><small>Or on the command line: <code>turnout report open</code>.</small></p></main></body></html>
"""


def add_reports(app: FastAPI, services: ConsoleServices) -> None:
    """Give the application these routes."""
    endpoints = ReportEndpoints(services)
    app.add_api_route("/v1/reports", endpoints.list_reports)
    app.add_api_route("/v1/reports/{id}", endpoints.retrieve_report)
    app.add_api_route("/v1/reports/{id}", endpoints.open_report, methods=["POST"])


@frozen
class ReportEndpoints:
    """One method for each route; all take the scope `read`, since a report has the spending of all keys."""

    services: ConsoleServices

    async def list_reports(self, request: Request) -> Response:
        """List the newest reports, newest first."""
        await access.admit(request.headers.get("authorization"), self.services.keys, "read")
        question = asked(ReportsQuestion, request.query_params.multi_items())
        kept = await self.services.reports.list(question.limit)
        told: ReportPage = {"object": "list", "data": list(map(report_item, kept))}
        return Response(to_json(told), media_type=JSON)

    async def retrieve_report(self, request: Request) -> Response:
        """Show a report, `latest` for the newest: as JSON, to browsers as a page; `.json` or `.html` decides, too."""
        key = request.headers.get("authorization")
        id_, suffix = _wanted(request)
        if not key and suffix == "html":
            return _form()
        await access.admit(key, self.services.keys, "read")
        return await self._shown(id_, suffix)

    async def open_report(self, request: Request) -> Response:
        """Show a report to a browser: the form that asks for the key sends it here."""
        form = parse_qs((await sizes.read(request.stream(), MOST_BODY_BYTES)).decode(errors="replace"))
        secret = form.get("key", [""])[0].strip()
        try:
            await access.admit(f"Bearer {secret}", self.services.keys, "read")
        except (Unauthenticated, Forbidden) as error:
            return _form(error)
        return await self._shown(_wanted(request)[0], "html")

    async def _shown(self, id_: str, suffix: str) -> Response:
        if id_ == LATEST:
            id_ = next((one.id for one in await self.services.reports.list(1)), "")
        found = await self.services.reports.read(id_, suffix) if id_ else None
        if found is None:
            raise _unknown(id_)
        return Response(found, headers=SHOWN, media_type=TYPES[suffix])


def _wanted(request: Request) -> tuple[str, str]:
    """The id, and whether as "html" or as "json"."""
    name: str = request.path_params["id"]
    stem, _, suffix = name.rpartition(".")
    if stem and suffix in TYPES:
        return stem, suffix
    return name, "html" if "text/html" in request.headers.get("accept", "") else "json"


def _form(error: Unauthenticated | Forbidden | None = None) -> Response:
    told = f'<p role="alert">{escape(error.message)}</p>' if error else ""
    return Response(FORM.format(told=told), error.http_status if error else 401, ASKED, media_type=HTML)


def _unknown(id_: str) -> UnknownReport:
    if not id_:
        return UnknownReport("There is no report yet. POST /v1/optimize makes one; the schedule does, too.", param="id")
    return UnknownReport(
        f"There is no report '{id_[:100]}'. If its run has just begun, ask again in some seconds; GET /v1/reports "
        "lists those that are there.",
        param="id",
    )
