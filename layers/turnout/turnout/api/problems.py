"""The only place where errors become a status and OpenAI's error shape.

https://platform.openai.com/docs/guides/error-codes
"""

import logging
import math
import traceback
from collections.abc import Iterator

from starlette.exceptions import HTTPException
from starlette.responses import Response

from turnout.api import explain, limits
from turnout.api.wire import ErrorBody, encode
from turnout.core.errors import Exhausted, TurnoutError, Unauthenticated
from turnout.core.frozen import frozen
from turnout.core.records import Record

log = logging.getLogger("turnout.api")

HTTP_CODES = {404: "unknown_url", 405: "method_not_allowed"}


@frozen
class Problem:
    """An error, as a client sees it."""

    status: int
    body: ErrorBody
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        """The whole HTTP response."""
        return Response(encode(self.body), self.status, dict(self.headers), media_type="application/json")


def problem(error: Exception, request_id: str, record: Record | None = None) -> Problem:
    """What a client is told of `error`; of one that nobody expected, only the id under which the log has it."""
    if not isinstance(error, TurnoutError):
        # Not its message, which may quote a prompt.
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error("request %s failed unexpectedly: %s\n%s", request_id, type(error).__name__, frames)
        error = TurnoutError(
            f"The gateway itself failed. Try again; if it stays, tell its operator the request id {request_id}."
        )
    body = _body(error.message, _type(error), error.param, error.code)
    if record:
        body["turnout"] = explain.note(record)
    return Problem(error.http_status, body, tuple(_headers(error, record)))


def http_problem(error: HTTPException, method: str, path: str) -> Problem:
    """The same for what the router refuses: a path that is not there, a method that it does not take."""
    told = f"{method} {path}"
    message = {
        404: f"There is nothing at {told}. Requests go to POST /v1/chat/completions; GET /v1/models lists the models.",
        405: f"{told} is not possible; the 'Allow' header names the method to use.",
    }.get(error.status_code, str(error.detail))
    code = HTTP_CODES.get(error.status_code, "invalid_request")
    told_headers = (*(error.headers or {}).items(), *explain.refused(code))
    return Problem(error.status_code, _body(message, "invalid_request_error", None, code), told_headers)


def _body(message: str, kind: str, param: str | None, code: str) -> ErrorBody:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _type(error: TurnoutError) -> str:
    """Where all targets failed alike, their own type."""
    types = {cause.type for _, cause in error.causes} if isinstance(error, Exhausted) else {error.type}
    return types.pop() if len(types) == 1 else error.type


def _headers(error: TurnoutError, record: Record | None) -> Iterator[tuple[str, str]]:
    yield from explain.headers(record, settled=True) if record else explain.refused(error.code)
    yield from limits.refused(error)
    if error.retry_after is not None:
        yield "retry-after", str(math.ceil(error.retry_after))
    if isinstance(error, Unauthenticated):
        yield "www-authenticate", "Bearer"
