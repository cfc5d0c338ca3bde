"""What is sent and when: an answer as a run of steps, for the connection to play and for faults to spoil."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from pydantic_core import to_json

from local.simulators.personas.protocol import Frame, Persona, Problem, Question, Reply
from turnout.core.chat import JSON


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers; without `length` the body comes in chunks."""

    status: int
    headers: Mapping[str, str]
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """A piece of the body, sent at once: one chunk where the body comes in chunks."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing, for so many seconds."""

    seconds: float


class Cut(Enum):
    """The end of the connection, without the end of the response: closed, or reset."""

    CLOSED = "closed"
    RESET = "reset"


type Step = Head | Send | Wait | Cut
type Steps = Iterable[Step]
"""Steps that do not end in a `Cut` end the response as HTTP demands."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a model answers; 0 tokens per second means all at once.

    With `thinking_tokens` it thinks before each answer, unseen and not asked for: that takes time, and is billed.
    """

    first_token_ms: float = 5.0
    tokens_per_second: float = 500.0
    thinking_tokens: int = 0

    @property
    def each(self) -> float:
        """Seconds for one token."""
        return 1 / (self.tokens_per_second or inf)


@dataclass(frozen=True, slots=True)
class Situation:
    """One request and all that its answer depends on. `hold` is how many seconds a stall lasts."""

    persona: Persona
    question: Question
    reply: Reply
    pace: Pace = field(default_factory=Pace)
    hold: float = 30.0
    retry_after: int = 1
    now: float = 0.0

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self.question.chat.stream

    @property
    def frames(self) -> list[Frame]:
        """The answer as a stream."""
        return list(self.persona.frames(self.reply))

    @property
    def content_type(self) -> str:
        """What the answer is in."""
        return self.persona.STREAM_TYPE if self.stream else "application/json"

    def problem(self, name: str) -> tuple[int, JSON]:
        """Status and body of an error of this vendor's."""
        return self.persona.problem(Problem(name, model=self.question.model, retry_after=self.retry_after))


def answered(situation: Situation) -> Iterator[Step]:
    """The answer as it should be, streamed or not."""
    return streamed(situation, situation.frames) if situation.stream else whole(situation, 200, rendered(situation))


def rendered(situation: Situation) -> bytes:
    """The body of the whole answer."""
    return to_json(situation.persona.body(situation.reply))


def whole(situation: Situation, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Iterator[Step]:
    """A response with a length; an answer takes as long as its tokens do."""
    pace = situation.pace
    if status == 200:
        yield Wait(pace.first_token_ms / 1000 + pace.each * situation.reply.usage.completion)
    yield Head(status, headed(situation, {"content-type": "application/json", **(headers or {})}), len(body))
    yield Send(body)


def streamed(situation: Situation, frames: Sequence[Frame]) -> Iterator[Step]:
    """A response in chunks, frame by frame at the pace of the model."""
    yield Head(200, headed(situation, {"content-type": situation.content_type, "cache-control": "no-cache"}))
    wait = situation.pace.first_token_ms / 1000 + situation.pace.each * situation.pace.thinking_tokens
    for frame in frames:
        if frame.says_something:
            yield Wait(wait)
            wait = situation.pace.each
        yield Send(frame.data)


def headed(situation: Situation, headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with the vendor's own."""
    return {**situation.persona.headers(situation.reply.id), **headers}


def failed(situation: Situation, name: str, headers: Mapping[str, str] | None = None) -> Iterator[Step]:
    """An error of this vendor's, which is no stream even where one was asked for."""
    status, body = situation.problem(name)
    return whole(situation, status, to_json(body), {**situation.persona.error_headers(body), **(headers or {})})


def halves(data: bytes) -> tuple[bytes, bytes]:
    """The data, cut in the middle."""
    return data[: len(data) // 2], data[len(data) // 2 :]


def body_of(situation: Situation) -> bytes:
    """All the bytes of the answer's body, streamed or not."""
    return b"".join(frame.data for frame in situation.frames) if situation.stream else rendered(situation)
