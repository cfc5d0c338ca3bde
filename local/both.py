"""The router and the console behind one port, as API Gateway has them behind one name."""

from starlette.applications import Starlette
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send


def both(router: Starlette, console: Starlette) -> ASGIApp:
    """What the console has a path for is the console's; all else, the lifespan too, is the router's."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (console if _is_for(console, scope) else router)(scope, receive, send)

    return app


def _is_for(app: Starlette, scope: Scope) -> bool:
    return scope["type"] == "http" and any(route.matches(scope)[0] is not Match.NONE for route in app.routes)
