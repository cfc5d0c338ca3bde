"""What a client asks: a chat, in no vendor's dialect.

The shapes follow OpenAI's chat completions, the widest of the formats that we accept
(https://platform.openai.com/docs/api-reference/chat/create), with content always as parts.
Values here are trusted: `turnout.api` has validated them.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Literal

from turnout.core.frozen import frozen

type JSON = dict[str, Any]
type Role = Literal["system", "developer", "user", "assistant", "tool"]
type Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
type SecondOpinion = Literal["judge", "order"]
type Goal = Literal["balanced", "cost", "latency", "reliability"]

ONLY_LIMITS = "rate_limit"
"""The strategy of failover that orders nothing: only a limit of a vendor's leads to the next target."""


@frozen
class Text:
    """A part of a message that is text."""

    text: str


@frozen
class Image:
    """A part of a message that is a picture: either `url` (https) or `data` (base64, no prefix) is set."""

    url: str = ""
    data: str = ""
    media_type: str = ""
    detail: Literal["auto", "low", "high"] = "auto"


type Part = Text | Image


@frozen
class ToolCall:
    """A model's wish to call a tool; `arguments` is JSON text, as the model wrote it.

    `extra` is what a vendor wants to see again in the next turn (Gemini's thought signature, Anthropic's
    thinking blocks), keyed by dialect; clients carry it as `extra_content`, as Google's own OpenAI endpoint does.
    """

    id: str
    name: str
    arguments: str
    extra: Mapping[str, Any] | None = None


@frozen
class Message:
    """One turn. `tool_calls` and `refusal` only on the assistant's, `tool_call_id` only on a tool's."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    refusal: str = ""

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@frozen
class Tool:
    """A function that the model may call; `parameters` is a JSON schema, None for no arguments."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None


@frozen
class NamedTool:
    """The tool choice that forces one tool."""

    name: str


@frozen
class JsonSchema:
    """The response format that follows a JSON schema."""

    name: str
    schema: Mapping[str, Any]
    description: str = ""
    strict: bool | None = None


@frozen
class Chat:
    """What any model can be asked. None means: the client did not say, so the vendor's default holds."""

    messages: tuple[Message, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: Literal["text", "json_object"] | JsonSchema = "text"
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    n: int = 1
    reasoning_effort: Effort | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: Mapping[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    user: str = ""
    prefix: str = ""
    """The start of the answer, to be continued by the model: text that an earlier, cut attempt has produced."""

    def continued(self, text: str) -> "Chat":
        """The same chat, with `text` as the start of the answer; only for models that can do `prefix`."""
        return replace(self, prefix=self.prefix + text)


@frozen
class Options:
    """The `turnout` object of a request: how to choose, not what to ask."""

    goal: Goal | None = None
    mode: str = "failover"
    models: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    task: str = ""
    max_cost_usd: float | None = None
    max_latency_ms: int | None = None
    max_model_latency_ms: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    session: str = ""
    strategy: str = ""
    synthesizer: str = ""
    layers: int = 2
    samples: int = 4
    judge: str = ""
    criteria: tuple[str, ...] = ()
    second_opinion: SecondOpinion | None = None


@frozen
class Request:
    """One request of a client: the chat, the model as it was named, and the wishes on routing."""

    chat: Chat
    model: str
    options: Options = field(default_factory=Options)
