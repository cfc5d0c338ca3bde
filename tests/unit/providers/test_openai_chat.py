"""Answers in OpenAI's format: what no case file can show, and what holds for any JSON."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from turnout.core.errors import VendorError
from turnout.core.events import Delta, Done, collected
from turnout.providers.dialects import openai_chat


def test_log_probabilities_and_the_fingerprint_are_kept() -> None:
    logprobs = {"content": [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}]}
    choice = {"message": {"content": "Hi"}, "finish_reason": "stop", "logprobs": logprobs}
    answer = collected(openai_chat.reply({"id": "c1", "system_fingerprint": "fp_1", "choices": [choice]}))
    assert answer.choices[0].logprobs == [logprobs]
    assert answer.done == Done(None, "c1", "fp_1")


def test_a_chunk_without_words_gives_no_event() -> None:
    decoder = openai_chat.stream()
    chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    assert list(decoder.feed("message", to_json(chunk).decode())) == []
    assert not decoder.finished


def test_done_ends_the_reading() -> None:
    decoder = openai_chat.stream()
    assert list(decoder.feed("message", "[DONE]")) == []
    assert decoder.finished


def test_calls_without_ids_get_ids_of_their_own() -> None:
    calls = [{"function": {"name": "f", "arguments": "{}"}}] * 2

    def ids(answer_id: str) -> set[str]:
        reply = openai_chat.reply({"id": answer_id, "choices": [{"message": {"tool_calls": calls}}]})
        return {call.id for call in collected(reply).choices[0].tool_calls}

    assert len(ids("one") | ids("two")) == 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 600) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([
                "choices", "message", "delta", "content", "tool_calls", "function", "arguments", "index", "error",
                "usage", "finish_reason", "prompt_tokens", "object", "detail", "msg", "loc", "code", "type", "id",
            ]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@given(json_values)
def test_any_json_as_an_answer_is_an_answer_or_a_vendors_error(value: Any) -> None:
    try:
        events = list(openai_chat.reply(value))
    except VendorError:
        return
    assert isinstance(events[-1], Done)
    assert any(isinstance(event, Delta) and event.finish for event in events)


@given(status=st.integers(400, 599), value=json_values | st.binary(max_size=60))
def test_reading_an_error_never_raises_and_keeps_the_status(status: int, value: Any) -> None:
    content = value if isinstance(value, bytes) else to_json(value)
    error = openai_chat.error(status, {}, content)
    assert error.vendor_status == status
    assert error.message.startswith(f"The vendor answered {status}: ")


@given(
    prompt=st.integers(0, 1000),
    cached=st.integers(0, 1000),
    output=st.integers(0, 1000),
    reasoning=st.integers(0, 1000),
    inside=st.booleans(),
)
def test_the_buckets_add_up_wherever_the_vendor_counts_its_reasoning(
    prompt: int, cached: int, output: int, reasoning: int, inside: bool
) -> None:
    usage = {
        "prompt_tokens": prompt + cached,
        "completion_tokens": output + reasoning if inside else output,
        "total_tokens": prompt + cached + output + reasoning,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    done = collected(openai_chat.reply({"choices": [{"message": {"content": "x"}}], "usage": usage})).done
    assert done
    assert done.usage
    told = done.usage
    assert (told.input, told.cached_input, told.output, told.reasoning) == (prompt, cached, output, reasoning)
