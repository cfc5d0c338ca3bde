"""Conversations: their turns share a name, and nobody else's do."""

from turnout.core.chat import Chat, Message, Options, Request, Role, Text
from turnout.core.ports import Key
from turnout.routing.sessions import Forgetful, continued, conversation

KEY, OTHER = Key("key-1"), Key("key-2")


def request(*said: tuple[Role, str], session: str = "") -> Request:
    return Request(Chat(tuple(Message(role, (Text(text),)) for role, text in said)), "auto", Options(session=session))


FIRST = request(("system", "Be brief."), ("user", "Hi"))
SECOND = request(("system", "Be brief."), ("user", "Hi"), ("assistant", "Hello"), ("user", "Bye"))


def test_all_turns_of_a_conversation_have_its_name() -> None:
    assert conversation(FIRST, KEY) == conversation(SECOND, KEY)
    assert (continued(FIRST.chat), continued(SECOND.chat)) == (False, True)


def test_another_key_or_another_beginning_is_another_conversation() -> None:
    others = [
        conversation(FIRST, OTHER),
        conversation(request(("system", "Be brief."), ("user", "Hi!")), KEY),
        conversation(request(("user", "Be brief."), ("user", "Hi")), KEY),
        conversation(request(("system", "Be brief.Hi")), KEY),
    ]
    assert len({conversation(FIRST, KEY), *others}) == 5


def test_the_clients_session_is_the_conversation_whatever_is_said() -> None:
    one, two = request(("user", "a"), session="s-1"), request(("user", "b"), session="s-1")
    assert conversation(one, KEY) == conversation(two, KEY) != conversation(one, OTHER)
    assert conversation(one, KEY) != conversation(request(("user", "a"), session="s-2"), KEY)


def test_text_that_is_no_unicode_has_a_name_too() -> None:
    assert conversation(request(("user", "\ud800")), KEY)


async def test_where_nothing_is_remembered_each_turn_is_decided_anew() -> None:
    sessions = Forgetful()
    await sessions.keep("c", "m")
    assert await sessions.find("c") == ""
