"""What is too large is refused before it costs anything, and what is not too large is never refused for its text."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from tests.unit.api.world import BEARER, BODY, HELLO, World
from turnout.api import sizes
from turnout.api.guard import LARGEST_HEAD
from turnout.config import Sizes
from turnout.core.errors import RequestTooLarge

type Json = Any
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def values(document: Json) -> int:
    """How many values a document has, the names of members apart."""
    match document:
        case dict():
            return 1 + sum(map(values, document.values()))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        case list():
            return 1 + sum(map(values, document))  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return 1


@given(JSON)
def test_a_body_is_refused_only_where_it_may_have_more_values_than_the_limit(document: Json) -> None:
    body = to_json(document)
    assert sizes.weigh(body, 2 * values(document)) == body


@given(JSON.filter(lambda document: values(document) > 2))
def test_a_body_with_more_values_than_the_limit_is_always_refused(document: Json) -> None:
    with pytest.raises(RequestTooLarge, match="values"):
        sizes.weigh(to_json(document), values(document) - 2)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_weighing(body: bytes) -> None:
    assert sizes.weigh(body, 1000) == body


@pytest.mark.parametrize("text", ['[{,"\\' * 10_000, "[" * 90_000, ", " * 45_000])
def test_brackets_in_a_prompt_are_text(text: str) -> None:
    body = to_json(BODY | {"messages": [{"role": "user", "content": text}]})
    assert sizes.weigh(body, 100) == body


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 500_000 + b"\\", b'"' * 1_000_001, b'"' + b"[" * 1_000_000])
def test_an_unfinished_string_is_weighed_in_one_pass(body: bytes) -> None:
    assert sizes.weigh(body + b",", 1) == body + b","


def test_ten_megabytes_of_brackets_are_refused_without_being_read() -> None:
    bomb = b'{"model":"a","messages":[' + b"[]," * 3_300_000
    tracemalloc.start()
    with pytest.raises(RequestTooLarge):
        sizes.weigh(bomb, Sizes().values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * len(bomb)


def turns(count: int) -> list[Json]:
    return [{"role": "user", "content": "hi"}] * count


def pictures(count: int, url: str = "https://example.com/a.png") -> list[Json]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [{"type": "text", "text": "which?"}, *[part] * count]}]


@pytest.mark.parametrize(
    ("limits", "changes", "status", "param", "told"),
    [
        (Sizes(messages=3), {"messages": turns(4)}, 400, "messages", "at most 3 items"),
        (Sizes(images=2), {"messages": pictures(3)}, 400, "messages[0].content[3].image_url.url", "At most 2 pictures"),
        (
            Sizes(image_bytes=7),
            {"messages": pictures(1, PIXEL)},
            400,
            "messages[0].content[1].image_url.url",
            "7 bytes",
        ),
        (Sizes(values=100), {"logit_bias": {str(n): 1 for n in range(100)}}, 413, None, "100 values"),
    ],
)
async def test_what_is_over_a_limit_is_named_with_the_remedy_and_asks_nobody(
    limits: Sizes, changes: dict[str, Json], status: int, param: str | None, told: str
) -> None:
    world = World(sizes=limits)
    for path in ("/v1/chat/completions", "/v1/route"):
        async with world.client() as client:
            response = await client.post(path, json=BODY | changes)
        error = response.json()["error"]
        assert (response.status_code, error["param"]) == (status, param)
        assert told in error["message"]
    assert (world.log.rows, world.vendors.calls) == ([], [])


async def test_what_is_at_the_limit_is_taken() -> None:
    world = World({"alpha": [HELLO, HELLO]}, sizes=Sizes(messages=3, images=2, image_bytes=100))
    assert (await world.post(messages=turns(3))).status_code == 200
    assert (await world.post(messages=pictures(2, PIXEL))).status_code == 200


async def test_headers_and_url_over_the_limit_are_refused_before_the_key_is_looked_up() -> None:
    world = World()
    async with world.client() as client:
        wide = await client.get("/v1/models", headers={"x-much": "x" * LARGEST_HEAD})
        long = await client.get("/v1/models", params={"q": "x" * LARGEST_HEAD}, headers={"authorization": ""})
        usual = await client.get("/v1/models", headers={"x-much": "x" * (LARGEST_HEAD // 2)})
    assert [wide.status_code, long.status_code, usual.status_code] == [431, 431, 200]
    assert wide.json()["error"]["code"] == "request_head_too_large"
    assert BEARER["authorization"] not in wide.text
