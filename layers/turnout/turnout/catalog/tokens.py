"""Estimates of tokens, for plans made before a vendor counts and for answers that no vendor counted.

Each character weighs something by its kind, and the weights are a least-squares fit to OpenAI's o200k_base over code,
documentation and JSON, where the estimate is within a fifth for nine texts of ten. Outside ASCII the weight follows
from the length in UTF-8: 0.4 for Cyrillic, Greek or Arabic, 0.9 for ideographs, kana and Hangul, 1.4 for emoji, which
lies between the newer and the older vocabularies; scripts of India are overestimated on the newer ones. The counting
itself is done by a few passes in C, without a vocabulary.
"""

import string
from collections.abc import Iterable

from pydantic_core import to_json

from turnout.core.chat import Chat, Image, JsonSchema, Message, Part, Tool, ToolCall
from turnout.core.events import Answer, Choice

SPACES = string.whitespace.encode()
DIGITS = string.digits.encode()
LETTERS = string.ascii_letters.encode()
IMAGE = 1_120
"""Tokens of a picture: Gemini 3's default, and about what one megapixel costs elsewhere
(https://ai.google.dev/gemini-api/docs/media-resolution)."""
PER_MESSAGE = 4
"""Tokens that frame a message: role and separators
(https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken)."""


def estimate_text(text: str) -> int:
    """Tokens in a text; 0 only for the empty one."""
    if not text:
        return 0
    plain = text.encode("ascii", "ignore")
    dense = plain.translate(None, SPACES)
    no_digits = dense.translate(None, DIGITS)
    marks = len(no_digits.translate(None, LETTERS))
    hundredths = (
        4 * (len(plain) - len(dense))
        + 37 * (len(dense) - len(no_digits))
        + 22 * (len(no_digits) - marks)
        + 70 * marks
        + _beyond_ascii(text, len(plain))
    )
    return -(-hundredths // 100)


def _beyond_ascii(text: str, plain: int) -> int:
    if len(text) == plain:
        return 0
    return 50 * (len(text.encode("utf-8", "surrogatepass")) - plain) - 60 * (len(text) - plain)


def estimate_chat(chat: Chat) -> int:
    """Tokens of the whole prompt: messages, pictures, tools, the response's schema and the answer's start."""
    schema = chat.response_format
    return (
        sum(map(_message, chat.messages))
        + sum(map(_tool, chat.tools))
        + (_json(schema.schema) if isinstance(schema, JsonSchema) else 0)
        + estimate_text(chat.prefix)
    )


def estimate_images(chat: Chat) -> int:
    """Those tokens of the prompt that are pictures."""
    return IMAGE * sum(isinstance(part, Image) for message in chat.messages for part in message.parts)


def estimate_answer(answer: Answer) -> int:
    """Tokens of an answer, whole or cut; what a model thought but did not show cannot be known."""
    return sum(map(_choice, answer.choices.values()))


def _message(message: Message) -> int:
    parts = sum(map(_part, message.parts))
    return PER_MESSAGE + parts + estimate_text(message.name + message.refusal) + _calls(message.tool_calls)


def _part(part: Part) -> int:
    return IMAGE if isinstance(part, Image) else estimate_text(part.text)


def _tool(tool: Tool) -> int:
    return PER_MESSAGE + estimate_text(tool.name + tool.description) + _json(tool.parameters or {})


def _choice(choice: Choice) -> int:
    return estimate_text(choice.text + choice.reasoning + choice.refusal) + _calls(choice.tool_calls)


def _calls(calls: Iterable[ToolCall]) -> int:
    return sum(PER_MESSAGE + estimate_text(call.name + call.arguments) for call in calls)


def _json(value: object) -> int:
    return estimate_text(to_json(value).decode())
