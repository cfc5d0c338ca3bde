"""What is sent, as typed dicts: OpenAI's shapes, with a `turnout` object in them. The OpenAPI document shows the same.

https://platform.openai.com/docs/api-reference/chat/object
https://platform.openai.com/docs/api-reference/chat/streaming
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from pydantic_core import to_json

from turnout.core.events import FinishReason


class Function(TypedDict):
    """The function of a call; `arguments` is JSON text as the model wrote it."""

    name: str
    arguments: str


class ToolCallItem(TypedDict):
    """A call; send `extra_content` back with it."""

    id: str
    type: Literal["function"]
    function: Function
    extra_content: NotRequired[Mapping[str, Any]]


class AnswerMessage(TypedDict):
    """What the model said; `reasoning_content` where the vendor shows its reasoning."""

    role: Literal["assistant"]
    content: str | None
    refusal: str | None
    reasoning_content: NotRequired[str]
    tool_calls: NotRequired[list[ToolCallItem]]


class AnswerChoice(TypedDict):
    """One of `n` answers, or of several models'; `finish_reason` is null where it is not whole."""

    index: int
    message: AnswerMessage
    logprobs: Mapping[str, Any] | None
    finish_reason: FinishReason | None


class PromptTokens(TypedDict):
    """Parts of `prompt_tokens`."""

    cached_tokens: int
    cache_write_tokens: int


class CompletionTokens(TypedDict):
    """Parts of `completion_tokens`."""

    reasoning_tokens: int


class UsageCounts(TypedDict):
    """Tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokens
    completion_tokens_details: CompletionTokens


class AttemptNote(TypedDict):
    """One call of one model; `status` and `message` are the vendor's."""

    vendor: str
    model: str
    outcome: str
    status: int | None
    error: str | None
    message: str | None
    latency_ms: int


class AnswerNote(TypedDict):
    """One of several answers; `index` is its choice's. Time, tokens and cost are those of all its attempts.

    `error` and `message` tell why it did not come, or not whole; else they are null. `late`: its time was up.
    `judged` is from 0 to 1.
    """

    index: int
    model: str
    outcome: str
    finish_reason: str | None
    error: str | None
    message: str | None
    late: bool
    latency_ms: int
    first_token_ms: int | None
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    judged: float | None


class Summary(TypedDict):
    """The index of the first of several answers to be whole, of the one that cost least, and of that with most tokens.

    Of answers alike it is the first; null where none is whole.
    """

    fastest: int | None
    cheapest: int | None
    longest: int | None


class ScoreNote(TypedDict):
    """What the judge gave an answer, from 0 to 10; `index` is that of `answers`."""

    index: int
    score: float
    reason: str


class VerdictNote(TypedDict):
    """Which answer is best, by index; null: a tie. `orders` are the indexes as each judge has seen the answers."""

    winner: int | None
    scores: list[ScoreNote]
    confidence: float
    judges: list[str]
    orders: list[list[int]]
    seed: int


class TurnoutNote(TypedDict):
    """Who answered and why. `cost_usd` is a JSON number, the sum of all attempts, failed ones included.

    `answers`, `summary` and `dropped`, the models that could not take the request, are there where several were asked.
    """

    request_id: str
    model: str | None
    vendor: str | None
    reason: str
    attempts: list[AttemptNote]
    cost_usd: float
    usage_source: Literal["vendor", "estimated"]
    answers: NotRequired[list[AnswerNote]]
    summary: NotRequired[Summary]
    dropped: NotRequired[list["DropItem"]]
    verdict: NotRequired[VerdictNote]


class ChatCompletion(TypedDict):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[AnswerChoice]
    usage: UsageCounts
    system_fingerprint: str | None
    turnout: TurnoutNote


class ChunkChoice(TypedDict):
    """A piece of one answer."""

    index: int
    delta: Mapping[str, Any]
    logprobs: Mapping[str, Any] | None
    finish_reason: FinishReason | None


class ChatChunk(TypedDict):
    """A piece of a streamed answer. `turnout` is in the last one, and in one that marks a model's change or failure."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str | None
    choices: list[ChunkChoice]
    usage: NotRequired[UsageCounts | None]
    turnout: NotRequired[TurnoutNote | Mapping[str, Any]]


class ErrorDetail(TypedDict):
    """What went wrong; `param` names the field at fault."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(TypedDict):
    """OpenAI's error shape. `turnout` tells of the attempts, where there were any."""

    error: ErrorDetail
    turnout: NotRequired[TurnoutNote]


class Pricing(TypedDict):
    """Prices as decimal strings, so that none is rounded."""

    unit: Literal["USD per million tokens"]
    input: str
    cached_input: str
    cache_write: str
    output: str


class ModelItem(TypedDict):
    """A model, or one of the names by which the gateway chooses itself.

    `created` is the first day for which a price is known, as epoch seconds; `ready`: it can be asked now.
    """

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    ready: bool
    context_window: NotRequired[int]
    max_output: NotRequired[int]
    capabilities: NotRequired[list[str]]
    pricing: NotRequired[Pricing]


class ModelList(TypedDict):
    """All models."""

    object: Literal["list"]
    data: list[ModelItem]


class TargetItem(TypedDict):
    """A model, and the utility for which it was ranked; null where it was not, or nothing is known of it."""

    model: str
    score: float | None


class DropItem(TypedDict):
    """A candidate that would not be asked, and why."""

    model: str
    reason: str


class RouteItem(TypedDict):
    """What would be asked. `targets` are in order; each is asked only if those before it fail.

    `confidence` is null where nobody had to classify, `rule` where none fired. `propensity` is the probability with
    which the first target was to be the first: below 1 where the key explores.
    """

    object: Literal["route"]
    model: str
    reason: str
    goal: str
    mode: str
    task: str | None
    confidence: float | None
    rule: str | None
    prompt_tokens: int
    max_cost_usd: float | None
    max_latency_ms: int | None
    targets: list[TargetItem]
    dropped: list[DropItem]
    propensity: float
    seed: int
    versions: Mapping[str, str | None]


class Health(TypedDict):
    """The gateway is up."""

    status: Literal["ok"]


type Sent = ChatCompletion | ChatChunk | ErrorBody | ModelItem | ModelList | RouteItem | Health


def encode(value: Sent) -> bytes:
    """JSON. A number that JSON cannot carry becomes null."""
    return to_json(value, inf_nan_mode="null")
