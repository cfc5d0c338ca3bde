"""Bodies of Converse requests as the service model of AWS's own SDK allows them, for the tests of the dialect."""

from functools import cache
from typing import Any, cast
from urllib.parse import unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from turnout.core.chat import Chat, Image, Message, Text, Tool
from turnout.core.models import Capability, Model, Vendor
from turnout.providers.dialects import bedrock_converse

VENDOR = Vendor("bedrock", "bedrock_converse", "https://example.test", needs_key=False, auth="aws")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("weather", "Tells the weather.", SCHEMA)
PNG = "iVBORw0KGgo="
NOVA = "us.amazon.nova-pro-v1:0"
NOVA_2 = "global.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"


@cache
def service() -> ServiceModel:
    """What AWS says of the service; its SDK is made of it."""
    return botocore.session.Session().get_service_model("bedrock-runtime")


def operation(*, stream: bool) -> OperationModel:
    return service().operation_model("ConverseStream" if stream else "Converse")


def model(upstream: str = NOVA, *capabilities: Capability) -> Model:
    return Model("m", VENDOR, upstream, 300_000, 5_000, frozenset(capabilities), ())


def said(role: Any, *parts: str | Image, **more: Any) -> Message:
    return Message(role, tuple(Text(part) if isinstance(part, str) else part for part in parts), **more)


def hi(**wishes: Any) -> Chat:
    return Chat((said("user", "Hi"),), **wishes)


def body_for(chat: Chat, upstream: str = NOVA, *capabilities: Capability) -> dict[str, Any]:
    """The body, after the SDK's service model has accepted all of it."""
    wire = bedrock_converse.request(chat, model(upstream, *capabilities))
    shape = cast("Any", operation(stream=chat.stream).input_shape)
    report = cast("Any", ParamValidator()).validate({"modelId": unquote(wire.path.split("/")[2]), **wire.body}, shape)
    assert not report.has_errors(), report.generate_report()
    return wire.body
