"""What kind of task a prompt is, in microseconds and without a model call.

What a chat's form tells is taken as it is: pictures, tools, a very long text, a response format. The rest is told by
the words of the last user turn and of the system prompt (`classify_words`), scored by a small linear model that is a
data file (`classify_model`); `docs/routing.md` tells how it was trained. A prompt in a language or of a kind that the
model was not trained on gets a low confidence.
"""

from functools import cache
from pathlib import Path

from turnout.core.chat import Chat, Image, Message
from turnout.core.frozen import frozen
from turnout.routing.classify_model import LinearModel, load
from turnout.routing.classify_words import words

WEIGHTS_FILE = Path(__file__).parent / "data" / "classifier.bin"
TASKS = (
    "code",
    "math",
    "reasoning",
    "knowledge",
    "writing",
    "extraction",
    "translation",
    "summarization",
    "tools",
    "vision",
    "chat",
)
LONG = 24_000
"""Characters of a turn from which on what matters most is to read it all: some 6,000 tokens."""


@frozen
class Kind:
    """The task and how sure it is: `confidence` is a calibrated probability, 0 to 1.

    This is all of a prompt that the choice depends on, so a record that keeps it can be decided again without the
    prompt.
    """

    task: str
    confidence: float


TOLD = 0.95
"""The confidence in what a chat's form tells."""
LIKELY = 0.6
"""The confidence in what it makes likely."""
VISION, TOOLS, LONG_TEXT = Kind("vision", TOLD), Kind("tools", TOLD), Kind("summarization", TOLD)
STRUCTURED, NOTHING_SAID = Kind("extraction", LIKELY), Kind("chat", 0.0)


def classify(chat: Chat) -> Kind:
    """The kind of the chat's last user turn, read together with its system prompt, tools and pictures. Never raises."""
    turn = next((message for message in reversed(chat.messages) if message.role == "user"), None)
    if turn and any(isinstance(part, Image) for part in turn.parts):
        return VISION
    kind = classify_text(turn.text if turn else "", len(chat.tools), _system(chat.messages))
    return STRUCTURED if chat.response_format != "text" and kind.confidence < LIKELY else kind


def classify_text(query: str, n_tools: int = 0, system: str = "") -> Kind:
    """The kind of a text, with so many tools offered. Never raises; reads at most the ends of a long text."""
    if n_tools:
        return TOOLS
    if len(query) >= LONG:
        return LONG_TEXT
    if not query or query.isspace():
        return NOTHING_SAID
    return Kind(*shipped().best(words(query, 0, system)))


@cache
def shipped() -> LinearModel:
    """The model that comes with the package, read at its first use."""
    return load(WEIGHTS_FILE)


def _system(messages: tuple[Message, ...]) -> str:
    return next((message.text for message in messages if message.role in {"system", "developer"}), "")
