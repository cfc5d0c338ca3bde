"""Whose web pages may call from a browser: https://fetch.spec.whatwg.org/#http-cors-protocol."""

from collections.abc import Sequence

from starlette.middleware import Middleware

from turnout.api.guard import Guard

EXPOSED = (
    "retry-after",
    "x-request-id",
    "x-turnout-request-id",
    "x-turnout-model",
    "x-turnout-reason",
    "x-turnout-attempts",
    "x-turnout-cost-usd",
    "x-turnout-limited-by",
    "x-turnout-budget-left-usd",
    *(f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")),
)
"""Headers of an answer that a web page may read."""


def around(origins: Sequence[str]) -> list[Middleware]:
    """The layers around an app, the outermost first. No page of another origin may call unless it is in `origins`."""
    if not origins:
        return [Middleware(Guard)]
    from starlette.middleware.cors import CORSMiddleware  # noqa: PLC0415 - loaded only where web pages call

    # Without credentials: a key is sent by the page itself, never by the browser, as a cookie would be.
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
    return [cors, Middleware(Guard)]
