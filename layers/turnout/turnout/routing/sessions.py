"""Which turns belong to one conversation, so that it can stay on the model that it is on."""

from hashlib import blake2b

from turnout.core.chat import Chat, Request
from turnout.core.ports import Key


def conversation(request: Request, key: Key) -> str:
    """A name for the conversation, the same at each of its turns and no other key's: 32 hex digits.

    It is the client's `turnout.session`, or else how the conversation began: what the system and the user said before
    any model did. Conversations that begin alike share the name, as they share the start of their prompt in the
    vendor's cache; each of their first turns is decided anew.
    """
    session = request.options.session
    named = blake2b(digest_size=16, person=b"conversation")
    for text in (key.id, *((session,) if session else _opening(request.chat))):
        named.update(len(text).to_bytes(8) + text.encode("utf-8", "surrogatepass"))
    return named.hexdigest()


def _opening(chat: Chat) -> list[str]:
    begun = next((i for i, message in enumerate(chat.messages) if message.role == "assistant"), None)
    return [message.role + message.text for message in chat.messages[:begun]]


def continued(chat: Chat) -> bool:
    """Whether a model has spoken in it already."""
    return any(message.role == "assistant" for message in chat.messages)


def session_of(request: Request, key: Key, request_id: str) -> str:
    """What must not change sides in a trial: the session or the conversation, for one that only begins the request.

    Conversations that begin alike share a name, so before a model has spoken it would put all of a popular prompt on
    one side.
    """
    named = request.options.session or continued(request.chat)
    return conversation(request, key) if named else request_id


class Forgetful:
    """A `core.ports.Sessions` that remembers nothing: each turn is decided anew."""

    async def find(self, conversation: str) -> str:  # noqa: ARG002 - the port's signature
        """Never known."""
        return ""

    async def keep(self, conversation: str, model: str) -> None:
        """Nowhere."""
