"""One event, answered: the app runs, and what it sends goes out chunk by chunk, whole or honestly cut."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from turnout.core.errors import DeadlineExceeded, TurnoutError
from turnout.core.redaction import redacted
from turnout.runtime.asgi import App, Message
from turnout.runtime.failures import Failure
from turnout.runtime.invocation import MARGIN, Invocation
from turnout.runtime.runtime_api import Refused, ResponseStream, RuntimeApi
from turnout.runtime.scope import NotHttp, to_request

GRACE = 0.5
"""Seconds of the margin in which a cancelled app may still write down what it did."""
SEPARATOR = b"\0" * 8
HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding"})

OF_PROBLEMS = (
    (b"content-type", b"application/json"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)

log = logging.getLogger(__name__)


class Unfinished(RuntimeError):
    """The app returned before its answer was whole."""


class Relay:
    """The two ends of ASGI for one request. `over`: nothing more will be sent."""

    def __init__(self, api: RuntimeApi, request_id: str, body: bytes) -> None:
        self._api = api
        self._request_id = request_id
        self._requests: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self._head = b""
        self._stream: ResponseStream | None = None
        self._over = asyncio.Event()

    @property
    def over(self) -> bool:
        """Whether the answer has ended, one way or the other."""
        return self._over.is_set()

    async def receive(self) -> Message:
        """The request, and when the answer is over, the end. Lambda does not tell us of a client that goes away."""
        if self._requests:
            return self._requests.pop()
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Pass on a piece. Raises OSError when nobody takes it any more."""
        if self.over:
            raise ConnectionResetError("the answer is over")
        if message["type"] == "http.response.start":
            self._head = prelude(message["status"], message.get("headers", ()))
            return
        await self._write(message.get("body", b""))
        if not message.get("more_body", False):
            await self._end()

    async def cut(self, error: BaseException) -> None:
        """End an answer that is not whole: by a status while there is still one to give, by a trailer after that."""
        if self._stream:
            await self._end(failure(error))
            return
        status, body = problem(error)
        self._head = prelude(status, OF_PROBLEMS)
        await self._write(body)
        await self._end()

    async def _write(self, body: bytes) -> None:
        # The head waits for the first bytes of the body, as ASGI wants it: until then an error can have its own status.
        try:
            if not self._stream:
                self._stream = await self._api.respond(self._request_id)
                body = self._head + body
            await self._stream.write(body)
        except OSError:
            self._over.set()
            raise

    async def _end(self, why: Failure | None = None) -> None:
        self._over.set()
        if self._stream:
            await self._stream.finish(why)


async def answer(app: App, invocation: Invocation, api: RuntimeApi, state: Mapping[str, Any]) -> None:
    """Answer one event. Returns when the app's coroutine is done: its row is written after the last byte, in here.

    Raises OSError or Refused only when an event that is not HTTP could not be refused.
    """
    context = invocation.context
    try:
        scope, body = to_request(invocation, state)
    except NotHttp as error:
        await api.fail(context.aws_request_id, Failure.of(error, str(error)))
        return
    relay = Relay(api, context.aws_request_id, body)
    budget = context.get_remaining_time_in_millis() / 1000 - MARGIN
    error = await _outcome(app(scope, relay.receive, relay.send), budget)
    await _conclude(relay, error, context.aws_request_id)


async def _outcome(work: Awaitable[None], budget: float) -> BaseException | None:
    """What `work` raised, if anything; it is cancelled after `budget` seconds."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=max(0.0, budget))
        late = not task.done()
        if late:
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)
    finally:
        task.cancel()
    if late:
        return DeadlineExceeded("The function's time ran out. Ask for less, or raise the timeout of the deployment.")
    return Unfinished("cancelled") if task.cancelled() else task.exception()


async def _conclude(relay: Relay, error: BaseException | None, request_id: str) -> None:
    if not error and not relay.over:
        error = Unfinished()
    if not error:
        return
    # The message stays out: it may quote the prompt.
    why = failure(error)
    log.error("%s, %s:\n%s", why.type, why.message, "".join(why.frames), extra={"request_id": request_id})
    if relay.over:
        return
    try:
        await relay.cut(error)
    except (OSError, Refused) as refusal:  # whoever asked has gone: the next event must still be served
        log.warning("The answer could not be ended: %s", refusal, extra={"request_id": request_id})


def prelude(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head of a streamed answer: JSON, then eight NUL bytes. Repeated headers are joined, cookies never."""
    joined: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in headers:
        name, value = raw_name.lower().decode("latin-1"), raw_value.decode("latin-1")
        if raw_name.lower() == b"set-cookie":
            cookies.append(value)
        elif raw_name.lower() not in HOP_BY_HOP:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return to_json({"statusCode": status, "headers": joined, "cookies": cookies}) + SEPARATOR


def failure(error: BaseException) -> Failure:
    """What Lambda and the log are told: a message of our own, without what it may quote of a prompt, or none."""
    return Failure.of(
        error, redacted(error.message) if isinstance(error, TurnoutError) else "see the frames in the log"
    )


def problem(error: BaseException) -> tuple[int, bytes]:
    """Status and body in OpenAI's shape, for what the app itself could not answer any more."""
    known = error if isinstance(error, TurnoutError) else TurnoutError("The gateway failed; its log says why.")
    body = {"message": known.message, "type": known.type, "param": known.param, "code": known.code}
    return known.http_status, to_json({"error": body})
