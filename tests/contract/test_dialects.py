"""Every dialect against recorded cases: one JSON file each under `cases/<dialect>/`, in the format of `Case`.

Each streamed case is run whole, split at any byte, and cut at any byte.
"""

import re
from collections.abc import Iterable
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.contract.dialect_cases import Case, Expect, Tag, ToldCall, ToldChoice, ToldUsage, covers
from turnout.core.errors import VendorError
from turnout.core.events import Answer, Choice, Delta, Done
from turnout.providers.dialects import DIALECTS
from turnout.providers.dialects.protocol import Dialect, Framing
from turnout.providers.http import FRAMES

CASES = Path(__file__).parent / "cases"

STREAMED = re.compile(rb'"(stream|frames)":')

CONTENT_TYPES: dict[Framing, str] = {
    "sse": "text/event-stream",
    "aws_eventstream": "application/vnd.amazon.eventstream",
}

CUT_LOOKS_WHOLE = {
    "gemini/stream_finish_in_every_piece",  # each piece says that it is the last one, so no reader can tell
}

NEVER: dict[str, set[Tag]] = {
    "bedrock_converse": {"reasoning_tokens"},  # they are counted as output, and not told apart
}


class Outcome:
    """What became of an answer: the events up to the end or the error."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.events: list[Delta | Done] = []
        self.error: VendorError | None = None

    def take(self, events: Iterable[Delta | Done]) -> None:
        for event in events:
            self.events.append(event)
            self.answer.add(event)

    @property
    def choices(self) -> list[ToldChoice]:
        return [_told_choice(choice) for _, choice in sorted(self.answer.choices.items())]

    @property
    def usage(self) -> ToldUsage | None:
        used = self.answer.done and self.answer.done.usage
        return ToldUsage(**{name: getattr(used, name) for name in ToldUsage.model_fields}) if used else None

    @property
    def text(self) -> str:
        return "".join(choice.text for choice in self.choices)

    @property
    def told(self) -> tuple[object, ...]:
        error = self.error and (type(self.error).__name__, self.error.message, self.error.retry_after)
        return (self.choices, self.usage, error)


def _told_choice(choice: Choice) -> ToldChoice:
    calls = [
        ToldCall(id=call.id, name=call.name, arguments=call.arguments, extra=dict(call.extra) if call.extra else None)
        for call in choice.tool_calls
    ]
    return ToldChoice(
        text=choice.text,
        reasoning=choice.reasoning,
        refusal=choice.refusal,
        tool_calls=calls,
        finish=choice.finish,
        native_finish=choice.native_finish,
    )


def whole(dialect: Dialect, body: Any) -> Outcome:
    """The outcome of a whole answer."""
    outcome = Outcome()
    try:
        outcome.take(dialect.reply(body))
    except VendorError as error:
        outcome.error = error
    return outcome


def streamed(dialect: Dialect, pieces: list[bytes]) -> Outcome:
    """The outcome of a stream that comes over the network in these pieces."""
    outcome, decoder = Outcome(), dialect.stream()
    try:
        frames = FRAMES[dialect.FRAMING](httpx.Headers({"content-type": CONTENT_TYPES[dialect.FRAMING]}))
        for event, data in chain.from_iterable(map(frames.feed, pieces)):
            outcome.take(decoder.feed(event, data))
            if decoder.finished:
                break
        outcome.take(decoder.close())
    except VendorError as error:
        outcome.error = error
    return outcome


def played(dialect: Dialect, case: Case) -> Outcome:
    """The outcome of a case."""
    if case.streamed is not None:
        return streamed(dialect, [case.streamed])
    if case.error is None:
        return whole(dialect, case.reply)
    outcome = Outcome()
    outcome.error = dialect.error(case.error.status, case.error.headers, case.error.body.encode())
    return outcome


def load(path: Path) -> Case:
    return Case.model_validate_json(path.read_bytes())


def paths(dialect: str) -> list[Path]:
    return sorted((CASES / dialect).glob("*.json"))


def case_params(holding: re.Pattern[bytes] = re.compile(b"")) -> list[Any]:
    """One parameter set a case file. What is wrong in a file fails its own test, not the collection."""
    return [
        pytest.param(dialect, path, id=f"{dialect}/{path.stem}")
        for dialect in DIALECTS
        for path in paths(dialect)
        if holding.search(path.read_bytes())
    ]


every_case = pytest.mark.parametrize(("dialect", "path"), case_params())
every_stream_with_an_end = pytest.mark.parametrize(
    ("dialect", "path"),
    [case for case in case_params(holding=STREAMED) if case.id not in CUT_LOOKS_WHOLE],
)
every_stream = pytest.mark.parametrize(("dialect", "path"), case_params(holding=STREAMED))
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


@every_case
async def test_a_case_comes_out_as_expected(dialect: str, path: Path) -> None:
    case = load(path)
    outcome = played(DIALECTS[dialect], case)
    if case.expect.raises:
        _raised(outcome, case.expect)
    else:
        assert outcome.error is None
        assert outcome.choices == case.expect.choices
        assert outcome.usage == case.expect.usage
        _is_well_formed(outcome)


def _raised(outcome: Outcome, expect: Expect) -> None:
    error = outcome.error
    assert error is not None, f"expected {expect.raises}, got {outcome.choices}"
    assert type(error).__name__ == expect.raises, error.message
    assert expect.message_contains in error.message
    assert error.retry_after == expect.retry_after
    assert "<html" not in error.message.lower(), "HTML is never shown"
    assert not any(isinstance(event, Done) for event in outcome.events)
    if expect.after:
        assert outcome.text == expect.after.text


def _is_well_formed(outcome: Outcome) -> None:
    """One Done, at the end; one finish a choice; each tool call's id and name told once."""
    assert [isinstance(event, Done) for event in outcome.events].count(True) == 1
    assert isinstance(outcome.events[-1], Done)
    deltas = [event for event in outcome.events if isinstance(event, Delta)]
    assert sorted(delta.choice for delta in deltas if delta.finish) == sorted(outcome.answer.choices)
    named = [(delta.choice, delta.tool.index) for delta in deltas if delta.tool and delta.tool.name]
    assert len(named) == len(set(named)) == sum(len(choice.tool_calls) for choice in outcome.choices)


def split(content: bytes, at: Iterable[int]) -> list[bytes]:
    """The content in pieces, none empty."""
    bounds = sorted({0, len(content), *(point % (len(content) + 1) for point in at)})
    return [content[start:end] for start, end in pairwise(bounds)]


@every_stream
@settings(max_examples=10, deadline=None)
@given(at=st.lists(st.integers(0, 100_000), max_size=12))
@example(at=list(range(100_000)))
async def test_a_stream_split_anywhere_comes_out_the_same(dialect: str, path: Path, at: list[int]) -> None:
    content = load(path).streamed or b""
    whole_stream = streamed(DIALECTS[dialect], [content])
    assert (streamed(DIALECTS[dialect], split(content, at))).told == whole_stream.told


@every_stream_with_an_end
@settings(max_examples=15, deadline=None)
@given(kept=st.floats(0, 1, exclude_max=True))
async def test_a_stream_cut_anywhere_never_ends_cleanly_with_less(dialect: str, path: Path, kept: float) -> None:
    content = load(path).streamed or b""
    entire = streamed(DIALECTS[dialect], [content])
    cut = streamed(DIALECTS[dialect], [content[: int(len(content) * kept)]])
    assert cut.error is not None or cut.choices == entire.choices


@every_dialect
def test_the_cases_of_a_dialect_cover_all_that_can_happen(dialect: str) -> None:
    covered = {tag for path in paths(dialect) for tag in load(path).covers}
    assert set(get_args(Tag)) - covered == NEVER.get(dialect, set())


@every_case
def test_a_case_covers_what_it_says(dialect: str, path: Path) -> None:
    case = load(path)
    assert [tag for tag in case.covers if not covers(case, tag)] == []
