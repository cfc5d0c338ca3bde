"""The outermost layer: each request gets an id, and each response has it and says how it may be used."""

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from turnout.api.explain import REQUEST_ID
from turnout.api.problems import http_problem, problem
from turnout.core.errors import HeadTooLarge

LARGEST_HEAD = 32 * 1024
"""Bytes of path, query and headers; API Gateway itself takes 10 KiB of each."""

PROTECTIVE = {
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every response that has none of its own: https://owasp.org/www-project-secure-headers/."""

OF_PAGES = {
    **PROTECTIVE,
    b"content-security-policy": b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
"""The policy of an HTML page: it has its own styles and pictures in it, runs nothing and loads nothing."""

ONLY_TLS = {b"strict-transport-security": b"max-age=31536000"}
"""Where a request came over TLS, the next year's are to come so too."""


class Guard:
    """ASGI middleware. Every error becomes one in OpenAI's shape; the traceback of an unexpected one is logged.

    `x-request-id` repeats the id because OpenAI's SDKs read it there, as `_request_id`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only HTTP is guarded; the lifespan passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = str(ULID())
        started = False

        async def named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = _complete(
                    message["headers"], request_id.encode(), tls=scope.get("scheme") == "https"
                )
            await send(message)

        try:
            _check(scope)
            await self._app(scope, receive, named)
        except ClientDisconnect:
            return  # gone before the body was whole: nobody is there to be told
        except HTTPException as error:  # the router knows no such path or method
            await http_problem(error, scope["method"], scope["path"]).response()(scope, receive, named)
        except Exception as error:
            told = problem(error, request_id)
            if started:
                raise
            await told.response()(scope, receive, named)


def _check(scope: Scope) -> None:
    """Raises HeadTooLarge."""
    head = sum(len(name) + len(value) for name, value in Headers(scope=scope).raw)
    if head + len(scope["path"]) + len(scope.get("query_string", b"")) > LARGEST_HEAD:
        raise HeadTooLarge(
            f"URL and headers have more than {LARGEST_HEAD} bytes together, the limit here. Leave headers out that "
            "this gateway does not need: it reads 'Authorization', 'Content-Type' and 'Accept'."
        )


def _complete(headers: Iterable[tuple[bytes, bytes]], request_id: bytes, *, tls: bool) -> list[tuple[bytes, bytes]]:
    told = dict(headers)
    wanted = OF_PAGES if told.get(b"content-type", b"").startswith(b"text/html") else PROTECTIVE
    more = {**wanted, **ONLY_TLS} if tls else wanted
    ids = [(REQUEST_ID.encode(), request_id), (b"x-request-id", request_id)]
    return [*headers, *ids, *[header for header in more.items() if header[0] not in told]]
