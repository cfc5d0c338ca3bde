"""Failover: one answer for the client, whoever gives it, and never one that only looks whole."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import a_model
from turnout.core import errors
from turnout.core.chat import Chat, Message, Text
from turnout.core.events import Delta, Done, Events, Started, ToolDelta, collect
from turnout.core.models import Model
from turnout.core.records import ANSWER, Part
from turnout.modes.failover import failover

CHAT = Chat((Message("user", (Text("hello"),)),), stream=True)
GOOD = [Delta(text="good "), Delta(text="answer"), Delta(finish="stop"), Done()]


class Asked:
    """An `Asking` that plays one script per model and keeps what it was asked."""

    def __init__(self, **scripts: Sequence[Delta | Done | errors.VendorError]) -> None:
        self.scripts = scripts
        self.calls: list[tuple[str, Chat, bool]] = []

    async def __call__(self, chat: Chat, model: Model, *, more: bool, part: Part = ANSWER) -> Events:
        self.calls.append((model.name, chat, more))
        for step in self.scripts[model.name]:
            if isinstance(step, errors.VendorError):
                raise step
            yield step


def models(*names: str, **changes: Any) -> tuple[Model, ...]:
    return tuple(a_model(name, **changes) for name in names)


async def test_the_first_target_answers_when_it_can() -> None:
    ask = Asked(a=GOOD, b=GOOD)
    answer = await collect(failover(models("a", "b"), CHAT, ask))
    assert answer.choices[0].text == "good answer"
    assert [call[0] for call in ask.calls] == ["a"]


async def test_a_failure_before_the_first_token_is_invisible() -> None:
    ask = Asked(a=[errors.Overloaded("busy")], b=GOOD)
    events = [event async for event in failover(models("a", "b"), CHAT, ask)]
    assert events == [Started(models("b")[0]), *GOOD]
    assert [call[2] for call in ask.calls] == [True, False]


async def test_when_all_fail_each_cause_is_told() -> None:
    ask = Asked(a=[errors.Overloaded("busy")], b=[errors.Throttled("slow down", retry_after=3)])
    with pytest.raises(errors.Exhausted) as caught:
        await collect(failover(models("a", "b"), CHAT, ask))
    assert [target for target, _ in caught.value.causes] == ["a-vendor/a", "b-vendor/b"]
    assert (caught.value.http_status, caught.value.retry_after) == (503, 3)


async def test_a_prompt_that_is_too_long_goes_only_to_a_larger_window() -> None:
    a, b, c = a_model("a", context_window=8000), a_model("b", context_window=8000), a_model("c", context_window=9000)
    ask = Asked(a=[errors.ContextTooLong("too long")], b=GOOD, c=GOOD)
    await collect(failover((a, b, c), CHAT, ask))
    assert [call[0] for call in ask.calls] == ["a", "c"]


async def test_a_refused_key_takes_the_vendor_out() -> None:
    a, b, c = a_model("a", vendor="x"), a_model("b", vendor="x"), a_model("c", vendor="y")
    ask = Asked(a=[errors.AccessDenied("no")], b=GOOD, c=GOOD)
    await collect(failover((a, b, c), CHAT, ask))
    assert [call[0] for call in ask.calls] == ["a", "c"]


async def test_a_cut_text_is_continued_by_the_next_that_can_and_the_change_is_marked() -> None:
    ask = Asked(a=[Delta(text="Once upon "), errors.StreamCut("cut")], b=[Delta(text="a time"), *GOOD[2:]])
    events = [event async for event in failover(models("a", "b"), CHAT, ask)]
    assert [event for event in events if isinstance(event, Started)] == [
        Started(models("a")[0]),
        Started(models("b")[0], resumed=True),
    ]
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "Once upon a time"
    assert ask.calls[1][1].prefix == "Once upon "


async def test_white_space_at_the_seam_is_not_said_twice() -> None:
    ask = Asked(a=[Delta(text="Once "), errors.StreamCut("cut")], b=[Delta(text=" upon"), Delta(text=" a"), *GOOD[2:]])
    answer = await collect(failover(models("a", "b"), CHAT, ask))
    assert answer.choices[0].text == "Once upon a"


async def test_two_cuts_are_continued_from_all_of_the_text() -> None:
    cut = errors.StreamCut("cut")
    ask = Asked(a=[Delta(text="one "), cut], b=[Delta(text="two "), cut], c=[Delta(text="three"), *GOOD[2:]])
    await collect(failover(models("a", "b", "c"), CHAT, ask))
    assert ask.calls[2][1].prefix == "one two "


async def test_what_was_said_counts_against_the_clients_limit_of_tokens() -> None:
    ask = Asked(a=[Delta(text="word " * 20), errors.StreamCut("cut")], b=GOOD)
    limited = Chat(CHAT.messages, stream=True, max_tokens=50)
    await collect(failover(models("a", "b"), limited, ask))
    assert 0 < (ask.calls[1][1].max_tokens or 0) < 50


@pytest.mark.parametrize(
    ("shown", "chat"),
    [
        (Delta(tool=ToolDelta(0, "call_1", "look_up", '{"q":')), CHAT),
        (Delta(refusal="I can"), CHAT),
        (Delta(choice=1, text="second"), CHAT),
        (Delta(text="whole", finish="stop"), CHAT),
        (Delta(text='{"a":'), Chat(CHAT.messages, response_format="json_object")),
        (Delta(text="one"), Chat(CHAT.messages, n=2)),
    ],
)
async def test_what_cannot_be_continued_ends_with_an_error(shown: Delta, chat: Chat) -> None:
    ask = Asked(a=[shown, errors.StreamCut("cut")], b=GOOD)
    with pytest.raises(errors.Exhausted):
        await collect(failover(models("a", "b"), chat, ask))
    assert len(ask.calls) == 1


async def test_a_target_that_cannot_continue_is_not_asked_to() -> None:
    plain = a_model("b", capabilities=frozenset())
    ask = Asked(a=[Delta(text="Once"), errors.StreamCut("cut")], b=GOOD)
    with pytest.raises(errors.Exhausted):
        await collect(failover((*models("a"), plain), CHAT, ask))


CUT = errors.StreamCut("cut")
SCRIPTS = st.sampled_from(
    [GOOD, [CUT], [Delta(text="x"), CUT], [errors.AccessDenied("no")], [errors.ContextTooLong("long")]]
)


@given(st.lists(SCRIPTS, min_size=1, max_size=5))
async def test_an_answer_ends_whole_or_with_an_error(
    scripts: list[Sequence[Delta | Done | errors.VendorError]],
) -> None:
    names = "abcde"[: len(scripts)]
    ask = Asked(**dict(zip(names, scripts, strict=True)))
    try:
        answer = await collect(failover(models(*names), CHAT, ask))
    except errors.Exhausted as error:
        assert len(error.causes) == len(ask.calls)
    else:
        assert answer.done
        assert answer.choices[0].text.endswith("good answer")
