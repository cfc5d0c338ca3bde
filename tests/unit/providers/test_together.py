"""Words that arrive together are one delta, and nothing of them is lost, reordered or told too late."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.errors import StreamCut
from turnout.core.events import Answer, Delta, Done, ToolDelta
from turnout.providers.together import together

words = st.text(max_size=4)
deltas = st.builds(
    Delta,
    choice=st.integers(0, 1),
    text=words,
    reasoning=words,
    refusal=st.sampled_from(["", "", "no"]),
    tool=st.none() | st.builds(ToolDelta, st.just(0), arguments=words),
    logprobs=st.none() | st.just({"content": None}),
    finish=st.sampled_from([None, None, "stop"]),
)


def added(events: list[Delta | Done]) -> Answer:
    answer = Answer()
    for event in events:
        answer.add(event)
    return answer


@given(st.lists(deltas, max_size=12))
def test_the_answer_is_the_same(told: list[Delta]) -> None:
    events: list[Delta | Done] = [*told, Done()]
    assert added(list(together(events))) == added(events)


def test_plain_words_of_one_answer_are_joined() -> None:
    assert list(together([Delta(0, "a"), Delta(0, "b"), Delta(0, "c"), Done()])) == [Delta(0, "abc"), Done()]
    assert list(together([Delta(0, reasoning="a"), Delta(0, reasoning="b")])) == [Delta(0, reasoning="ab")]


@pytest.mark.parametrize(
    "other",
    [
        Delta(1, "b"),
        Delta(0, reasoning="b"),
        Delta(0, refusal="b"),
        Delta(0, "b", logprobs={"content": []}),
        Delta(0, finish="stop"),
        Delta(0, tool=ToolDelta(0, arguments="b")),
        Done(),
    ],
)
def test_what_says_more_than_words_stays_as_it_came(other: Delta | Done) -> None:
    told = [Delta(0, "a"), other]
    assert list(together(told)) == told


def test_what_came_before_an_error_is_told_before_it() -> None:
    def broken() -> Iterator[Delta]:
        yield Delta(0, "a")
        yield Delta(0, "b")
        raise StreamCut("gone")

    told: list[Delta | Done] = []
    with pytest.raises(StreamCut):
        told.extend(together(broken()))
    assert told == [Delta(0, "ab")]
