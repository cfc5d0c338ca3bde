"""Bodies of Messages requests as Anthropic's own SDK types them, for the tests of the dialect."""

from typing import Any, cast

from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from pydantic import TypeAdapter
from pydantic_core import CoreSchema, SchemaValidator

from turnout.core.chat import Chat, Image, Message, Text, Tool
from turnout.core.models import Model, Vendor
from turnout.providers.dialects import anthropic_messages

VENDOR = Vendor("anthropic", "anthropic_messages", "https://example.test/v1", key="test-key")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("weather", "Tells the weather.", SCHEMA)
PNG = "iVBORw0KGgo="
BUDGETED = "claude-haiku-4-5-20251001"
ADAPTIVE = "claude-sonnet-5-5"


def _eager(schema: Any) -> Any:
    """The schema with lists in the place of its iterables, which would be checked only when read, and only once."""
    if isinstance(schema, dict):
        read: dict[str, Any] = {name: _eager(value) for name, value in cast("dict[str, Any]", schema).items()}
        return read | ({"type": "list"} if read.get("type") == "generator" else {})
    if isinstance(schema, list):
        return [_eager(item) for item in cast("list[Any]", schema)]
    return tuple(_eager(item) for item in cast("tuple[Any, ...]", schema)) if type(schema) is tuple else schema


def _judge(params: Any) -> SchemaValidator:
    schema: CoreSchema = TypeAdapter(params).core_schema
    return SchemaValidator(_eager(schema))


STREAMED = _judge(MessageCreateParamsStreaming)
WHOLE = _judge(MessageCreateParamsNonStreaming)

# The SDK follows a version of the API that has no sampling parameters; ours has.
SAMPLING = {"temperature", "top_p"}


def model(upstream: str = BUDGETED, max_output: int = 64_000) -> Model:
    return Model("m", VENDOR, upstream, 200_000, max_output, frozenset(), ())


def said(role: Any, *parts: str | Image, **more: Any) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts), **more)


def hi(**wishes: Any) -> Chat:
    return Chat((said("user", "Hi"),), **wishes)


def as_read_by_the_sdk(body: dict[str, Any]) -> dict[str, Any]:
    """What of a body the SDK's types know. Raises for what they do not allow."""
    return (STREAMED if body.get("stream") else WHOLE).validate_python(body)


def body_for(chat: Chat, upstream: str = BUDGETED, max_output: int = 64_000) -> dict[str, Any]:
    """The body, after the SDK's types have accepted all of it."""
    body = anthropic_messages.request(chat, model(upstream, max_output)).body
    assert as_read_by_the_sdk(body) == {name: value for name, value in body.items() if name not in SAMPLING}
    return body
