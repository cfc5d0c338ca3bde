"""Amazon Bedrock's Converse as a dialect: one format for the models of many makers.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. What is asked is in
`bedrock_request`, `bedrock_families` and `bedrock_reasoning`, what is answered in `bedrock_wire` and `bedrock_answer`,
what fails in `bedrock_errors`. There is no key: requests are signed in `providers.bedrock`.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from turnout.core.chat import Chat
from turnout.core.events import Delta, Done
from turnout.core.models import Model
from turnout.providers.dialects.bedrock_answer import ConverseDecoder, whole
from turnout.providers.dialects.bedrock_errors import error
from turnout.providers.dialects.bedrock_request import body_of
from turnout.providers.dialects.protocol import Framing, WireRequest

__all__ = ["FRAMING", "error", "reply", "request", "stream"]

FRAMING: Framing = "aws_eventstream"


def request(chat: Chat, model: Model) -> WireRequest:
    """The request for this chat. Raises Rejected for what cannot be asked; see `bedrock_request`."""
    operation = "converse-stream" if chat.stream else "converse"
    return WireRequest(f"/model/{quote(model.upstream, safe='')}/{operation}", body_of(chat, model))


def reply(body: Any) -> Iterator[Delta | Done]:
    """The events of a whole answer. Raises Garbled when it is not one."""
    return whole(body)


def stream() -> ConverseDecoder:
    """A decoder for one streamed answer."""
    return ConverseDecoder()
