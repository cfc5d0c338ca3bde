"""The turns of a conversation and the tools, as OpenAI's clients send them.

https://platform.openai.com/docs/api-reference/chat/create (messages, tools, tool_choice)
"""

import math
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field

from turnout.api.pictures import picture
from turnout.core.chat import JSON


class Wire(BaseModel):
    """A JSON object of a client: no type is coerced, no field is ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, defer_build=True)


def _finite(value: JSON) -> JSON:
    """Refuse NaN and infinity in free JSON: no vendor could read them."""
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            raise ValueError("holds a number that JSON cannot carry")
        if isinstance(item, dict):
            waiting.extend(cast("JSON", item).values())
        elif isinstance(item, list):
            waiting.extend(cast("list[Any]", item))
    return value


type FreeJSON = Annotated[dict[str, Any], AfterValidator(_finite)]
type ToolName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
type Name = Annotated[str, Field(max_length=64)]


class TextPart(Wire):
    """Text."""

    type: Literal["text"]
    text: str


class ImageURL(Wire):
    """Where a picture is; `detail` is how closely to look."""

    url: Annotated[str, AfterValidator(picture)]
    detail: Literal["auto", "low", "high"] = "auto"


class ImagePart(Wire):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageURL


class RefusalPart(Wire):
    """What an assistant said when it refused."""

    type: Literal["refusal"]
    refusal: str


type UserPart = Annotated[TextPart | ImagePart, Field(discriminator="type")]
type AssistantPart = Annotated[TextPart | RefusalPart, Field(discriminator="type")]
type Texts = Annotated[list[TextPart], Field(min_length=1), FailFast()]
type UserParts = Annotated[list[UserPart], Field(min_length=1), FailFast()]
type AssistantParts = Annotated[list[AssistantPart], Field(min_length=1), FailFast()]


class SystemMessage(Wire):
    """Instructions."""

    role: Literal["system", "developer"]
    content: str | Texts
    name: Name | None = None


class UserMessage(Wire):
    """What a person says."""

    role: Literal["user"]
    content: str | UserParts
    name: Name | None = None


class CalledFunction(Wire):
    """The function of a call; `arguments` is JSON text, `parsed_arguments` the SDKs' reading of it."""

    name: ToolName
    arguments: str
    parsed_arguments: Any = None


class ToolCallTurn(Wire):
    """A call that a model made; `extra_content` comes back as the answer carried it."""

    id: Annotated[str, Field(min_length=1, max_length=512)]
    type: Literal["function"] = "function"
    function: CalledFunction
    extra_content: FreeJSON | None = None
    index: int | None = None


class AssistantMessage(Wire):
    """What a model said. The last fields are accepted because clients send answers back as they were."""

    role: Literal["assistant"]
    content: str | AssistantParts | None = None
    refusal: str | None = None
    name: Name | None = None
    tool_calls: Annotated[list[ToolCallTurn], FailFast()] | None = None
    reasoning_content: str | None = None
    annotations: list[Any] | None = None
    parsed: Any = None
    audio: None = None
    function_call: None = None


class ToolMessage(Wire):
    """The result of a call."""

    role: Literal["tool"]
    content: str | Texts
    tool_call_id: str
    name: Name | None = None


type MessageTurn = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


class FunctionTool(Wire):
    """A function that may be called; `parameters` is a JSON schema."""

    name: ToolName
    description: str | None = None
    parameters: FreeJSON | None = None
    strict: bool | None = None


class ToolItem(Wire):
    """One tool."""

    type: Literal["function"]
    function: FunctionTool


class ChosenFunction(Wire):
    """The name of a function."""

    name: ToolName


class ToolChoice(Wire):
    """The function that must be called."""

    type: Literal["function"]
    function: ChosenFunction
