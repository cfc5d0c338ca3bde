"""Estimates of tokens: near to what a tokenizer counts, and well-behaved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.catalog.tokens import IMAGE, PER_MESSAGE, estimate_answer, estimate_chat, estimate_text
from turnout.core.chat import Chat, Image, JsonSchema, Message, Text, Tool, ToolCall
from turnout.core.events import Delta, ToolDelta, collected

# The counts beside them were made with o200k_base and cl100k_base, the vocabularies of OpenAI's newer and older models.
ENGLISH = (
    "The committee met on Tuesday to consider whether the bridge should be rebuilt, and after a long debate it "
    "decided that the cost was reasonable given the number of people who cross it every day. "
)
GERMAN = (
    "Die Kommission hat am Dienstag darüber beraten, ob die Brücke neu gebaut werden soll, und nach langer "
    "Aussprache entschieden, dass die Kosten angesichts der vielen Menschen vertretbar sind. "
)
CHINESE = "委员会在星期二开会讨论是否应该重建这座大桥，经过长时间的辩论，认为考虑到每天过桥的人数，费用是合理的。"  # noqa: RUF001 - Chinese has its own comma
JAPANESE = (
    "委員会は火曜日に会合を開き、橋を再建すべきかどうかを検討し、"
    "長い議論の末、毎日渡る人の数を考えれば費用は妥当であると判断した。"
)
JSON = (
    '{"items": [{"id": 1, "name": "item 1", "price": 1.25, "tags": ["a", "b"]}, {"id": 2, "name": "item 2", '
    '"price": 2.5, "tags": ["a", "b"]}]}'
)
PYTHON = (
    'def read(path: Path) -> VendorFile:\n    """One vendor\'s file. Raises BadCatalog."""\n    try:\n'
    '        return parse(path.read_text("utf-8"), path.name)\n    except OSError as error:\n'
    '        raise BadCatalog(f"{path.name}: cannot be read: {error}") from None\n'
)


@pytest.mark.parametrize(
    ("text", "newer", "older"),
    [(ENGLISH, 38, 38), (GERMAN, 39, 49), (CHINESE, 38, 56), (JAPANESE, 58, 81), (JSON, 68, 67), (PYTHON, 64, 63)],
    ids=["english", "german", "chinese", "japanese", "json", "python"],
)
def test_an_estimate_is_near_to_what_a_tokenizer_counts(text: str, newer: int, older: int) -> None:
    estimate = estimate_text(text)
    assert 0.8 * newer <= estimate <= 1.25 * newer
    assert 0.7 * older <= estimate <= 1.25 * older


@given(st.text())
def test_only_the_empty_text_has_no_tokens(text: str) -> None:
    assert (estimate_text(text) == 0) == (text == "")


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_a_whole_is_no_less_than_its_parts_and_no_more_than_their_sum(one: str, other: str) -> None:
    whole = estimate_text(one + other)
    assert max(estimate_text(one), estimate_text(other)) <= whole <= estimate_text(one) + estimate_text(other)


def test_half_a_surrogate_pair_is_no_trouble() -> None:
    assert estimate_text("\ud83d") > 0


def asked(*messages: Message) -> Chat:
    return Chat(messages=messages)


def test_a_message_costs_its_text_and_its_frame() -> None:
    text = "How far is the moon?"
    assert estimate_chat(asked(Message("user", (Text(text),)))) == PER_MESSAGE + estimate_text(text)


def test_a_picture_has_a_price_of_its_own_whatever_its_bytes() -> None:
    small = asked(Message("user", (Image(data="aGk="),)))
    large = asked(Message("user", (Image(data="aGk=" * 100_000),)))
    assert estimate_chat(small) == estimate_chat(large) == PER_MESSAGE + IMAGE


BASE = asked(Message("user", (Text("hi"),)))
LARGER = {
    "another message": asked(*BASE.messages, Message("assistant", (Text("hello"),))),
    "a tool": Chat(BASE.messages, tools=(Tool("weather", "of a city", {"type": "object"}),)),
    "a schema": Chat(BASE.messages, response_format=JsonSchema("answer", {"type": "object"})),
    "a prefix": Chat(BASE.messages, prefix="Once upon a time"),
    "a tool call": asked(
        *BASE.messages, Message("assistant", tool_calls=(ToolCall("1", "weather", '{"city":"Bern"}'),))
    ),
    "a name": asked(Message("user", (Text("hi"),), name="Ada")),
}


@pytest.mark.parametrize("chat", LARGER.values(), ids=LARGER.keys())
def test_everything_that_is_sent_counts(chat: Chat) -> None:
    assert estimate_chat(chat) > estimate_chat(BASE)


def test_an_answer_counts_its_text_its_thoughts_and_its_calls_over_all_choices() -> None:
    text = [Delta(text="one two three"), Delta(choice=1, text="four five")]
    more = [Delta(reasoning="hm"), Delta(tool=ToolDelta(0, "1", "weather", '{"city":"Bern"}')), Delta(refusal="no")]
    assert estimate_answer(collected([])) == 0
    assert estimate_answer(collected(text)) == estimate_text("one two three") + estimate_text("four five")
    assert estimate_answer(collected(text + more)) > estimate_answer(collected(text))
