"""Gemini's generateContent, the format of Google's models: https://ai.google.dev/api/generate-content.

The base URL ends in the version, `.../v1beta`. The key goes in a header: URLs end up in logs.
"""

from collections.abc import Iterator
from typing import Any

from turnout.core.chat import Chat
from turnout.core.errors import Garbled, StreamCut
from turnout.core.events import Delta, Done
from turnout.core.models import Model
from turnout.providers.dialects.gemini_errors import error
from turnout.providers.dialects.gemini_reply import Decoder
from turnout.providers.dialects.gemini_request import body_of
from turnout.providers.dialects.protocol import Framing, WireRequest

__all__ = ["FRAMING", "error", "reply", "request", "stream"]

FRAMING: Framing = "sse"


def request(chat: Chat, model: Model) -> WireRequest:
    """The request for this chat; a stream is asked for as SSE, without which Google sends one long array."""
    method = "streamGenerateContent?alt=sse" if chat.stream else "generateContent"
    headers = {"x-goog-api-key": model.vendor.key} if model.vendor.key else {}
    return WireRequest(f"/models/{model.upstream}:{method}", body_of(chat, model.upstream), headers)


def reply(body: Any) -> Iterator[Delta | Done]:
    """The events of a GenerateContentResponse. Raises Garbled when it is not one, Blocked when the prompt was."""
    decoder = Decoder(unfinished=Garbled)
    yield from decoder.read(body)
    yield from decoder.close()


def stream() -> Decoder:
    """A decoder for a stream: each frame is a GenerateContentResponse with the next piece of the answer."""
    return Decoder(unfinished=StreamCut)
