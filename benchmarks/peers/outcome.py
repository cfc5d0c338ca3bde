"""What a client got of a request while a vendor failed: an answer, an error, half an answer, or nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from pydantic_core import from_json

type Kind = Literal["right", "error", "broken off", "truncated", "hang"]
"""right: the whole answer, or what the vendor itself says in its place. error: a status or an event that says what went
wrong. broken off: the connection was cut, which a client sees but is not told why. truncated: an end like any other,
without the whole answer. hang: nothing more came."""

HANGS_AFTER = 30.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended, and after how many seconds."""

    kind: Kind
    seconds: float
    seen: str = ""


@dataclass(slots=True)
class Heard:
    """The parts of an answer as they come."""

    text: str = ""
    finish: str = ""
    error: str = ""

    def take(self, data: str) -> None:
        """One event of a stream."""
        if data.strip() != "[DONE]":
            self.read(from_json(data))

    def read(self, body: Any) -> None:
        """A chunk, or a whole answer."""
        if not isinstance(body, Mapping):
            return
        self.error = self.error or (str(body["error"])[:80] if body.get("error") else "")
        for choice in body.get("choices") or ():
            message = choice.get("delta") or choice.get("message") or {}
            self.text += (message.get("content") or "") + (message.get("refusal") or "")
            self.finish = choice.get("finish_reason") or self.finish

    def kind(self, expected: str) -> Kind:
        """Of an answer that has ended by itself. A vendor's filter or refusal is an answer, if it is told as such."""
        if self.error:
            return "error"
        told = self.finish == "content_filter" or "can't help" in self.text
        return "right" if self.finish and (self.text == expected or told) else "truncated"


async def ask(client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: Any, expected: str) -> Outcome:
    """One request, looked at from outside. Never raises for what a gateway does."""
    begun, heard = time.monotonic(), Heard()

    def outcome(kind: Kind, seen: str = "") -> Outcome:
        return Outcome(kind, round(time.monotonic() - begun, 2), seen or heard.error or heard.text[:40])

    try:
        async with client.stream("POST", url, json=body, headers=headers, timeout=HANGS_AFTER) as response:
            if response.status_code >= 400:
                content = await response.aread()
                return outcome("error", f"{response.status_code} {content[:80].decode(errors='replace')}")
            await _read(response, heard, stream=bool(body.get("stream")))
    except httpx.TimeoutException:
        return outcome("hang")
    except (httpx.HTTPError, ValueError) as error:
        return outcome("broken off", type(error).__name__)
    return outcome(heard.kind(expected))


async def _read(response: httpx.Response, heard: Heard, *, stream: bool) -> None:
    if not stream:
        heard.read(from_json(await response.aread()))
        return
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            heard.take(line.removeprefix("data:"))
