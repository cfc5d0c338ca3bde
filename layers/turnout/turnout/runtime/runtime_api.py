"""A client of the Lambda Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), nothing private.

A streamed answer is described in https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html (Response
streaming) and, for its JSON prelude, in
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html.
"""

from collections.abc import Mapping

from pydantic_core import from_json

from turnout.runtime.failures import ERROR_BODY, ERROR_TYPE, Failure
from turnout.runtime.invocation import Invocation
from turnout.runtime.wire import LAST_CHUNK, Exchange, Reply, chunk

VERSION = "/2018-06-01/runtime"
STREAMED = {
    "Content-Type": "application/vnd.awslambda.http-integration-response",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    "Trailer": f"{ERROR_TYPE}, {ERROR_BODY}",
}


class Refused(RuntimeError):
    """The Runtime API did not take what we sent."""


class ResponseStream:
    """One answer on its way out. Every method raises OSError when nobody takes it any more."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def write(self, data: bytes) -> None:
        """Send `data` at once; returns when there is room for more."""
        if data:
            await self._exchange.send(chunk(data))

    async def finish(self, failure: Failure | None = None) -> None:
        """End the answer: whole, or cut with the reason. Raises Refused."""
        trailers = failure.trailers() if failure else b""
        await self._exchange.send(LAST_CHUNK + trailers + b"\r\n")
        _accepted(await self._exchange.reply())


class RuntimeApi:
    """`address` is the host and port that AWS_LAMBDA_RUNTIME_API gives."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def next(self) -> Invocation:
        """The next event; the environment is frozen in here between events. Raises OSError and Refused."""
        reply = await (await self._open("GET", "/invocation/next", {})).reply()
        if reply.status != 200:
            raise Refused(f"the Runtime API answered {reply.status} when it was asked for an event")
        return Invocation.of(reply.headers, from_json(reply.body))

    async def respond(self, request_id: str) -> ResponseStream:
        """Begin to answer. Raises OSError."""
        return ResponseStream(await self._open("POST", f"/invocation/{request_id}/response", STREAMED))

    async def fail(self, request_id: str, failure: Failure) -> None:
        """Answer an event with an error. Raises OSError and Refused."""
        await self._report(f"/invocation/{request_id}/error", failure)

    async def fail_init(self, failure: Failure) -> None:
        """Tell that the function could not start. Raises OSError and Refused."""
        await self._report("/init/error", failure)

    async def _report(self, path: str, failure: Failure) -> None:
        body = failure.json()
        exchange = await self._open("POST", path, {**failure.headers, "Content-Length": str(len(body))})
        await exchange.send(body)
        _accepted(await exchange.reply())

    async def _open(self, method: str, path: str, headers: Mapping[str, str]) -> Exchange:
        return await Exchange.open(self._address, method, VERSION + path, headers)


def _accepted(reply: Reply) -> None:
    if reply.status != 202:
        raise Refused(f"the Runtime API answered {reply.status}: {reply.body[:200]!r}")
