"""What Google answers: a GenerateContentResponse, or a run of them of which the last one has a finishReason."""

from collections.abc import Iterator, Sequence

from pydantic_core import from_json, to_json

from local.simulators.mind import tokens
from local.simulators.personas.protocol import Frame, FrameKind, Reply
from turnout.core.chat import JSON, ToolCall
from turnout.core.events import Choice, Usage

FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
SIGNATURE = "RXJyb3IgZnJlZSBhbmQgc2ltdWxhdGVk"


def headers(_request_id: str) -> dict[str, str]:
    """Google names no request; this is what its front end adds."""
    return {"server": "scaffolding on HTTPServer2", "x-gemini-service-tier": "standard", "vary": "Origin"}


def listing(models: Sequence[str]) -> JSON:
    """`GET /v1beta/models`."""
    methods = ["generateContent", "streamGenerateContent"]
    return {
        "models": [
            {"name": f"models/{model}", "displayName": model, "supportedGenerationMethods": methods} for model in models
        ]
    }


def body(reply: Reply) -> JSON:
    """The whole answer; a refusal is a prompt that was blocked."""
    if reply.choices[0].refusal:
        return blocked(reply)
    candidates = [
        candidate(at, list(parts_of(reply, choice)), choice.finish) for at, choice in enumerate(reply.choices)
    ]
    return {"candidates": candidates} | envelope(reply, usage(reply.usage, reply.usage.output))


def blocked(reply: Reply) -> JSON:
    """No candidates, but the reason."""
    feedback = {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": reply.choices[0].refusal}
    return {"promptFeedback": feedback} | envelope(reply, usage(reply.usage, 0))


def envelope(reply: Reply, counts: JSON) -> JSON:
    """What every response ends with."""
    return {"usageMetadata": counts, "modelVersion": reply.question.model, "responseId": reply.id}


def usage(usage: Usage, output: int) -> JSON:
    """The counts: cached tokens are part of the prompt, thoughts beside the candidates' tokens."""
    counts: JSON = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": usage.prompt + output + usage.reasoning,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.prompt}],
    }
    if usage.cached_input:
        counts["cachedContentTokenCount"] = usage.cached_input
    if usage.reasoning:
        counts["thoughtsTokenCount"] = usage.reasoning
    return counts


def candidate(at: int, parts: Sequence[JSON], finish: str | None = None) -> JSON:
    """One of the candidates, or a piece of it."""
    one: JSON = {"content": {"parts": parts, "role": "model"}, "index": at}
    if finish:
        one["finishReason"] = FINISH_REASONS[finish]
    if finish == "content_filter":
        rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
        one["safetyRatings"] = [rating]
    return one


def parts_of(reply: Reply, choice: Choice) -> Iterator[JSON]:
    """Thoughts if they are to be shown, text, calls."""
    if choice.reasoning and reply.question.thoughts:
        yield {"text": choice.reasoning, "thought": True}
    if choice.text:
        yield {"text": choice.text}
    yield from calls_of(reply, choice)


def calls_of(reply: Reply, choice: Choice) -> Iterator[JSON]:
    """The calls; the first carries the signature of the thoughts before it."""
    for at, call in enumerate(choice.tool_calls):
        yield {"functionCall": function_call(reply, call)} | ({"thoughtSignature": SIGNATURE} if at == 0 else {})


def function_call(reply: Reply, call: ToolCall) -> JSON:
    """A call; only Gemini 3 gives it an id."""
    named = {"id": call.id} if reply.question.model.startswith("gemini-3") else {}
    return {"name": call.name, "args": from_json(call.arguments)} | named


def frames(reply: Reply) -> Iterator[Frame]:
    """The prompt's count, the pieces of each candidate, the end of each."""
    if reply.choices[0].refusal:
        yield event("end", blocked(reply))
        return
    said = 0
    yield event("opening", {"candidates": [candidate(0, [{"text": ""}])]} | envelope(reply, usage(reply.usage, 0)))
    for at, choice in enumerate(reply.choices):
        for kind, part, size in pieces_of(reply, choice):
            said += size
            counts = usage(reply.usage, said)
            yield event(kind, {"candidates": [candidate(at, [part])]} | envelope(reply, counts))
        counts = usage(reply.usage, reply.usage.output if at == len(reply.choices) - 1 else said)
        yield event("end", {"candidates": [candidate(at, [{"text": ""}], choice.finish)]} | envelope(reply, counts))


def pieces_of(reply: Reply, choice: Choice) -> Iterator[tuple[FrameKind, JSON, int]]:
    """(kind, part, tokens): text piece by piece, a call in one."""
    thoughts = choice.reasoning if reply.question.thoughts else ""
    for token in tokens.split(thoughts):
        yield "token", {"text": token, "thought": True}, 0
    for token in tokens.split(choice.text):
        yield "token", {"text": token}, 1
    for part, call in zip(calls_of(reply, choice), choice.tool_calls, strict=True):
        yield "arguments", part, tokens.count(call.name + call.arguments)


def event(kind: FrameKind, data: JSON) -> Frame:
    """A data line, ended as Google ends it."""
    return Frame(kind, b"data: " + to_json(data) + b"\r\n\r\n")
