"""OpenAI's chat completions in and out: a checked request into the core's words, a whole answer back into OpenAI's.

https://platform.openai.com/docs/api-reference/chat
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal

from turnout.api import explain
from turnout.api.messages import (
    AssistantMessage,
    FunctionTool,
    ImagePart,
    ImageURL,
    MessageTurn,
    RefusalPart,
    TextPart,
    ToolCallTurn,
    ToolChoice,
    ToolMessage,
)
from turnout.api.pictures import DATA_URL
from turnout.api.rules import check
from turnout.api.schema import OPTIONS_OF_MODES, ChatRequest, JsonSchemaFormat, TurnoutOptions
from turnout.api.wire import AnswerChoice, AnswerMessage, ChatCompletion, ToolCallItem, UsageCounts, encode
from turnout.core.chat import Chat, Image, JsonSchema, Message, NamedTool, Options, Part, Request, Text, Tool, ToolCall
from turnout.core.errors import InvalidRequest
from turnout.core.events import Answer, Choice, Usage, collect
from turnout.core.records import Record
from turnout.pipeline import Exchange


def to_chat(request: ChatRequest, mode: str = "") -> Request:
    """The request in the core's words; `mode` is that of the path, if it has one.

    Raises InvalidRequest when its fields contradict each other.
    """
    check(request)
    chat = Chat(
        messages=tuple(map(_message, request.messages)),
        stream=bool(request.stream),
        tools=tuple(_tool(item.function) for item in request.tools or ()),
        tool_choice=_tool_choice(request),
        parallel_tool_calls=request.parallel_tool_calls,
        response_format=_response_format(request),
        stop=_stop(request.stop),
        temperature=request.temperature,
        top_p=request.top_p,
        max_tokens=request.max_completion_tokens or request.max_tokens,
        seed=request.seed,
        n=request.n or 1,
        reasoning_effort=request.reasoning_effort,
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        logit_bias=request.logit_bias,
        logprobs=request.logprobs,
        top_logprobs=request.top_logprobs,
        user=request.user or "",
    )
    return Request(chat, request.model, _options(request.turnout or TurnoutOptions(), mode))


def _message(turn: MessageTurn) -> Message:
    match turn:
        case AssistantMessage():
            return _assistant(turn)
        case ToolMessage():
            return Message("tool", _parts(turn.content), turn.name or "", tool_call_id=turn.tool_call_id)
        case _:
            return Message(turn.role, _parts(turn.content), turn.name or "")


def _assistant(turn: AssistantMessage) -> Message:
    said = turn.content if isinstance(turn.content, list) else []
    refusals = [part.refusal for part in said if isinstance(part, RefusalPart)]
    return Message(
        "assistant",
        _parts(turn.content or ()),
        turn.name or "",
        tool_calls=tuple(map(_call, turn.tool_calls or ())),
        refusal="".join([turn.refusal or "", *refusals]),
    )


def _call(call: ToolCallTurn) -> ToolCall:
    return ToolCall(call.id, call.function.name, call.function.arguments, call.extra_content)


def _parts(content: str | Sequence[TextPart | ImagePart | RefusalPart]) -> tuple[Part, ...]:
    """Text and pictures; a refusal is no part of ours, the message itself has it."""
    if isinstance(content, str):
        return (Text(content),)
    return tuple(
        Text(part.text) if isinstance(part, TextPart) else _image(part.image_url)
        for part in content
        if not isinstance(part, RefusalPart)
    )


def _image(picture: ImageURL) -> Image:
    if not (head := DATA_URL.match(picture.url)):
        return Image(url=picture.url, detail=picture.detail)
    return Image(data=picture.url[head.end() :], media_type=head[1].lower(), detail=picture.detail)


def _tool(tool: FunctionTool) -> Tool:
    return Tool(tool.name, tool.description or "", tool.parameters, tool.strict)


def _tool_choice(request: ChatRequest) -> Literal["auto", "none", "required"] | NamedTool | None:
    choice = request.tool_choice
    return NamedTool(choice.function.name) if isinstance(choice, ToolChoice) else choice


def _response_format(request: ChatRequest) -> Literal["text", "json_object"] | JsonSchema:
    wanted = request.response_format
    if isinstance(wanted, JsonSchemaFormat):
        spec = wanted.json_schema
        return JsonSchema(spec.name, spec.schema_, spec.description or "", spec.strict)
    return wanted.type if wanted else "text"


def _stop(stop: str | list[str] | None) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) else tuple(stop or ())


def _options(options: TurnoutOptions, mode: str) -> Options:
    if mode and "mode" in options.model_fields_set and options.mode != mode:
        raise InvalidRequest(f"This path is for the mode '{mode}'. Leave it out.", param="turnout.mode")
    _of_the_mode(options, mode or options.mode)
    return Options(
        goal=options.goal,
        mode=mode or options.mode,
        models=options.models,
        fallbacks=options.fallbacks,
        task=options.task,
        max_cost_usd=options.max_cost_usd,
        max_latency_ms=options.max_latency_ms,
        max_model_latency_ms=options.max_model_latency_ms,
        tags=options.tags,
        session=options.session,
        strategy=options.strategy,
        synthesizer=options.synthesizer,
        layers=options.layers,
        samples=options.samples,
        judge=options.judge,
        criteria=options.criteria,
        second_opinion=options.second_opinion,
    )


def _of_the_mode(options: TurnoutOptions, mode: str) -> None:
    """Raises InvalidRequest for an option that would have no effect."""
    for name in sorted(options.model_fields_set & OPTIONS_OF_MODES.keys()):
        if getattr(options, name) and mode not in (modes := OPTIONS_OF_MODES[name]):
            wanted = " or ".join(f"'{one}'" for one in modes)
            raise InvalidRequest(f"'{name}' is for the mode {wanted}, not '{mode}'.", param=f"turnout.{name}")


async def whole(exchange: Exchange) -> AsyncGenerator[bytes]:
    """A plain answer: a single frame, once all events are in. Raises what the events raise."""
    answer = await collect(exchange.events)
    yield encode(from_events(answer, exchange.record))


def from_events(answer: Answer, record: Record) -> ChatCompletion:
    """The ChatCompletion that the events of an answer add up to."""
    done = answer.done
    return {
        "id": completion_id(record),
        "object": "chat.completion",
        "created": int(record.at),
        "model": record.model,
        "choices": choice_items(answer),
        "usage": usage_counts((done and done.usage) or Usage()),
        "system_fingerprint": (done and done.fingerprint) or None,
        "turnout": explain.note(record, answer.verdict),
    }


def choice_items(answer: Answer) -> list[AnswerChoice]:
    """The choices in order, also of an answer that is not whole."""
    return [_choice(index, choice) for index, choice in sorted(_choices(answer).items())]


def _choices(answer: Answer) -> dict[int, Choice]:
    """One of each model that was asked, that a client may find it by its number."""
    return {number: Choice() for number in answer.failed} | answer.choices


def completion_id(record: Record) -> str:
    """The id of an answer is the id of its request."""
    return f"chatcmpl-{record.id}"


def _choice(index: int, choice: Choice) -> AnswerChoice:
    return {
        "index": index,
        "message": _said(choice),
        "logprobs": _joined(choice.logprobs) if choice.logprobs else None,
        "finish_reason": choice.finish,
    }


def _said(choice: Choice) -> AnswerMessage:
    silent = not choice.text and (choice.tool_calls or choice.refusal or not choice.finish)
    message: AnswerMessage = {
        "role": "assistant",
        "content": None if silent else choice.text,
        "refusal": choice.refusal or None,
    }
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    if choice.tool_calls:
        message["tool_calls"] = list(map(_call_item, choice.tool_calls))
    return message


def _call_item(call: ToolCall) -> ToolCallItem:
    item: ToolCallItem = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if call.extra:
        item["extra_content"] = call.extra
    return item


def _joined(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The log probabilities of a whole answer, which come piece by piece."""
    return {
        name: list(chain.from_iterable(piece.get(name) or () for piece in pieces)) or None
        for name in ("content", "refusal")
    }


def usage_counts(usage: Usage) -> UsageCounts:
    """Tokens in OpenAI's buckets, of which the details are parts."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input, "cache_write_tokens": usage.cache_write},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
