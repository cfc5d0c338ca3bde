"""What a persona is: the vendor's side of a dialect, as pure functions over requests and answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from turnout.core.chat import JSON, Chat
from turnout.core.events import Choice, Usage


@dataclass(frozen=True, slots=True)
class Asked:
    """An HTTP request as it came: header names in lower case, the query decoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, understood.

    `caches`: whether this vendor reuses the start of a prompt by itself ("implicit"), because the request marks it
    ("marked"), or not at all. `thoughts`: the reasoning is to be shown. `usage`: a stream is to end with counts.
    """

    chat: Chat
    model: str
    caches: Literal["implicit", "marked", "never"] = "implicit"
    thoughts: bool = False
    usage: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, in no format yet. `stops` has the stop sequence that ended each choice, or nothing."""

    question: Question
    id: str
    created: int
    choices: tuple[Choice, ...]
    usage: Usage
    stops: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the vendor refuses or fails at, by the name that the persona's table gives it.

    `detail` and `param` replace the table's own words.
    """

    name: str
    detail: str = ""
    param: str = ""
    model: str = ""
    retry_after: int = 1


class Refused(Exception):
    """The request is not one that the vendor would answer."""

    def __init__(self, name: str, detail: str = "", param: str = "", model: str = "") -> None:
        super().__init__(name)
        self.problem = Problem(name, detail, param, model)


SSE = "text/event-stream; charset=utf-8"


def no_headers(_error: JSON) -> dict[str, str]:
    """For vendors whose errors have no headers of their own."""
    return {}


type FrameKind = Literal["opening", "token", "arguments", "closing", "end", "error"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a stream, as bytes. `opening` and `closing` frames carry nothing that the model said.

    `end` is the frame without which the answer is not whole in this format.
    """

    kind: FrameKind
    data: bytes

    @property
    def says_something(self) -> bool:
        """Whether the model speaks in it."""
        return self.kind in {"token", "arguments"}


class Persona(Protocol):
    """A vendor's side of a dialect. The packages in this folder are the instances."""

    MODELS_PATH: str
    STREAM_TYPE: str
    """The content type of a stream."""

    def key(self, asked: Asked) -> str:
        """The API key that came with the request, or nothing."""
        ...

    def read(self, asked: Asked) -> Question:
        """The question. Raises Refused."""
        ...

    def body(self, reply: Reply) -> JSON:
        """The whole answer."""
        ...

    def frames(self, reply: Reply) -> Iterator[Frame]:
        """The same answer as a stream."""
        ...

    def problem(self, problem: Problem) -> tuple[int, JSON]:
        """Status and body of an error."""
        ...

    def error_headers(self, error: JSON, /) -> dict[str, str]:
        """What this vendor adds to the response with that error."""
        ...

    def error_frame(self, error: JSON) -> Frame:
        """The same error within a stream that has begun."""
        ...

    def headers(self, request_id: str, /) -> dict[str, str]:
        """What this vendor adds to every response."""
        ...

    def listing(self, models: Sequence[str]) -> JSON:
        """The models on offer."""
        ...
