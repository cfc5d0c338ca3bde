"""The console's endpoints: each checks the key and the question, asks the stores, and shows what they gave.

What fails on the way is told by `turnout.api.problems`, in OpenAI's shape, as it is by the router.
"""

import math

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route

from turnout.api import access, sizes
from turnout.api.browsers import around
from turnout.api.console import cursor, document, health
from turnout.api.console.budgets import Budgets
from turnout.api.console.drift import drift_report
from turnout.api.console.keys import KeyEndpoints
from turnout.api.console.policies import add_policies
from turnout.api.console.queries import FeedbackBody, Group, RequestsQuestion, Span, UsageQuestion, asked, checked
from turnout.api.console.reports import add_reports
from turnout.api.console.rows import content_item, feedback_item, request_detail, request_item
from turnout.api.console.services import ConsoleServices
from turnout.api.console.usage import GROUPS, Cells, to_csv, total, usage_rows
from turnout.api.console.wire import Sent, Usage, encode
from turnout.api.problems import http_problem, problem
from turnout.core.errors import Forbidden, InvalidRequest, RequestError, TurnoutError
from turnout.core.frozen import frozen
from turnout.core.ports import Key
from turnout.core.search import Search
from turnout.policy.rollup import Grain

DAY = 86_400.0
SECONDS: dict[Grain, float] = {"hour": 3_600.0, "day": DAY}
MOST_PERIODS: dict[Grain, int] = {"hour": 24 * 31, "day": 400}
"""Periods that one answer may have."""
USUAL_DAYS = 7
"""What is shown when nobody says from when."""
ONLY_OWN = "Without the scope 'read' this key sees only its own"
MOST_BODY_BYTES = 16_384
ATTACHED = {"content-disposition": 'attachment; filename="usage.csv"'}


class UnknownRequest(RequestError):
    """Not in the log, or another key's: the two look alike from outside."""

    status = 404
    code = "request_not_found"


class NoContent(RequestError):
    """Nothing is kept, or it is another key's: the two look alike from outside."""

    status = 404
    code = "content_not_found"


def create_console(services: ConsoleServices) -> FastAPI:
    """The ASGI application; `services` is all that it needs of the world."""
    app = FastAPI(
        title="Turnout's console",
        version="1",
        description="What was asked of the gateway, what came of it, and what it cost.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/console/openapi.json",
        redirect_slashes=False,
    )
    for layer in reversed(around(services.origins)):
        app.add_middleware(layer.cls, *layer.args, **layer.kwargs)
    app.add_exception_handler(TurnoutError, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    endpoints, budgets = Endpoints(services), Budgets(services)
    app.add_api_route("/v1/requests", endpoints.list_requests)
    app.add_api_route("/v1/requests/{id}", endpoints.retrieve_request)
    app.add_api_route("/v1/requests/{id}/content", endpoints.retrieve_content)
    app.add_api_route("/v1/usage", endpoints.usage)
    app.add_api_route("/v1/health", endpoints.health)
    app.add_api_route("/v1/feedback", endpoints.give_feedback, methods=["POST"])
    _add_key_routes(app, KeyEndpoints(services))
    app.add_api_route("/v1/credits", budgets.credits)
    app.add_api_route("/v1/budgets", budgets.list_budgets)
    app.add_api_route("/v1/budgets", budgets.set_budget, methods=["POST"])
    app.add_api_route("/v1/budgets", budgets.remove_budget, methods=["DELETE"])
    add_policies(app, services)
    add_reports(app, services)
    app.openapi = document.described(app)
    return app


def _add_key_routes(app: FastAPI, endpoints: KeyEndpoints) -> None:
    app.add_api_route("/v1/keys", endpoints.create_key, methods=["POST"])
    app.add_api_route("/v1/keys", endpoints.list_keys)
    app.add_api_route("/v1/keys/{id}", endpoints.retrieve_key)
    app.add_api_route("/v1/keys/{id}", endpoints.change_key, methods=["PATCH"])
    app.add_api_route("/v1/keys/{id}", endpoints.delete_key, methods=["DELETE"])
    app.add_api_route("/v1/keys/{id}/rotate", endpoints.rotate_key, methods=["POST"])
    app.add_api_route("/v1/keys/{id}/disable", endpoints.disable_key, methods=["POST"])
    app.add_api_route("/v1/keys/{id}/enable", endpoints.enable_key, methods=["POST"])


@frozen
class Endpoints:
    """One method for each route."""

    services: ConsoleServices

    async def list_requests(self, request: Request) -> Response:
        """List requests, newest first, page by page."""
        key = await self._admit(request)
        question = asked(RequestsQuestion, request.query_params.multi_items())
        search = self._search(question, key)
        after = cursor.read(question.cursor, question, key.id) if question.cursor else None
        page = await self.services.requests.page(search, question.limit, after)
        following = cursor.written(page.next, question, key.id) if page.next else None
        rows = list(map(request_item, page.rows))
        return _json({"object": "list", "data": rows, "has_more": bool(following), "next_cursor": following})

    async def retrieve_request(self, request: Request) -> Response:
        """Show the whole record of one request: the decision and all attempts."""
        key = await self._admit(request)
        request_id: str = request.path_params["id"]
        row = await self.services.requests.find(request_id)
        if not row or not (row.record.key_id == key.id or key.may("read")):
            raise _unknown(request_id, "id")
        return _json(request_detail(row))

    async def retrieve_content(self, request: Request) -> Response:
        """Show what was said in a request: to the key that sent it and no other, if that key has it kept."""
        key = await self._admit(request)
        request_id: str = request.path_params["id"]
        content = await self.services.contents.read(key.id, request_id)
        if not content:
            raise NoContent(
                f"Nothing is kept of what was said in '{request_id[:64]}', or it was another key's. Contents are kept "
                "only for a key with 'store_content', and for as long as the deployment says.",
                param="id",
            )
        return _json(content_item(content))

    async def usage(self, request: Request) -> Response:
        """Sum up requests, tokens, cost and times, by hour or day and by group; as JSON or CSV."""
        key = await self._admit(request)
        question = asked(UsageQuestion, request.query_params.multi_items())
        group, as_csv = _group(question, key), _wants_csv(question, request)
        cells = await self._cells(question, group, "" if key.may("read") else key.id)
        if as_csv:
            return Response(to_csv(usage_rows(cells, group)), headers=ATTACHED, media_type="text/csv")
        told = _usage(question, group, cells)
        if question.drift:
            told["drift"] = await drift_report(self.services.rollups, self.services.clock.time())
        return _json(told)

    async def health(self, request: Request) -> Response:
        """Show how each model did in the last minutes, and whether its circuit is open."""
        await self._admit(request)
        now = self.services.clock.time()
        cells = await self.services.rollups.cells("health", "minute", now - (health.MINUTES - 1) * 60, now)
        return _json(health.report(cells, await self.services.circuits.opened()))

    async def give_feedback(self, request: Request) -> Response:
        """Tell what an answer was worth. A later feedback of the same key on the same request replaces it."""
        key = await self._admit(request)
        given = checked(FeedbackBody, await sizes.read(request.stream(), MOST_BODY_BYTES))
        comment = "" if key.privacy.zero_retention else given.comment
        kept = await self.services.feedback.give(given.request_id, key.id, given.verdict, comment)
        if not kept:
            raise _unknown(given.request_id, "request_id")
        return _json(feedback_item(given.request_id, kept))

    async def _admit(self, request: Request) -> Key:
        return await access.admit(request.headers.get("authorization"), self.services.keys)

    async def _cells(self, question: UsageQuestion, group: Group, only: str) -> Cells:
        """What the question sums; of the group `only`, if that is given."""
        dimension, name = GROUPS[group]
        cells = await self.services.rollups.cells(dimension, question.period, *self._span(question, question.period))
        return [entry for entry in cells if name(entry[0]) == only] if only else cells

    def _search(self, question: RequestsQuestion, key: Key) -> Search:
        since, until = self._span(question, None)
        return Search(
            since,
            until,
            key_id=_seen_key(key, question.key or ""),
            model=question.model or "",
            outcome=question.outcome or "",
            tags=tuple(
                (name, value if colon else None) for name, colon, value in (t.partition(":") for t in question.tag)
            ),
        )

    def _span(self, question: Span, grain: Grain | None) -> tuple[float, float]:
        """The period of a question, in whole hours or days where it is summed. Raises InvalidRequest."""
        until = self.services.clock.time() if question.until is None else question.until
        since = max(0.0, until - USUAL_DAYS * DAY) if question.since is None else question.since
        if since >= until:
            raise InvalidRequest("'from' must be earlier than 'to', which is now if left out.", param="from")
        if not grain:
            return since, until
        step, most = SECONDS[grain], MOST_PERIODS[grain]
        since, until = math.floor(since / step) * step, math.ceil(until / step) * step
        if (until - since) / step > most:
            raise InvalidRequest(
                f"One answer may have {most} times a '{grain}'. Ask for a shorter period.", param="from"
            )
        return since, until


def _seen_key(key: Key, wanted: str) -> str:
    """The key whose requests are shown, "" for all, when those of `wanted` are asked for. Raises Forbidden."""
    if key.may("read") or wanted == key.id:
        return wanted
    if wanted:
        raise Forbidden(f"{ONLY_OWN} requests. Leave 'key' out, or give it as '{key.id}'.", param="key")
    return key.id


def _group(question: UsageQuestion, key: Key) -> Group:
    """What to sum by. Raises Forbidden where that shows other keys' usage."""
    if key.may("read"):
        return question.group_by or "model"
    if question.group_by not in (None, "key") or question.drift:
        param = "drift" if question.drift else "group_by"
        raise Forbidden(f"{ONLY_OWN} usage. Leave '{param}' out: the sums are by key.", param=param)
    return "key"


def _wants_csv(question: UsageQuestion, request: Request) -> bool:
    """Raises InvalidRequest when CSV is asked for together with what it has no place for."""
    preferred = request.headers.get("accept", "").lower().startswith("text/csv")
    as_csv = question.format == "csv" or (question.format is None and preferred)
    if as_csv and question.drift:
        raise InvalidRequest("CSV has the sums alone. Ask for 'drift' as JSON.", param="drift")
    return as_csv


def _usage(question: UsageQuestion, group: Group, cells: Cells) -> Usage:
    return {
        "object": "usage",
        "period": question.period,
        "group_by": group,
        "data": usage_rows(cells, group),
        "total": None if group == "tag" else total(cells),
    }


def _unknown(request_id: str, param: str) -> UnknownRequest:
    return UnknownRequest(
        f"This key has sent no request '{request_id[:64]}', or its row has expired. A row is there a moment after the "
        "answer has ended; its id is in the header 'x-turnout-request-id'.",
        param=param,
    )


def _json(value: Sent) -> Response:
    return Response(encode(value), media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    return problem(error, request.state.request_id).response()


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for nothing else
    if error.status_code == 405:
        error = HTTPException(405, headers={"allow": ", ".join(sorted(_methods(request)))})
    return http_problem(error, request.method, request.url.path).response()


def _methods(request: Request) -> set[str]:
    """What a path takes, of all its routes; the first one that matches knows only of its own."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
