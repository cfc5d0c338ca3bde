"""Reads a GenerateContentResponse, whole or in pieces: https://ai.google.dev/api/generate-content#response-body."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Required, TypedDict

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

from turnout.core import errors
from turnout.core.events import Delta, Done, FinishReason, ToolDelta, Usage
from turnout.providers.dialects.gemini_errors import Problem, in_band


class FunctionCall(TypedDict, total=False):
    """`id` came late to the format and may be missing; no `args` means none."""

    id: str
    name: Required[str]
    args: dict[str, Any]


class Part(TypedDict, total=False):
    """A piece of content; `thought` marks a summary of the model's thinking."""

    text: str
    thought: bool
    thoughtSignature: str
    functionCall: FunctionCall


class Content(TypedDict, total=False):
    """What a candidate says; without parts when it was filtered or only thought."""

    parts: list[Part]


class Token(TypedDict, total=False):
    """A token and its log probability."""

    token: str
    logProbability: float


class TopTokens(TypedDict, total=False):
    """The likeliest tokens at one place."""

    candidates: list[Token]


class Logprobs(TypedDict, total=False):
    """https://ai.google.dev/api/generate-content#LogprobsResult ."""

    chosenCandidates: list[Token]
    topCandidates: list[TopTokens]


class Candidate(TypedDict, total=False):
    """One answer; like every field at its default, an index of 0 is left out."""

    index: int
    content: Content
    finishReason: str
    finishMessage: str
    logprobsResult: Logprobs


class PromptFeedback(TypedDict, total=False):
    """There instead of candidates when the prompt was blocked."""

    blockReason: str
    blockReasonMessage: str


class ModalityTokenCount(TypedDict, total=False):
    """Tokens of one kind of content: TEXT, IMAGE and others."""

    modality: str
    tokenCount: int


class UsageMetadata(TypedDict, total=False):
    """Tokens so far. The prompt's count includes the cached ones, the candidates' leaves out the thoughts."""

    promptTokenCount: int
    promptTokensDetails: list[ModalityTokenCount]
    cachedContentTokenCount: int
    cacheTokensDetails: list[ModalityTokenCount]
    toolUsePromptTokenCount: int
    candidatesTokenCount: int
    thoughtsTokenCount: int


class Response(TypedDict, total=False):
    """A whole answer, or the next piece of a streamed one; or an error in its place."""

    candidates: list[Candidate]
    promptFeedback: PromptFeedback
    usageMetadata: UsageMetadata
    modelVersion: str
    responseId: str
    error: Problem


# An array is what a stream is when a proxy has taken `alt=sse` out of its URL.
ANSWER: TypeAdapter[Response | list[Response]] = TypeAdapter(
    Response | list[Response], config=ConfigDict(defer_build=True)
)

# https://ai.google.dev/api/generate-content#FinishReason
FINISHES: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "ESCALATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}

# Reasons that leave nothing to use, and that a second try does not cure. All others that are not in FINISHES, OTHER
# and whatever Google adds included, make the answer garbled: we cannot vouch that it is whole.
FAILURES: dict[str, type[errors.VendorError]] = {
    "MISSING_THOUGHT_SIGNATURE": errors.Rejected,
    "PUP_LIMITED_DISABLED": errors.AccessDenied,
}

GOING_ON = {"", "FINISH_REASON_UNSPECIFIED"}


@dataclass(slots=True)
class Decoder:
    """Adds up the pieces of one answer; a whole answer is one piece.

    The format has no end but the last byte: finish reasons and usage may come again in later pieces, and the last
    ones count. An answer that lacks them at the end raises `unfinished`.
    """

    unfinished: type[errors.VendorError]
    _reasons: dict[int, str] = field(default_factory=dict[int, str])
    _calls: dict[int, int] = field(default_factory=dict[int, int])
    _last: Response = field(default_factory=Response)

    @property
    def finished(self) -> bool:
        """Never before the last byte."""
        return False

    def feed(self, event: str, data: str) -> Iterator[Delta | Done]:  # noqa: ARG002  the format names no events
        """The events in one SSE frame. Raises Garbled, Blocked, and whatever an error in the frame means."""
        if data.strip():
            yield from self._responses(_checked(ANSWER.validate_json, data))

    def read(self, body: Any) -> Iterator[Delta | Done]:
        """The events in an answer that has been parsed; raises the same."""
        yield from self._responses(_checked(ANSWER.validate_python, body))

    def close(self) -> Iterator[Delta | Done]:
        """How each answer ended, and what it took."""
        if not self._reasons or not GOING_ON.isdisjoint(self._reasons.values()):
            raise self.unfinished("The vendor's answer ended without a finish reason")
        for choice, reason in sorted(self._reasons.items()):
            finish = "tool_calls" if reason == "STOP" and choice in self._calls else FINISHES[reason]
            yield Delta(choice, finish=finish, native_finish=reason)
        counted = self._last.get("usageMetadata")
        yield Done(
            usage_of(counted) if counted else None,
            self._last.get("responseId", ""),
            self._last.get("modelVersion", ""),
        )

    def _responses(self, responses: list[Response]) -> Iterator[Delta]:
        for response in responses:
            if "error" in response:
                raise in_band(response["error"])
            yield from self._response(response)

    def _response(self, response: Response) -> Iterator[Delta]:
        feedback = response.get("promptFeedback", {})
        if reason := feedback.get("blockReason"):
            said = feedback.get("blockReasonMessage", "")
            raise errors.Blocked(f"The vendor blocked the prompt: {_told(reason, said)}", vendor_message=said or reason)
        self._last.update(response)
        for candidate in response.get("candidates", []):
            yield from self._candidate(candidate)

    def _candidate(self, candidate: Candidate) -> Iterator[Delta]:
        choice, reason = candidate.get("index", 0), candidate.get("finishReason", "")
        for part in candidate.get("content", {}).get("parts", []):
            yield from self._part(choice, part)
        if (tokens := candidate.get("logprobsResult", {})).get("chosenCandidates"):
            yield Delta(choice, logprobs=_logprobs(tokens))
        if reason not in GOING_ON and reason not in FINISHES:
            raise _failure(reason, candidate.get("finishMessage", ""))
        self._reasons[choice] = reason if reason not in GOING_ON else self._reasons.get(choice, "")

    def _part(self, choice: int, part: Part) -> Iterator[Delta]:
        if call := part.get("functionCall"):
            yield Delta(choice, tool=self._tool(choice, call, part.get("thoughtSignature", "")))
        elif text := part.get("text"):
            yield Delta(choice, reasoning=text) if part.get("thought") else Delta(choice, text=text)

    def _tool(self, choice: int, call: FunctionCall, signature: str) -> ToolDelta:
        place = self._calls.setdefault(choice, 0)
        self._calls[choice] += 1
        arguments = to_json(call.get("args", {})).decode()
        return ToolDelta(
            place,
            call.get("id") or self._call_id(choice, place, call["name"] + arguments),
            call["name"],
            arguments,
            {"gemini": {"thought_signature": signature}} if signature else None,
        )

    def _call_id(self, *parts: object) -> str:
        """An id for a call that came without: the same for the same answer, and different in the next turn."""
        named = repr((self._last.get("responseId", ""), *parts))
        return f"call_{blake2b(named.encode(), digest_size=12).hexdigest()}"


def usage_of(counted: UsageMetadata) -> Usage:
    """The count in disjoint buckets; results of Google's own tools are part of the input."""
    cached = counted.get("cachedContentTokenCount", 0)
    fresh = max(0, counted.get("promptTokenCount", 0) - cached)
    seen = _pictures(counted.get("promptTokensDetails", ())) - _pictures(counted.get("cacheTokensDetails", ()))
    image = min(max(0, seen), fresh)
    return Usage(
        input=fresh - image + counted.get("toolUsePromptTokenCount", 0),
        image=image,
        cached_input=cached,
        output=counted.get("candidatesTokenCount", 0),
        reasoning=counted.get("thoughtsTokenCount", 0),
    )


def _pictures(details: Iterable[ModalityTokenCount]) -> int:
    return sum(one.get("tokenCount", 0) for one in details if one.get("modality") == "IMAGE")


def _checked(validate: Callable[[Any], Response | list[Response]], given: Any) -> list[Response]:
    try:
        read = validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise errors.Garbled(f"The vendor's answer is not a GenerateContentResponse: {place}: {first['msg']}") from None
    return read if isinstance(read, list) else [read]


def _failure(reason: str, said: str) -> errors.VendorError:
    kind = FAILURES.get(reason, errors.Garbled)
    return kind(f"The vendor's answer cannot be used: {_told(reason, said)}", vendor_message=said or reason)


def _told(reason: str, said: str) -> str:
    return f"{reason} ({said})" if said else reason


def _logprobs(result: Logprobs) -> Mapping[str, Any]:
    """In OpenAI's form: https://platform.openai.com/docs/api-reference/chat/object ."""
    chosen, tops = result.get("chosenCandidates", []), result.get("topCandidates", [])
    others = [[_token(other) for other in top.get("candidates", [])] for top in tops]
    others += [[] for _ in chosen[len(tops) :]]
    return {"content": [_token(token) | {"top_logprobs": top} for token, top in zip(chosen, others, strict=False)]}


def _token(token: Token) -> dict[str, Any]:
    text = token.get("token", "")
    return {"token": text, "logprob": token.get("logProbability", 0.0), "bytes": list(text.encode())}
