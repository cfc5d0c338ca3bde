"""The vendors over HTTP: one call of one model, from the chat to the events, with its timeouts.

The only module that sends anything to a vendor. What travels is the dialects' business; what failed in the network is
told here, once, as `VendorError`.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import field
from functools import lru_cache

import httpx
from pydantic_core import from_json, to_json

from turnout.config import Timeouts
from turnout.core.errors import Garbled, StreamCut, TimedOut, Unreachable, VendorError
from turnout.core.events import Delta, Done, Events
from turnout.core.frozen import frozen
from turnout.core.models import Auth
from turnout.core.ports import Call
from turnout.core.redaction import SECRET, without_secrets
from turnout.providers import eventstream, sse
from turnout.providers.dialects import DIALECTS
from turnout.providers.dialects.protocol import Dialect, Frames, Framing, StreamDecoder
from turnout.providers.together import together
from turnout.providers.transport import FINISHED

LARGEST_ERROR_BODY = 64 * 1024
"""Bytes read of an error's body; the rest is not worth the wait."""

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of a whole answer, or of a streamed one: more is no answer of a language model, and would fill the memory."""

FRAMES: Mapping[Framing, Callable[[httpx.Headers], Frames]] = {
    "sse": sse.EventSource,
    "aws_eventstream": eventstream.EventStream,
}

ALWAYS = {"content-type": "application/json", "accept-encoding": "identity", "user-agent": "turnout"}


type Sign = Callable[[httpx.Request], Awaitable[None]]
"""Adds the headers that let a request in."""


@frozen
class HttpVendors:
    """Every vendor that speaks one of the dialects. `ask` is the innermost `core.ports.Ask`.

    `signatures` are for the vendors whose requests are let in by more than what their headers hold. The transport
    stands for a client because a client's cookies, redirects and hooks are of no use here, and a fifth of a call.
    """

    transport: httpx.AsyncBaseTransport
    timeouts: Timeouts
    signatures: Mapping[Auth, Sign] = field(default_factory=dict["Auth", Sign])

    async def ask(self, call: Call) -> Events:
        """Raises VendorError; its message holds no key."""
        limit = Limit(self._until_first(call))
        try:
            async with aclosing(self._answer(call, limit)) as events:
                async for event in events:
                    yield event
                    limit.renew(min(self.timeouts.idle, call.limit.left))
        except TimeoutError:
            raise TimedOut(_late(call, limit.seconds)) from None

    def _until_first(self, call: Call) -> float:
        if not call.chat.stream:
            return call.share.left
        thinks = "reasoning" in call.model.capabilities
        patience = self.timeouts.first_token_reasoning if thinks else self.timeouts.first_token
        return min(patience, call.share.left)

    async def _answer(self, call: Call, limit: "Limit") -> Events:
        dialect = DIALECTS[call.model.vendor.dialect]
        read = _streamed if call.chat.stream else _whole
        try:
            response = await self._sent(dialect, call, limit)
            try:
                async with aclosing(read(dialect, response, limit)) as events:
                    async for event in events:
                        yield event
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        except VendorError as error:
            _redact(error, call.model.vendor.key)
            raise

    async def _sent(self, dialect: Dialect, call: Call, limit: "Limit") -> httpx.Response:
        """The response, whose head is in and good; to be closed."""
        wire = dialect.request(call.chat, call.model)
        url = _url(call.model.vendor.base_url + wire.path)
        headers = _headers(url, tuple(wire.headers.items()))
        request = httpx.Request("POST", url, headers=headers, content=to_json(wire.body))
        if sign := self.signatures.get(call.model.vendor.auth):
            await limit.hold(sign(request))
        response = await limit.hold(self.transport.handle_async_request(request))
        try:
            # None was asked for; and a few bytes could unfold to more than the memory has.
            compressed = response.headers.pop("content-encoding", "identity") != "identity"
            if response.status_code >= 300:
                body = await limit.hold(_start_of(response, LARGEST_ERROR_BODY))
                raise dialect.error(response.status_code, _lower(response.headers), body)
            if compressed:
                raise Garbled("The vendor answered in a compressed form that was not asked for")
        except BaseException:
            await response.aclose()
            raise
        return response


class Limit:
    """How long the network may take until the next event; what it sends meanwhile that is no event does not count."""

    def __init__(self, seconds: float) -> None:
        self.renew(seconds)

    def renew(self, seconds: float) -> None:
        """From now on so many seconds."""
        self.seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds

    async def hold[T](self, waiting: Awaitable[T]) -> T:
        """What it gives. Raises TimeoutError."""
        async with asyncio.timeout_at(self._until):
            return await waiting


@lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    """Parsed once: a model has one path or two."""
    return httpx.URL(text)


@lru_cache(maxsize=256)
def _headers(url: httpx.URL, own: tuple[tuple[str, str], ...]) -> httpx.Headers:
    """Encoded once: a model has the same ones each time; a request takes a copy."""
    return httpx.Headers({"host": url.netloc.decode(), **ALWAYS, **dict(own)})


def _nothing() -> None:
    """Of a response of another transport."""


async def _streamed(dialect: Dialect, response: httpx.Response, limit: Limit) -> AsyncGenerator[Delta | Done]:
    """Events as the frames come. A connection that breaks is a cut stream, told apart from one that never began."""
    frames, decoder, size = FRAMES[dialect.FRAMING](response.headers), dialect.stream(), 0
    try:
        pieces = _pieces(response)
        while (piece := await limit.hold(anext(pieces, None))) is not None:
            size = _sized(size + len(piece))
            for told in together(_decoded(frames.feed(piece), decoder)):
                yield told
            if decoder.finished:
                response.extensions.get(FINISHED, _nothing)()
                break
    except httpx.HTTPError as error:
        raise StreamCut(f"The stream broke: {_words(error)}") from error
    for told in decoder.close():
        yield told


def _decoded(frames: Iterator[tuple[str, str]], decoder: StreamDecoder) -> Iterator[Delta | Done]:
    for event, data in frames:
        yield from decoder.feed(event, data)
        if decoder.finished:
            return


async def _whole(dialect: Dialect, response: httpx.Response, limit: Limit) -> AsyncGenerator[Delta | Done]:
    try:
        content = await limit.hold(_content(response))
    except httpx.HTTPError as error:
        raise Garbled(f"The answer broke off: {_words(error)}") from error
    for told in list(dialect.reply(_json(content))):
        yield told


async def _content(response: httpx.Response) -> bytearray:
    content = bytearray()
    async for piece in _pieces(response):
        content += piece
        _sized(len(content))
    return content


def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The bytes of the body as they arrive: there is nothing to decode, see `_sent`."""
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - it came of an asynchronous transport
    return aiter(response.stream)


def _late(call: Call, waited: float) -> str:
    said = f"gave nothing for {waited:.1f} s" if call.limit.left else "was not done in time"
    return f"{call.model.id} {said}"


def _sized(size: int) -> int:
    if size > LARGEST_ANSWER:
        raise Garbled(f"The vendor's answer has more than {LARGEST_ANSWER} bytes")
    return size


def _json(content: bytearray) -> object:
    try:
        return from_json(content)
    except ValueError as error:
        what = "no body" if not content.strip() else "a body that is not JSON"
        raise Garbled(f"The vendor answered with {what}") from error


async def _start_of(response: httpx.Response, size: int) -> bytes:
    """At most about `size` bytes of the body; what could be read of one that breaks off."""
    body = bytearray()
    try:
        async for piece in _pieces(response):
            body += piece
            if len(body) >= size:
                break
    except httpx.HTTPError:
        pass  # the status alone tells enough
    return bytes(body)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _unreachable(error: httpx.HTTPError) -> Unreachable:
    return Unreachable(f"The vendor could not be reached: {_words(error)}")


def _words(error: httpx.HTTPError) -> str:
    """The kind of a network error; its text may hold addresses that a client need not see."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()


def _redact(error: VendorError, key: str) -> None:
    error.message, error.vendor_message = (_redacted(text, key) for text in (error.message, error.vendor_message))
    error.args = (error.message,)


def _redacted(text: str, key: str) -> str:
    """Some vendors echo the key that they refuse."""
    return without_secrets(text.replace(key, SECRET) if key else text)
