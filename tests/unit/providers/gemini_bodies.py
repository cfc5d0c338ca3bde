"""Bodies of Gemini requests as Google's own SDK types them, for the tests of the dialect."""

from typing import Any

from google.genai import types
from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json, to_json

from turnout.core.chat import Chat, Image, Message, Text, Tool
from turnout.core.models import Model, Vendor
from turnout.providers.dialects import gemini

VENDOR = Vendor("google", "gemini", "https://example.test/v1beta", key="test-key")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("weather", "Tells the weather.", SCHEMA)
PNG = "iVBORw0KGgo="


class GenerateContentRequest(BaseModel):
    """The body as Google's SDK types it; none of them takes a field that it does not know."""

    model_config = ConfigDict(extra="forbid")

    contents: list[types.Content]
    systemInstruction: types.Content | None = None  # noqa: N815  the wire's own name
    tools: list[types.Tool] | None = None
    toolConfig: types.ToolConfig | None = None  # noqa: N815  the same
    generationConfig: types.GenerationConfig | None = None  # noqa: N815  the same


def model(upstream: str = "gemini-3-flash-preview") -> Model:
    return Model("m", VENDOR, upstream, 1_048_576, 65_536, frozenset(), ())


def said(role: Any, *parts: str | Image, **more: Any) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts), **more)


def body_for(chat: Chat, upstream: str = "gemini-3-flash-preview") -> dict[str, Any]:
    """The body as it arrives, after Google's types have accepted it."""
    body = from_json(to_json(gemini.request(chat, model(upstream)).body))
    GenerateContentRequest.model_validate(body)
    return body


def asked(**fields: Any) -> dict[str, Any]:
    """The body for a plain question with these fields set."""
    return body_for(Chat((said("user", "Hi"),), **fields))


def config_for(**fields: Any) -> dict[str, Any]:
    return asked(**fields).get("generationConfig", {})
