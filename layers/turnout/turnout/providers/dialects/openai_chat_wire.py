"""The answer of OpenAI's chat completions, whole or a chunk of it, as vendors really send it: any field may be null.

https://platform.openai.com/docs/api-reference/chat/object and .../chat/streaming; fields of other vendors are marked.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError
from pydantic_core import to_json

from turnout.core.errors import Garbled
from turnout.core.events import Usage


class _Wire(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True, defer_build=True)


class WireFunction(_Wire):
    """Some vendors give the arguments as an object."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None

    @property
    def arguments_text(self) -> str:
        """The arguments as JSON text, or the piece of it."""
        return to_json(self.arguments).decode() if isinstance(self.arguments, dict) else self.arguments or ""


class WireToolCall(_Wire):
    """A tool call or a piece of one. `extra_content` is Google's."""

    index: int | None = None
    id: str | None = None
    function: WireFunction | None = None
    extra_content: dict[str, Any] | None = None


class WirePart(_Wire):
    """A part of content given as a list; `thinking` is Mistral's (https://docs.mistral.ai/capabilities/reasoning)."""

    text: str | None = None
    refusal: str | None = None
    thinking: "str | list[WirePart] | None" = None


class WireMessage(_Wire):
    """A message or a delta. `reasoning_content` is DeepSeek's and xAI's, `reasoning` Groq's and vLLM's."""

    content: str | list[WirePart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[WireToolCall] | None = None

    @property
    def text(self) -> str:
        """What is said."""
        return _words(self.content)

    @property
    def thoughts(self) -> str:
        """What is thought aloud. Vendors that fill both fields say the same in each."""
        parts = self.content if isinstance(self.content, list) else []
        return self.reasoning_content or self.reasoning or "".join(_words(part.thinking) for part in parts)

    @property
    def refused(self) -> str:
        """Why the model will not answer."""
        parts = self.content if isinstance(self.content, list) else []
        return self.refusal or "".join(part.refusal or "" for part in parts)


def _words(content: str | list[WirePart] | None) -> str:
    return "".join(part.text or "" for part in content) if isinstance(content, list) else content or ""


class WireChoice(_Wire):
    """One answer, in `message` if whole, in `delta` if streamed."""

    index: int | None = None
    message: WireMessage | None = None
    delta: WireMessage | None = None
    finish_reason: str | None = None
    logprobs: dict[str, Any] | None = None


class WireDetails(_Wire):
    """Parts of the counts."""

    cached_tokens: NonNegativeInt | None = None
    cache_write_tokens: NonNegativeInt | None = None
    image_tokens: NonNegativeInt | None = None
    reasoning_tokens: NonNegativeInt | None = None


class WireUsage(_Wire):
    """Counts. `prompt_cache_hit_tokens` is DeepSeek's, `num_cached_tokens` Mistral's, `cached_tokens` Moonshot's."""

    prompt_tokens: NonNegativeInt | None = None
    completion_tokens: NonNegativeInt | None = None
    total_tokens: NonNegativeInt | None = None
    prompt_tokens_details: WireDetails | None = None
    completion_tokens_details: WireDetails | None = None
    prompt_cache_hit_tokens: NonNegativeInt | None = None
    num_cached_tokens: NonNegativeInt | None = None
    cached_tokens: NonNegativeInt | None = None

    @property
    def usage(self) -> Usage | None:
        """The counts in disjoint buckets, None if there are none."""
        if self.prompt_tokens is None and self.completion_tokens is None:
            return None
        prompt, details = self.prompt_tokens or 0, self.prompt_tokens_details or WireDetails()
        cached = details.cached_tokens or self.prompt_cache_hit_tokens or self.num_cached_tokens or self.cached_tokens
        cached, written = cached or 0, details.cache_write_tokens or 0
        output, reasoning = self._output(prompt)
        fresh = max(0, prompt - cached - written)
        image = min(details.image_tokens or 0, fresh)  # nobody tells which of them were cached
        return Usage(fresh - image, cached, written, output, reasoning, image)

    def _output(self, prompt: int) -> tuple[int, int]:
        """Output and reasoning. OpenAI counts reasoning inside of completion_tokens; xAI and Google do not.

        Only the total tells: what it holds beyond prompt and completion was reasoning.
        """
        completion, details = self.completion_tokens or 0, self.completion_tokens_details or WireDetails()
        if (outside := (self.total_tokens or 0) - prompt - completion) > 0:
            return completion, outside
        reasoning = min(details.reasoning_tokens or 0, completion)
        return completion - reasoning, reasoning


class WireAnswer(_Wire):
    """A whole answer or a chunk. `error` and Mistral's `object` = "error" tell a failure after a status of 200."""

    id: str | None = None
    object: str | None = None
    system_fingerprint: str | None = None
    choices: list[WireChoice] | None = None
    usage: WireUsage | None = None
    error: Any = None


def read(body: Any) -> WireAnswer:
    """Raises Garbled, naming the first field that is not as the format has it."""
    try:
        return WireAnswer.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Garbled(f"The vendor's answer is no chat completion: {where}: {first['msg']}") from None
