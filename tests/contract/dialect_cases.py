"""The format of the recorded cases in `cases/<dialect>/*.json`: what a vendor sends, and what we make of it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, HttpUrl, model_validator

from local.event_stream import event, exception

Tag = Literal[
    "text", "tools", "parallel_tools", "refusal", "finish_stop", "finish_length", "finish_tools", "finish_filter",
    "cached_tokens", "reasoning_tokens", "in_band_error", "cut", "bad_json", "error_400", "error_context", "error_401",
    "error_404", "error_429", "error_quota", "error_500", "error_html", "utf8",
]  # fmt: skip

KINDS = {"reply", "stream", "frames", "error"}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class ToldCall(Strict):
    id: str
    name: str
    arguments: str
    extra: dict[str, Any] | None = None


class ToldChoice(Strict):
    """What is not named is empty."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: list[ToldCall] = []
    finish: str | None = None
    native_finish: str = ""


class ToldUsage(Strict):
    input: int = 0
    cached_input: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    image: int = 0


class After(Strict):
    text: str


class Expect(Strict):
    """Either `choices` and `usage`, or `raises` and what may go with it."""

    choices: list[ToldChoice] = []
    usage: ToldUsage | None = None
    raises: str = ""
    message_contains: str = ""
    retry_after: float | None = None
    after: After | None = None


class Failing(Strict):
    status: int
    headers: dict[str, str] = {}
    body: str


class Case(Strict):
    """One of `reply`, the JSON of a whole answer; `stream`, the text of a streamed one; `error`, a failing status.

    `frames` is for a stream in AWS's binary framing: the name and the data of each message.
    """

    name: str
    source: HttpUrl
    covers: list[Tag] = []
    reply: Any = None
    stream: str | None = None
    frames: list[tuple[str, Any]] | None = None
    error: Failing | None = None
    expect: Expect

    @model_validator(mode="after")
    def _is_one_of_three(self) -> "Case":
        assert len(self.model_fields_set & KINDS) == 1, f"exactly one of {KINDS}"
        assert bool(self.expect.raises) != bool(self.expect.choices), "either raises or choices"
        return self

    @property
    def streamed(self) -> bytes | None:
        """The bytes of a stream, if it is one."""
        if self.frames is not None:
            return b"".join(exception(*frame) if _failed(frame[0]) else event(*frame) for frame in self.frames)
        return None if self.stream is None else self.stream.encode()


def _failed(name: str) -> bool:
    return name.endswith("Exception")


def covers(case: Case, tag: Tag) -> bool:
    """Whether the case really is about what its tag says."""
    choices, raises = case.expect.choices, case.expect.raises
    status, usage = case.error.status if case.error else 0, case.expect.usage or ToldUsage()
    finishes = {choice.finish for choice in choices}
    holds: dict[Tag, bool] = {
        "text": any(choice.text for choice in choices),
        "tools": any(choice.tool_calls for choice in choices),
        "parallel_tools": any(len(choice.tool_calls) > 1 for choice in choices),
        "refusal": any(choice.refusal for choice in choices) or "content_filter" in finishes or raises == "Blocked",
        "finish_stop": "stop" in finishes,
        "finish_length": "length" in finishes,
        "finish_tools": "tool_calls" in finishes,
        "finish_filter": "content_filter" in finishes or raises == "Blocked",
        "cached_tokens": usage.cached_input > 0,
        "reasoning_tokens": usage.reasoning > 0,
        "in_band_error": case.error is None and bool(raises),
        "cut": case.streamed is not None and raises == "StreamCut",
        "bad_json": case.streamed is not None and raises == "Garbled",
        "error_context": raises == "ContextTooLong",
        "error_quota": raises == "QuotaExhausted",
        "error_500": status >= 500,
        "error_html": case.error is not None and case.error.body.lstrip().startswith("<"),
        "utf8": not case.model_dump_json(include={"reply", "stream", "frames"}).isascii(),
    }
    return holds[tag] if tag in holds else status == int(tag.removeprefix("error_"))
