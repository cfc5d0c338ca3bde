"""What is kept of a request: nothing of what was said unless the key has it kept, and no trace where it wants none."""

from typing import Any

import pytest
from pydantic_core import to_json

from tests.fakes import FakeKeys
from tests.unit.api.console.world import OTHER, OWN, Console
from tests.unit.api.world import CALLS, HELLO, KEY, TOOLS, World
from turnout.core.allowance import Privacy
from turnout.core.contents import Content
from turnout.core.errors import Overloaded
from turnout.core.events import Delta
from turnout.core.ports import Key

PROMPT = "my name is Ada and my secret is xyzzy"
ASKED: dict[str, Any] = {
    "messages": [{"role": "user", "content": PROMPT}],
    "user": "user-4711",
    "turnout": {"tags": {"customer": "4711"}, "session": "session-4711"},
}
TRACES = ("xyzzy", "4711", "blue")


def of(privacy: Privacy, **scripts: Any) -> World:
    key = Key("key-1", tags={"team": "blue"}, privacy=privacy)
    return World(scripts or {"alpha": [HELLO]}, keys=FakeKeys(**{KEY: key}))


@pytest.mark.parametrize("stream", [False, True])
async def test_nothing_of_what_was_said_is_kept_unless_the_key_asks_for_it(stream: bool) -> None:
    world = of(Privacy())
    await world.post(**ASKED, stream=stream)
    assert world.contents.kept == {}
    assert "xyzzy" not in to_json(world.log.rows[0]).decode()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_key_that_asks_for_it_has_both_sides_kept(stream: bool) -> None:
    world = of(Privacy(store_content=True))
    response = await world.post(**ASKED, stream=stream)
    [row] = world.log.rows
    content = world.contents.kept["key-1", row.id]
    assert content.request["messages"] == ASKED["messages"]
    assert content.request["model"] == "alpha"
    assert content.choices[0]["message"]["content"] == "Hello"
    assert content.at == row.at
    assert "Hello" in response.text.replace('"Hel"', "Hello")


async def test_calls_of_tools_are_kept_as_the_client_saw_them() -> None:
    world = of(Privacy(store_content=True), alpha=[CALLS])
    shown = (await world.post(tools=TOOLS)).json()["choices"]
    [content] = world.contents.kept.values()
    assert content.choices == shown


async def test_of_an_answer_that_was_cut_what_had_come_is_kept() -> None:
    world = of(Privacy(store_content=True), lonely=[[Delta(text="Hel"), Overloaded("gone")]])
    await world.post(model="lonely", stream=True)
    [content] = world.contents.kept.values()
    assert (content.choices[0]["message"]["content"], content.choices[0]["finish_reason"]) == ("Hel", None)


async def test_a_refused_request_is_kept_without_an_answer() -> None:
    world = of(Privacy(store_content=True))
    await world.post(model="nobody")
    [content] = world.contents.kept.values()
    assert content.choices == []


@pytest.mark.parametrize("privacy", [Privacy(zero_retention=True), Privacy(store_content=True, zero_retention=True)])
async def test_zero_retention_leaves_no_trace_of_who_asked_what(privacy: Privacy) -> None:
    world = of(privacy, alpha=[[Overloaded(f"cannot do: {PROMPT}")]], beta=[HELLO])
    response = await world.post(**ASKED | {"model": "auto"})
    assert response.status_code == 200
    [row] = world.log.rows
    kept = to_json(row).decode()
    assert [trace for trace in TRACES if trace in kept] == []
    assert (row.tags, row.session, row.conversation, world.contents.kept) == ({}, "", "", {})
    assert row.cost_usd > 0
    assert [attempt.error for attempt in row.attempts] == ["vendor_overloaded", ""]


async def test_what_a_vendor_quotes_is_redacted_in_the_row() -> None:
    leaking = Overloaded("cannot answer ada@example.com, card 4111 1111 1111 1111, key sk-proj-abcdefghijkl1234")
    world = of(Privacy(), lonely=[[leaking]])
    await world.post(model="lonely")
    assert world.log.rows[0].attempts[0].message == "cannot answer [email], card [card], key [secret]"


async def test_the_console_shows_a_content_to_its_key_and_to_no_other() -> None:
    console = Console()
    content = Content("01REQUEST", "key_own", 1.5, {"model": "auto"}, [{"index": 0}])
    await console.contents.write(content)
    shown = await console.get("/v1/requests/01REQUEST/content", OWN)
    assert shown.json() == {
        "object": "request.content",
        "request_id": "01REQUEST",
        "at": "1970-01-01T00:00:01.500000Z",
        "request": {"model": "auto"},
        "choices": [{"index": 0}],
    } | {"at": shown.json()["at"]}
    for stranger in (OTHER, "sk-operator"):
        refused = await console.get("/v1/requests/01REQUEST/content", stranger)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "content_not_found")
    assert (await console.get("/v1/requests/01OTHER/content", OWN)).status_code == 404
