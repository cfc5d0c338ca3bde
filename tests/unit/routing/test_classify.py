"""The kind of a prompt: what a chat's form tells, what its words tell, and how sure that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core.chat import Chat, Image, JsonSchema, Message, Text, Tool
from turnout.routing.classify import LONG, TASKS, WEIGHTS_FILE, classify, classify_text, shipped
from turnout.routing.classify_words import HEAD, MOST, TAIL, words

CLEAR = {
    "code": "Write a Python function that sorts a list of dicts by a key and returns the result.",
    "math": "Find the sum of all positive integers n such that n^2 - 19n + 99 is a perfect square.",
    "writing": "Write a short story about a dragon who is afraid of fire.",
    "translation": "Translate the following sentence into German: good morning everyone, welcome to the show",
    "extraction": "Extract all names and dates from the text and return JSON.\n\nAnna met Bob on 3 May 2020 in Rome.",
    "summarization": "Summarize the following article in three bullet points.\n\nThe council met to discuss the new "
    "bridge. Some members spoke for it. Others said that it costs too much. A vote was taken late at night.",
    "knowledge": "Which of these is a function of the human liver?\nA. Filtration\nB. Bile production\nC. Vision",
}


def chat(text: str, *, system: str = "", tools: int = 0) -> Chat:
    before = (Message("system", (Text(system),)),) if system else ()
    offered = tuple(Tool(f"tool_{n}") for n in range(tools))
    return Chat((*before, Message("user", (Text(text),))), tools=offered)


@pytest.mark.parametrize(("task", "text"), CLEAR.items(), ids=CLEAR)
def test_a_plain_prompt_is_known_for_what_it_is(task: str, text: str) -> None:
    assert classify(chat(text)).task == task


def test_a_typical_prompt_is_sure() -> None:
    assert classify(chat(CLEAR["code"])).confidence > 0.9


@pytest.mark.parametrize(
    "text",
    [
        "Schreibe bitte eine freundliche E-Mail an meinen Vermieter wegen der kaputten Heizung.",
        "Quelle est la meilleure façon de conserver les tomates du jardin?",
        "请帮我写一首关于春天的诗",
        "Посоветуй мне хорошую книгу",
        "qwkj zxvb plmt grfd",
    ],
)
def test_a_language_that_it_has_not_learned_is_not_sure(text: str) -> None:
    assert classify(chat(text)).confidence < 0.5


def test_pictures_tools_and_length_tell_more_than_words() -> None:
    picture = Message("user", (Text(CLEAR["math"]), Image(url="https://example.com/a.png")))
    assert classify(Chat((picture,))).task == "vision"
    assert classify(chat(CLEAR["math"], tools=2)).task == "tools"
    assert classify(chat(CLEAR["math"] * (LONG // 60))).task == "summarization"


def test_a_schema_makes_extraction_of_what_is_not_clear_but_not_of_what_is() -> None:
    unclear, clear = chat("qwkj zxvb plmt"), chat(CLEAR["code"])
    schema = JsonSchema("answer", {"type": "object"})
    assert classify(Chat(unclear.messages, response_format=schema)).task == "extraction"
    assert classify(Chat(clear.messages, response_format=schema)).task == "code"


def test_the_last_user_turn_counts_and_the_system_prompt_with_it() -> None:
    turns = (Message("user", (Text(CLEAR["math"]),)), Message("assistant", (Text("4"),)))
    assert classify(Chat((*turns, Message("user", (Text(CLEAR["writing"]),))))).task == "writing"
    bare = "Good morning everyone, welcome to our little show about the sea."
    told = "You are a professional translator. Translate the text into German."
    assert classify(chat(bare, system=told)).task == "translation" != classify(chat(bare)).task


@pytest.mark.parametrize("text", ["", "   \n"])
def test_nothing_said_is_nothing_known(text: str) -> None:
    assert classify(chat(text)).confidence == 0.0
    assert classify(Chat(())).confidence == 0.0


@given(st.text(), st.text(), st.integers(0, 3))
def test_any_text_has_a_kind_and_a_probability(query: str, system: str, tools: int) -> None:
    kind = classify_text(query, tools, system)
    assert kind.task in TASKS
    assert 0 <= kind.confidence <= 1
    assert kind == classify_text(query, tools, system)


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_case_does_not_matter(text: str) -> None:
    query = text.lower()
    if query.upper().lower() == query:  # not so for a few letters, such as the final sigma
        assert words(query.upper()) == words(query) or len(query.upper()) != len(query)


@given(st.text(min_size=1))
def test_words_are_few_distinct_and_never_none(text: str) -> None:
    found = words(text)
    assert 0 < len(found) <= MOST
    assert len(set(found)) == len(found)


def test_the_middle_of_a_long_text_is_not_read() -> None:
    start, end = "alpha " * (HEAD // 6), " omega" * (TAIL // 6)
    first, second = (words(f"{start} {middle * 3000} {end}") for middle in ("one ", "two "))
    assert first == second
    assert b"alpha" in first
    assert b"omega" in first


def test_the_weights_are_small_and_tell_where_they_come_from() -> None:
    assert WEIGHTS_FILE.stat().st_size < 2_000_000
    head = WEIGHTS_FILE.read_bytes().partition(b"\n")[0]
    assert all(field in head for field in (b'"seed"', b'"sources"', b'"licences"', b'"calibration"'))
    assert set(shipped().kinds) <= set(TASKS)
