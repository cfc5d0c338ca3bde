"""What a model answers: a run of events, the same for a streamed and a whole answer.

A vendor's answer is `Delta`s and then one `Done`. A mode puts a `Started` before the first delta of each target
whose words the client sees, and a `Failed` where one of several answers will not come. An iterator that ends without
`Done` has raised, always.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from turnout.core.chat import ToolCall
from turnout.core.errors import TurnoutError
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.core.verdict import Verdict

type FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@frozen
class Usage:
    """Tokens in disjoint buckets: all but output and reasoning are the prompt's; `image` are those of fresh pictures.

    `source` tells whether the vendor counted, or we estimated because it did not.
    """

    input: int = 0
    cached_input: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    image: int = 0
    source: Literal["vendor", "estimated"] = "vendor"

    @property
    def prompt(self) -> int:
        """All tokens of the prompt."""
        return self.input + self.cached_input + self.cache_write + self.image

    @property
    def completion(self) -> int:
        """All tokens of the answer, hidden reasoning included."""
        return self.output + self.reasoning


@frozen
class ToolDelta:
    """A piece of a tool call: `id` and `name` come once, with the first piece of call number `index`."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    extra: Mapping[str, Any] | None = None


@frozen
class Delta:
    """A piece of answer number `choice`. `finish` comes once per choice; `native_finish` is the vendor's own word."""

    choice: int = 0
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool: ToolDelta | None = None
    logprobs: Mapping[str, Any] | None = None
    finish: FinishReason | None = None
    native_finish: str = ""


@frozen
class Done:
    """The end of a whole answer. `usage` is None when the vendor did not count; the wrappers then estimate."""

    usage: Usage | None = None
    response_id: str = ""
    fingerprint: str = ""


@frozen
class Started:
    """From here on `model` speaks; `resumed` when it continues what another one began and could not finish.

    `choice` is the number of its answer; `because` tells why it speaks where that is not as planned.
    """

    model: Model
    resumed: bool = False
    choice: int = 0
    because: str = ""


@frozen
class Failed:
    """Answer number `choice`, which `model` was to give, will not come or not be whole; the others go on."""

    choice: int
    model: Model
    error: TurnoutError


type Event = Delta | Done
type Events = AsyncGenerator[Delta | Done]
type ModeEvent = Started | Delta | Done | Failed | Verdict
type ModeEvents = AsyncGenerator[ModeEvent]


@dataclass(slots=True)
class Choice:
    """One whole answer."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list[ToolCall])
    logprobs: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    finish: FinishReason | None = None
    native_finish: str = ""

    def add(self, delta: Delta) -> None:
        """Take in the next piece."""
        self.text += delta.text
        self.reasoning += delta.reasoning
        self.refusal += delta.refusal
        if delta.tool:
            self._add_tool(delta.tool)
        if delta.logprobs:
            self.logprobs.append(delta.logprobs)
        if delta.finish:
            self.finish, self.native_finish = delta.finish, delta.native_finish

    def _add_tool(self, piece: ToolDelta) -> None:
        while len(self.tool_calls) <= piece.index:
            self.tool_calls.append(ToolCall("", "", ""))
        call = self.tool_calls[piece.index]
        self.tool_calls[piece.index] = ToolCall(
            call.id or piece.id,
            call.name or piece.name,
            call.arguments + piece.arguments,
            piece.extra or call.extra,
        )


@dataclass(slots=True)
class Answer:
    """What the events of one answer add up to."""

    choices: dict[int, Choice] = field(default_factory=dict[int, Choice])
    started: list[Started] = field(default_factory=list[Started])
    failed: dict[int, Failed] = field(default_factory=dict[int, Failed])
    verdict: Verdict | None = None
    done: Done | None = None

    def add(self, event: ModeEvent) -> None:
        """Take in the next event."""
        match event:
            case Delta():
                self.choices.setdefault(event.choice, Choice()).add(event)
            case Done():
                self.done = event
            case Started():
                self.started.append(event)
            case Failed():
                self.failed[event.choice] = event
            case Verdict():
                self.verdict = event


async def collect(events: AsyncIterator[ModeEvent]) -> Answer:
    """The whole answer. Raises what the iterator raises."""
    answer = Answer()
    async for event in events:
        answer.add(event)
    return answer


def collected(events: Iterable[Delta | Done]) -> Answer:
    """The same, of events already at hand."""
    answer = Answer()
    for event in events:
        answer.add(event)
    return answer
