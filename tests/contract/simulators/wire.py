"""What comes over the wire from a simulator, byte by byte: no HTTP client that might be forgiving."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import h11
from botocore.eventstream import EventStreamBuffer, ParserError
from pydantic_core import from_json, to_json

from local.simulators import Simulator

type Ended = Literal["whole", "closed", "reset", "refused", "silent"]

PROMPT = "grüße an alle 🚂 hier"
TEXT = f"You said: {PROMPT}"
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=sk-very-secret/20261124/us-east-1/bedrock/aws4_request, "
    f"SignedHeaders=content-type;host;x-amz-date, Signature={'0' * 64}"
)


@dataclass(slots=True)
class Heard:
    """A response, as far as it went. `silent`: we gave up waiting."""

    ended: Ended = "whole"
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    chunks: list[bytes] = field(default_factory=list[bytes])

    def take(self, event: h11.Event) -> None:
        if isinstance(event, h11.Response):
            self.status = event.status_code
            self.headers = {name.decode(): value.decode() for name, value in event.headers}
        elif isinstance(event, h11.Data):
            self.chunks.append(bytes(event.data))

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to ask, and where the words are in what comes back."""

    path: Mapping[bool, str]
    headers: Mapping[str, str]
    ask: Callable[[str, bool], dict[str, Any]]
    text: Callable[[Any], str]
    tools: str = "tools"
    end: re.Pattern[bytes] = field(kw_only=True)
    """What the last frame of a whole stream has in it."""


def openai_text(body: Any) -> str:
    said = [choice.get("message") or choice["delta"] for choice in body.get("choices", ())]
    return "".join(one.get("content") or "" for one in said)


def anthropic_text(body: Any) -> str:
    blocks = [*body.get("content", ()), body.get("delta", {})]
    return "".join(block.get("text", "") for block in blocks)


def gemini_text(body: Any) -> str:
    parts = [part for candidate in body.get("candidates", ()) for part in candidate["content"]["parts"]]
    return "".join(part.get("text", "") for part in parts)


def bedrock_text(body: Any) -> str:
    said = body.get("output", {}).get("message", {}).get("content", [])
    return "".join(block.get("text", "") for block in [*said, body.get("delta", {})])


WEATHER = {"type": "object", "properties": {"city": {"type": "string"}, "country": {"type": "string"}}}

DIALECTS = {
    "openai_chat": Dialect(
        path=dict.fromkeys((False, True), "/v1/chat/completions"),
        headers={"authorization": "Bearer sk-very-secret"},
        ask=lambda text, stream: {
            "model": "m",
            "stream": stream,
            "messages": [{"role": "user", "content": text}],
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}],
        },
        text=openai_text,
        end=re.compile(rb"\[DONE\]"),
    ),
    "anthropic_messages": Dialect(
        path=dict.fromkeys((False, True), "/v1/messages"),
        headers={"x-api-key": "sk-very-secret", "anthropic-version": "2023-06-01"},
        ask=lambda text, stream: {
            "model": "m",
            "max_tokens": 100,
            "stream": stream,
            "messages": [{"role": "user", "content": text}],
            "tools": [{"name": "weather", "input_schema": WEATHER}],
        },
        text=anthropic_text,
        end=re.compile(b"message_stop"),
    ),
    "gemini": Dialect(
        path={False: "/v1beta/models/m:generateContent", True: "/v1beta/models/m:streamGenerateContent?alt=sse"},
        headers={"x-goog-api-key": "sk-very-secret"},
        ask=lambda text, _: {
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": WEATHER}]}],
        },
        text=gemini_text,
        end=re.compile(b"finishReason|blockReason"),
    ),
    "bedrock_converse": Dialect(
        path={False: "/model/m/converse", True: "/model/m/converse-stream"},
        headers={"authorization": SIGNATURE, "x-amz-date": "20261124T120000Z"},
        ask=lambda text, _: {
            "messages": [{"role": "user", "content": [{"text": text}]}],
            "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": WEATHER}}}]},
        },
        text=bedrock_text,
        tools="toolConfig",
        end=re.compile(b"messageStop"),
    ),
}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that we wait for the first byte, and for each that follows."""

    first: float = 10.0
    next: float = 10.0


async def hear(
    simulator: Simulator, *, stream: bool, text: str = PROMPT, tools: bool = True, patience: Patience = Patience()
) -> Heard:
    """Ask once on a new connection, and listen until something ends it, or patience does."""
    dialect = DIALECTS[simulator.dialect]
    asked = dialect.ask(text, stream)
    if not tools:
        del asked[dialect.tools]
    return await exchange(
        simulator.url,
        "POST",
        dialect.path[stream],
        to_json(asked),
        {"content-type": "application/json", **dialect.headers},
        patience=patience,
    )


async def exchange(
    url: str,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    patience: Patience = Patience(),
) -> Heard:
    """One request, one response."""
    heard = Heard()
    try:
        request = _request(method, path, urlsplit(url).netloc, headers or {}, len(body))
        async with asyncio.timeout(patience.first) as deadline:
            async for event in _events(url, request, body):
                deadline.reschedule(asyncio.get_running_loop().time() + patience.next)
                heard.take(event)
    except TimeoutError:
        heard.ended = "silent"
    except ConnectionRefusedError:
        heard.ended = "refused"
    except ConnectionResetError:
        heard.ended = "reset"
    except h11.RemoteProtocolError:
        heard.ended = "closed"
    return heard


def _request(method: str, path: str, host: str, headers: Mapping[str, str], length: int) -> h11.Request:
    framed = [("host", host), ("content-length", str(length)), ("connection", "close")]
    return h11.Request(method=method, target=path, headers=[*framed, *headers.items()])


async def _events(url: str, request: h11.Request, body: bytes) -> AsyncIterator[h11.Event]:
    http = h11.Connection(h11.CLIENT)
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(http.send(event) or b"")
        while not isinstance(event := http.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Event):
                yield event
            else:
                http.receive_data(await reader.read(65536))
    finally:
        writer.close()


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, or fail."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  # there is no event that can be awaited from outside
            await asyncio.sleep(0.01)


def objects(body: bytes) -> Iterator[Any]:
    """The JSON objects in a body, those of a stream one by one; what is no JSON is left out."""
    for one in list(messages(body) if body.startswith(b"\0") else lines(body)) or [body]:
        try:
            yield from_json(one)
        except ValueError:
            continue


def lines(body: bytes) -> Iterator[bytes]:
    """The data of server-sent events."""
    for line in body.replace(b"\r\n", b"\n").split(b"\n"):
        if line.startswith(b"data: "):
            yield line.removeprefix(b"data: ")


def messages(body: bytes) -> Iterator[bytes]:
    """The payloads in AWS's event stream, whose first length begins with a zero, up to where it is damaged."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    with suppress(ParserError):
        for message in cast("Any", buffer):
            yield message.payload


def is_error(one: Any) -> bool:
    """Whether an object tells of an error; Bedrock's have a message and no more."""
    return "error" in one or isinstance(one.get("message"), str)


def text_of(simulator: Simulator, heard: Heard) -> str:
    """What was said, in all objects together."""
    return "".join(DIALECTS[simulator.dialect].text(one) for one in objects(heard.body) if not is_error(one))
