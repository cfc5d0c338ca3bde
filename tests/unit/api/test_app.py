"""The endpoints from outside: what is there, what is not, and that nothing a client sends breaks them."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json
from ulid import ULID

from tests.unit.api.world import BODY, HELLO, World
from turnout.core.errors import AccessDenied
from turnout.core.events import Delta, Done, Events
from turnout.core.ports import Call, Key

CHAT = "/v1/chat/completions"


async def test_health_needs_no_key() -> None:
    async with World().client() as client:
        response = await client.get("/healthz", headers={"authorization": ""})
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert ULID.from_str(response.headers["x-turnout-request-id"])


@pytest.mark.parametrize(("method", "path"), [("POST", CHAT), ("GET", "/v1/models"), ("GET", "/v1/models/alpha")])
async def test_everything_else_needs_one(method: str, path: str) -> None:
    world = World()
    async with world.client() as client:
        response = await client.request(method, path, headers={"authorization": "Bearer sk-wrong"})
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")
    assert "sk-wrong" not in response.text
    assert world.log.rows == []


async def test_the_key_is_checked_before_the_body_is_looked_at() -> None:
    async with World().client() as client:
        response = await client.post(CHAT, content=b"{", headers={"authorization": ""})
    assert response.status_code == 401


async def test_a_refused_body_leaves_no_row_and_asks_nobody() -> None:
    world = World()
    response = await world.post(temperature=3)
    assert response.status_code == 400
    assert response.json() == {
        "error": {
            "message": "'temperature' must be at most 2.",
            "type": "invalid_request_error",
            "param": "temperature",
            "code": "invalid_request",
        }
    }
    assert response.headers["x-turnout-reason"] == "refused: invalid_request"
    assert (world.log.rows, world.vendors.calls) == ([], [])


async def test_a_body_over_the_limit_is_refused() -> None:
    response = await World(max_body_bytes=1000).post(messages=[{"role": "user", "content": "x" * 1000}])
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")
    assert "1000 bytes" in response.json()["error"]["message"]


async def test_a_content_type_that_is_not_json_is_tolerated() -> None:
    world = World({"alpha": [list(HELLO)]})
    async with world.client() as client:
        response = await client.post(CHAT, content=to_json(BODY), headers={"content-type": "text/plain"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code", "param", "told"),
    [
        ({"model": "alhpa"}, 404, "model_not_found", "model", "alpha"),
        ({"model": "auto:speed"}, 400, "invalid_request", "model", "auto:latency"),
        ({"turnout": {"mode": "seance"}}, 400, "invalid_request", "turnout.mode", "failover"),
    ],
)
async def test_what_the_plan_refuses_is_told_and_leaves_a_row(
    changes: dict[str, Any], status: int, code: str, param: str, told: str
) -> None:
    world = World()
    response = await world.post(**changes)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (status, code, param)
    assert told in error["message"]
    assert response.headers["x-turnout-model"] == "none"
    assert (world.log.rows[0].status, world.log.rows[0].code) == (status, code)


async def test_the_keys_tags_and_id_reach_the_row() -> None:
    world = World({"alpha": [list(HELLO)]})
    await world.post(turnout={"tags": {"app": "shop"}})
    assert (world.log.rows[0].key_id, world.log.rows[0].tags) == ("key-1", {"team": "blue", "app": "shop"})


async def test_a_vendors_refusal_of_our_key_is_not_the_clients_401() -> None:
    denied = AccessDenied("The vendor answered 401: bad key", vendor_status=401, vendor_message="bad key")
    response = await World({"lonely": [[denied]]}).post(model="lonely")
    assert (response.status_code, response.json()["error"]["code"]) == (502, "vendor_access_denied")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/v1/completions", 404),
        ("GET", "/v1/chat/completions/", 404),
        ("GET", "/docs", 404),
        ("GET", CHAT, 405),
        ("DELETE", "/v1/models/alpha", 405),
        ("POST", "/healthz", 405),
    ],
)
async def test_what_is_not_there_is_told_in_openais_shape(method: str, path: str, status: int) -> None:
    async with World().client() as client:
        response = await client.request(method, path)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (status, "invalid_request_error")
    assert f"{method} {path}" in error["message"]
    assert ("allow" in response.headers) == (status == 405)
    assert "x-turnout-request-id" in response.headers


async def test_the_models_are_listed_with_what_the_catalog_knows() -> None:
    async with World().client() as client:
        body = (await client.get("/v1/models")).json()
    ids = [model["id"] for model in body["data"]]
    automatic = ["auto", "auto:balanced", "auto:cost", "auto:latency", "auto:reliability"]
    assert (body["object"], ids) == ("list", [*automatic, "alpha", "beta", "lonely"])
    assert body["data"][0] == {
        "id": "auto",
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": "turnout",
        "ready": True,
    }
    alpha = body["data"][5]
    assert alpha["capabilities"] == sorted(alpha["capabilities"])
    assert {name: alpha[name] for name in alpha.keys() - {"capabilities"}} == {
        "id": "alpha",
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": "alpha-vendor",
        "ready": True,
        "context_window": 100_000,
        "max_output": 10_000,
        "pricing": {
            "unit": "USD per million tokens",
            "input": "1",
            "cached_input": "0.1",
            "cache_write": "1.25",
            "output": "2",
        },
    }


@pytest.mark.parametrize("name", ["alpha", "alpha-vendor/alpha", "auto", "auto:cost"])
async def test_a_model_is_found_under_each_of_its_names(name: str) -> None:
    async with World().client() as client:
        response = await client.get(f"/v1/models/{name}")
    assert (response.status_code, response.json()["id"]) == (200, name)


@pytest.mark.parametrize("name", ["alhpa", "auto:speed", "", "a/b/c"])
async def test_a_model_that_is_not_there_is_a_404(name: str) -> None:
    async with World().client() as client:
        response = await client.get(f"/v1/models/{name}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


class BrokenKeys:
    """Keys that cannot be read."""

    async def find(self, secret: str) -> Key | None:
        raise RuntimeError(f"no table, and the secret was {secret}")


async def test_a_fault_before_the_gateway_shows_no_traceback() -> None:
    world = World(keys=BrokenKeys())
    response = await world.post()
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal_error")
    assert response.headers["x-turnout-request-id"] in response.json()["error"]["message"]
    assert "secret was" not in response.text


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "model",
    "messages",
    "stream",
    "tools",
    "tool_choice",
    "stop",
    "n",
    "response_format",
    "turnout",
    "logit_bias",
)
TURN = (
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "name",
    "refusal",
    "type",
    "text",
    "image_url",
    "function",
    "id",
)
WORDS = ("user", "assistant", "tool", "system", "text", "image_url", "function", "auto", "json_schema", "alpha")
likely = st.recursive(
    scalars | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TURN), inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), likely, max_size=6).map(lambda changes: BODY | changes)


async def greets(call: Call) -> Events:
    for event in (Delta(text="Hello"), Delta(finish="stop"), Done()):
        yield event


GREETING = World(ask=greets)


async def send(content: bytes) -> httpx.Response:
    async with GREETING.client() as client:
        return await client.post(CHAT, content=content)


def is_an_answer_or_a_clear_refusal(response: httpx.Response) -> bool:
    if response.status_code == 200:
        return "chatcmpl-" in response.text
    error = response.json()["error"]
    return response.status_code in {400, 404} and bool(error["message"]) and error["type"] == "invalid_request_error"


@given(st.binary(max_size=50) | anything.map(to_json))
async def test_no_bytes_break_it(content: bytes) -> None:
    assert is_an_answer_or_a_clear_refusal(await send(content))


@given(bodies)
async def test_no_almost_right_body_breaks_it(body: dict[str, Any]) -> None:
    assert is_an_answer_or_a_clear_refusal(await send(to_json(body)))
