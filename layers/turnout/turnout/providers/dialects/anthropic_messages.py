"""Anthropic's Messages API as a dialect.

https://platform.claude.com/docs/en/api/messages/create. What is asked is in `anthropic_request` and
`anthropic_thinking`, what is answered in `anthropic_wire` and `anthropic_answer`, what fails in `anthropic_errors`.
"""

from collections.abc import Iterator
from typing import Any

from turnout.core.chat import Chat
from turnout.core.events import Delta, Done
from turnout.core.models import Model
from turnout.providers.dialects.anthropic_answer import MessagesDecoder, whole
from turnout.providers.dialects.anthropic_errors import error
from turnout.providers.dialects.anthropic_request import body_of
from turnout.providers.dialects.protocol import Framing, WireRequest

FRAMING: Framing = "sse"
VERSION = "2023-06-01"
"""Not the 2026-10-21 that followed it: that one takes temperature and top_p from all models, and gives nothing here.

https://platform.claude.com/docs/en/api/versioning
"""


def request(chat: Chat, model: Model) -> WireRequest:
    """The request for this chat. Raises Rejected for what Claude cannot be asked together; see `anthropic_request`.

    A `prefix` loses its trailing white space, as the vendor demands, so the answer may begin with that white space.
    """
    key = {"x-api-key": model.vendor.key} if model.vendor.key else {}
    return WireRequest("/messages", body_of(chat, model), {"anthropic-version": VERSION, **key})


def reply(body: Any) -> Iterator[Delta | Done]:
    """The events of a whole answer. Raises Garbled, or VendorError for an error in a 200."""
    return whole(body)


def stream() -> MessagesDecoder:
    """A decoder for one streamed answer."""
    return MessagesDecoder()


__all__ = ["FRAMING", "error", "reply", "request", "stream"]
