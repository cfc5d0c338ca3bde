"""Gemini answers and errors: what the recorded cases do not show, above all laws."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from turnout.core import errors
from turnout.core.events import Delta, Done, Usage, collected
from turnout.providers.dialects import gemini, gemini_reply
from turnout.providers.dialects.protocol import StreamDecoder


def answer(**candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"finishReason": "STOP", **candidate}], "responseId": "r1"}


REASONS = {reason.value for reason in types.FinishReason} - gemini_reply.GOING_ON


@pytest.mark.parametrize("reason", sorted(REASONS & gemini_reply.FINISHES.keys()))
def test_a_finish_reason_that_leaves_an_answer_ends_it(reason: str) -> None:
    choice = collected(gemini.reply(answer(finishReason=reason))).choices[0]
    assert (choice.finish, choice.native_finish) == (gemini_reply.FINISHES[reason], reason)


@pytest.mark.parametrize("reason", sorted(REASONS - gemini_reply.FINISHES.keys()))
def test_any_other_finish_reason_is_an_error_that_names_it(reason: str) -> None:
    with pytest.raises(errors.VendorError, match=reason):
        list(gemini.reply(answer(finishReason=reason)))


def test_no_finish_reason_is_made_up() -> None:
    assert gemini_reply.FINISHES.keys() | gemini_reply.FAILURES.keys() <= REASONS


@pytest.mark.parametrize("reason", list(types.BlockedReason))
def test_every_block_reason_of_the_sdk_is_an_error(reason: types.BlockedReason) -> None:
    with pytest.raises(errors.Blocked, match=reason.value):
        list(gemini.reply({"promptFeedback": {"blockReason": reason.value}}))


def test_a_call_without_an_id_gets_one_that_is_its_own() -> None:
    parts: list[Any] = [{"functionCall": {"name": "weather", "args": {}}}] * 2
    once, again = (collected(gemini.reply(answer(content={"parts": parts}))) for _ in range(2))
    other = collected(gemini.reply(answer(content={"parts": parts}) | {"responseId": "r2"}))
    ids = [[call.id for call in one.choices[0].tool_calls] for one in (once, again, other)]
    assert ids[0] == ids[1]
    assert len({*ids[0], *ids[2]}) == 4
    assert all(len(one) <= 40 and one.removeprefix("call_").isalnum() for one in ids[0])


def test_done_tells_the_response_and_the_models_version() -> None:
    *_, done = gemini.reply(answer() | {"modelVersion": "gemini-3-flash-preview"})
    assert done == Done(None, "r1", "gemini-3-flash-preview")


def test_logprobs_are_in_openais_form() -> None:
    result = {
        "chosenCandidates": [{"token": "é", "logProbability": -0.5}, {"token": "!", "logProbability": 0}],
        "topCandidates": [{"candidates": [{"token": "é", "logProbability": -0.5}]}],
    }
    delta = next(gemini.reply(answer(logprobsResult=result)))
    assert isinstance(delta, Delta)
    assert delta.logprobs == {
        "content": [
            {
                "token": "é",
                "logprob": -0.5,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "é", "logprob": -0.5, "bytes": [195, 169]}],
            },
            {"token": "!", "logprob": 0.0, "bytes": [33], "top_logprobs": []},
        ]
    }


COUNTS = st.integers(0, 10**6)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_buckets_add_up_to_googles_total(fresh: int, cached: int, tool: int, spoken: int, thought: int) -> None:
    counted: gemini_reply.UsageMetadata = {
        "promptTokenCount": fresh + cached,
        "cachedContentTokenCount": cached,
        "toolUsePromptTokenCount": tool,
        "candidatesTokenCount": spoken,
        "thoughtsTokenCount": thought,
    }
    usage = gemini_reply.usage_of(counted)
    assert usage == Usage(fresh + tool, cached, 0, spoken, thought)
    assert usage.prompt + usage.completion == fresh + cached + tool + spoken + thought


def fed(decoder: StreamDecoder, *frames: dict[str, Any]) -> Iterator[Delta | Done]:
    for frame in frames:
        yield from decoder.feed("", to_json(frame).decode())
    yield from decoder.close()


@given(st.lists(st.text(), max_size=8))
def test_a_stream_says_what_the_whole_answer_says(pieces: list[str]) -> None:
    parts = [{"text": piece} for piece in pieces]
    end = answer() | {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}}
    frames = [{"candidates": [{"content": {"parts": [part]}}], "responseId": "r1"} for part in parts]
    streamed = collected(fed(gemini.stream(), *frames, end))
    whole = collected(gemini.reply(end | answer(content={"parts": parts})))
    assert streamed == whole


@given(st.integers(0, 3))
def test_a_stream_cut_anywhere_never_ends_cleanly(kept: int) -> None:
    frames = [{"candidates": [{"content": {"parts": [{"text": "a"}]}}]}] * 3
    with pytest.raises(errors.StreamCut):
        list(fed(gemini.stream(), *frames[:kept]))


def test_blank_frames_say_nothing() -> None:
    assert list(gemini.stream().feed("", " ")) == []


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_of_any_other_shape_is_garbled(body: Any) -> None:
    with pytest.raises(errors.Garbled):
        list(gemini.reply(body))


@given(st.integers(400, 599), st.binary())
def test_no_error_body_makes_reading_it_fail(status: int, body: bytes) -> None:
    assert gemini.error(status, {}, body).vendor_status == status


@pytest.mark.parametrize("body", [b"[]", b'{"error": "quota"}', b'{"error": {"details": 7}}', b"null", b"[{}]", b'"x"'])
def test_json_that_is_no_error_of_googles_is_told_as_it_stands(body: bytes) -> None:
    error = gemini.error(503, {}, body)
    assert isinstance(error, errors.Overloaded)
    assert error.vendor_message == body.decode()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Consumer 'api_key:abc.DEF-1' is suspended", "Consumer '[key]' is suspended"),
        (f"AIza{'x' * 35} is no key", "[key] is no key"),
    ],
)
def test_a_key_in_googles_text_is_taken_out(text: str, told: str) -> None:
    error = gemini.error(403, {}, to_json({"error": {"message": text}}))
    assert error.vendor_message == told
    assert error.message == f"The vendor answered 403: {told}"


@pytest.mark.parametrize(("delay", "seconds"), [("37s", 37.0), ("0.5s", 0.5), ("1.000000001s", 1.0), ("soon", None)])
def test_the_wait_is_googles_duration(delay: str, seconds: float | None) -> None:
    error = gemini.error(429, {}, to_json({"error": {"details": [{"retryDelay": delay}]}}))
    assert error.retry_after == seconds
