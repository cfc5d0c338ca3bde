"""The endpoints. A request for a chat completion passes, in order:

1. `guard.Guard`: it gets an id
2. `access.admit`: its key is checked
3. `sizes`, `body.parse`: its body is read up to the limits and checked against `schema.ChatRequest`
4. `openai.to_chat`: it becomes a `core.chat.Request`, free of contradictions
5. `Gateway.answer`: models are asked (`turnout.pipeline`)
6. `reply.Reply`: the events go out, through `openai.whole` or `sse.stream`
7. `reply.Reply`: after the last byte, the row is written

What fails on the way is told by `problems`. Up to step 4 no row is written: nothing was asked of anybody.
"""

from datetime import UTC, date, datetime
from typing import override

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from turnout.api import access, body, sizes
from turnout.api.browsers import around
from turnout.api.keeping import kept
from turnout.api.listing import model_item, model_list
from turnout.api.openai import to_chat
from turnout.api.reply import Reply
from turnout.api.route import route_headers, route_item
from turnout.api.schema import ChatRequest, ModeRequest
from turnout.api.services import Services
from turnout.api.wire import Sent, encode
from turnout.core.allowance import Scope
from turnout.core.frozen import frozen
from turnout.core.ports import Key
from turnout.routing.allowed import allowed


def create_app(services: Services) -> Starlette:
    """The ASGI application; `services` is all that it needs of the world."""
    app = Guarded(routes=_routes(Endpoints(services)), middleware=around(services.origins))
    app.router.redirect_slashes = False
    return app


class Guarded(Starlette):
    """Without Starlette's own two layers for errors, of which `Guard` does the work: each costs 10 µs a request."""

    @override
    def build_middleware_stack(self) -> ASGIApp:
        app: ASGIApp = self.router
        for layer, args, kwargs in reversed(self.user_middleware):
            app = layer(app, *args, **kwargs)
        return app


@frozen
class Endpoints:
    """One method for each route."""

    services: Services

    async def create_chat_completion(self, request: Request) -> Response:
        """Answer a chat, by the model that is named or by one that the gateway chooses."""
        return await self._answer(request, ChatRequest)

    async def create_comparison(self, request: Request) -> Response:
        """Let several models answer a chat at once, each with what it took; the same as the mode `compare`."""
        return await self._answer(request, ModeRequest, "compare")

    async def create_blend(self, request: Request) -> Response:
        """Let several models answer a chat and another one write one answer of theirs. The same as the mode `blend`."""
        return await self._answer(request, ModeRequest, "blend")

    async def create_judgement(self, request: Request) -> Response:
        """Let several models answer a chat and another one judge; gives the best. The same as the mode `judge`."""
        return await self._answer(request, ModeRequest, "judge")

    async def _answer(self, request: Request, schema: type[ChatRequest], mode: str = "") -> Response:
        services = self.services
        key = await self._admit(request, "inference")
        wanted = await self._wanted(request, schema)
        asked = to_chat(wanted, mode)
        exchange = services.gateway.answer(asked, key, _id(request), services.deadline(request.scope))
        usage = wanted.stream_options is not None and bool(wanted.stream_options.include_usage)
        exchange, log = kept(key, wanted, exchange, services.log, services.contents)
        return Reply(exchange, log, include_usage=usage)

    async def create_route(self, request: Request) -> Response:
        """Tell which models a chat would be sent to, and why, without asking any."""
        services = self.services
        key = await self._admit(request, "inference")
        asked = to_chat(await self._wanted(request, ChatRequest))
        plan = await services.gateway.plan(asked, key, _id(request), services.clock.time())
        return Response(encode(route_item(plan)), headers=dict(route_headers(plan)), media_type="application/json")

    async def list_models(self, request: Request) -> Response:
        """List the models that the key may ask, the names that let the gateway choose first."""
        key, catalog = await self._admit(request), self.services.gateway.catalog
        return _json(model_list(catalog, self._today(), allowed(key, catalog)))

    async def retrieve_model(self, request: Request) -> Response:
        """Describe one model."""
        key, catalog = await self._admit(request), self.services.gateway.catalog
        return _json(model_item(catalog, request.path_params["id"], self._today(), allowed(key, catalog)))

    async def health(self, _request: Request) -> Response:
        """Tell that the gateway is up. Needs no key."""
        return _json({"status": "ok"})

    async def _wanted[R: ChatRequest](self, request: Request, schema: type[R]) -> R:
        """The body, checked. Raises RequestTooLarge or InvalidRequest."""
        services = self.services
        read = sizes.weigh(await sizes.read(request.stream(), services.max_body_bytes), services.sizes.values)
        wanted = body.parse(read, schema)
        sizes.check(wanted, services.sizes)
        return wanted

    async def _admit(self, request: Request, scope: Scope | None = None) -> Key:
        return await access.admit(request.headers.get("authorization"), self.services.keys, scope)

    def _today(self) -> date:
        return datetime.fromtimestamp(self.services.clock.time(), UTC).date()


def _routes(endpoints: Endpoints) -> list[Route]:
    return [
        Route("/v1/chat/completions", endpoints.create_chat_completion, methods=["POST"]),
        Route("/v1/compare", endpoints.create_comparison, methods=["POST"]),
        Route("/v1/blend", endpoints.create_blend, methods=["POST"]),
        Route("/v1/judge", endpoints.create_judgement, methods=["POST"]),
        Route("/v1/route", endpoints.create_route, methods=["POST"]),
        Route("/v1/models", endpoints.list_models),
        Route("/v1/models/{id:path}", endpoints.retrieve_model),
        Route("/healthz", endpoints.health),
        Route("/openapi.json", _describe, include_in_schema=False),
    ]


async def _describe(request: Request) -> Response:
    from turnout.api.document import document  # noqa: PLC0415 - FastAPI writes it, and is a fifth of a cold start

    return JSONResponse(document(request.app))


def _id(request: Request) -> str:
    return request.state.request_id


def _json(value: Sent) -> Response:
    return Response(encode(value), media_type="application/json")
