"""The outermost layer: each request gets an id, and each response has it, whatever happens inside."""

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from turnout.api.explain import REQUEST_ID
from turnout.api.problems import problem


class Guard:
    """ASGI middleware. An error that nobody expected becomes a 500 in OpenAI's shape; its traceback stays in the log.

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
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = headers["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, named)
        except ClientDisconnect:
            return  # gone before the body was whole: nobody is there to be told
        except Exception as error:
            told = problem(error, request_id)
            if started:
                raise
            await told.response()(scope, receive, named)
