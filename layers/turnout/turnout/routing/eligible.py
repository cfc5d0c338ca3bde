"""Which models can do what a chat asks. What a model lacks takes it out; nothing of a request is dropped in silence."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from math import ceil

from turnout.catalog.pricing import cost, price_on
from turnout.core.chat import Chat, Image, JsonSchema, NamedTool
from turnout.core.events import Usage
from turnout.core.frozen import frozen
from turnout.core.models import Auth, Capability, Model
from turnout.core.records import Drop

type Test = Callable[[Chat], bool]


def _images(chat: Chat) -> Iterable[Image]:
    return (part for message in chat.messages for part in message.parts if isinstance(part, Image))


def _steers_tools(chat: Chat) -> bool:
    return bool(chat.tools) and (chat.tool_choice in {"required", "none"} or isinstance(chat.tool_choice, NamedTool))


# What a chat must hold for a capability to be needed. A parameter at its documented default needs nothing.
NEEDS: dict[Capability, Test] = {
    "tools": lambda chat: bool(chat.tools),
    "tool_choice": _steers_tools,
    "parallel_tools": lambda chat: bool(chat.tools) and chat.parallel_tool_calls is False,
    "images": lambda chat: any(image.data for image in _images(chat)),
    "image_urls": lambda chat: any(image.url for image in _images(chat)),
    "json_object": lambda chat: chat.response_format == "json_object",
    "json_schema": lambda chat: isinstance(chat.response_format, JsonSchema),
    "reasoning": lambda chat: chat.reasoning_effort not in {None, "none"},
    "temperature": lambda chat: chat.temperature not in {None, 1.0},
    "top_p": lambda chat: chat.top_p not in {None, 1.0},
    "stop": lambda chat: bool(chat.stop),
    "seed": lambda chat: chat.seed is not None,
    "n": lambda chat: chat.n > 1,
    "penalties": lambda chat: bool(chat.frequency_penalty or chat.presence_penalty),
    "logit_bias": lambda chat: bool(chat.logit_bias),
    "logprobs": lambda chat: bool(chat.logprobs),
    "prefix": lambda chat: bool(chat.prefix),
}

MISSING: dict[Auth, str] = {"key": "no API key", "aws": "no AWS region"}

# The fields of a capability that may be set and yet need nothing. A model that does not know them never sees them.
AT_DEFAULT: dict[Capability, tuple[str, ...]] = {
    "tool_choice": ("tool_choice",),
    "parallel_tools": ("parallel_tool_calls",),
    "reasoning": ("reasoning_effort",),
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "penalties": ("frequency_penalty", "presence_penalty"),
    "logit_bias": ("logit_bias",),
    "logprobs": ("logprobs", "top_logprobs"),
}


def fitted(chat: Chat, model: Model) -> Chat:
    """The chat as `model`, which is eligible for it, can take it: without parameters at their default that it lacks."""
    unknown = [
        name for capability, names in AT_DEFAULT.items() if capability not in model.capabilities for name in names
    ]
    unset = {name: None for name in unknown if getattr(chat, name) is not None}
    return replace(chat, **unset) if unset else chat


def needs(chat: Chat) -> frozenset[Capability]:
    """The capabilities that this chat cannot do without."""
    return frozenset([name for name, needed in NEEDS.items() if needed(chat)])


@frozen
class Demand:
    """What a request asks of a model; `answer_tokens` is 0 where the client sets no limit.

    `seconds` are what an answer is expected to take, by model id, as far as that is known.
    """

    needed: frozenset[Capability]
    prompt_tokens: int
    answer_tokens: int = 0
    max_cost_usd: float | None = None
    day: date = date.max
    """The day (UTC) whose prices hold."""
    max_latency_ms: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])


def lack(model: Model, demand: Demand) -> str:
    """Why `model` cannot take it, in a few words; empty when it can."""
    return _unable(model, demand) or _too_dear(model, demand) or _too_slow(model, demand)


def _unable(model: Model, demand: Demand) -> str:
    if not model.vendor.ready:
        return f"{MISSING[model.vendor.auth]} for {model.vendor.name}"
    if missing := demand.needed - model.capabilities:
        return "cannot do " + ", ".join(sorted(missing))
    if demand.answer_tokens > model.max_output:
        return f"answers at most {model.max_output} tokens"
    if demand.prompt_tokens + demand.answer_tokens > model.context_window:
        return f"its window holds {model.context_window} tokens"
    return ""


def _longest(model: Model, demand: Demand) -> int:
    """Tokens of the longest answer that the model may give."""
    return demand.answer_tokens or max(0, min(model.max_output, model.context_window - demand.prompt_tokens))


def _most(model: Model, demand: Demand) -> Decimal:
    """A limit on cost is a promise: what counts is the longest answer, in USD."""
    tokens = Usage(input=demand.prompt_tokens, output=_longest(model, demand))
    return cost(tokens, price_on(model, demand.day))


def _too_dear(model: Model, demand: Demand) -> str:
    # The client's figure as it was written: as a binary fraction it may be just below a limit that we named.
    if demand.max_cost_usd is None or (most := _most(model, demand)) <= Decimal(str(demand.max_cost_usd)):
        return ""
    return f"may cost {most:.4f} USD for {_longest(model, demand)} tokens"


def _too_slow(model: Model, demand: Demand) -> str:
    """Of a model whose time is not known the deadline makes the promise good."""
    if demand.max_latency_ms is None:
        return ""
    seconds = demand.seconds.get(model.id, 0.0)
    return f"is expected to take {seconds:.1f} s" if seconds * 1000 > demand.max_latency_ms else ""


def remedy(models: Iterable[Model], demand: Demand) -> str:
    """Which limits would let one of `models` take it: what the cheapest may cost, how long the fastest takes."""
    able = [model for model in models if not _unable(model, demand)]
    dear = [model for model in able if _too_dear(model, demand)]
    slow = [model for model in able if _too_slow(model, demand)]
    told: list[str] = []
    if dear and len(dear) == len(able):
        cheapest = min(dear, key=lambda model: _most(model, demand))
        told.append(f"{cheapest.id} is the cheapest that could: it needs max_cost_usd {_up(_most(cheapest, demand))}")
    if slow and len(slow) == len(able):
        fastest = min(slow, key=lambda model: demand.seconds[model.id])
        told.append(f"{fastest.id} is the fastest: it needs max_latency_ms {ceil(demand.seconds[fastest.id] * 1000)}")
    return "; ".join(told)


def _up(usd: Decimal) -> str:
    """Rounded up to two digits that count, so that a limit of this much will do."""
    return f"{usd.quantize(Decimal(1).scaleb(usd.adjusted() - 1), ROUND_CEILING):f}" if usd else "0"


def split(models: Iterable[Model], demand: Demand) -> tuple[tuple[Model, ...], tuple[Drop, ...]]:
    """The models that can take it, in the order given, and the others with what they lack."""
    verdicts = [(model, lack(model, demand)) for model in models]
    able = tuple(model for model, reason in verdicts if not reason)
    return able, tuple(Drop(model.id, reason) for model, reason in verdicts if reason)
