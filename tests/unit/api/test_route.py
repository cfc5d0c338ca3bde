"""`POST /v1/route`: the decision that a chat would get, and no model is asked."""

from typing import Any

import httpx
import pytest

from tests.fakes import FakeKeys
from tests.unit.api.world import BODY, HELLO, KEY, World
from turnout.core.ports import Key


async def route(world: World, **changes: Any) -> httpx.Response:
    async with world.client() as client:
        return await client.post("/v1/route", json=BODY | changes)


async def test_it_tells_what_would_be_asked_and_asks_nobody() -> None:
    world = World()
    response = await route(world, model="auto", turnout={"goal": "cost", "session": "s"})
    told = response.json()
    assert (response.status_code, told["object"], told["model"]) == (200, "route", "alpha-vendor/alpha")
    assert [target["model"] for target in told["targets"]] == ["alpha-vendor/alpha", "beta-vendor/beta"]
    assert (told["goal"], told["mode"], told["rule"], told["propensity"]) == ("cost", "failover", None, 1.0)
    assert told["reason"].startswith("auto:cost, ")
    assert told["prompt_tokens"] > 0
    assert told["versions"].keys() == {"policy", "rules", "catalog"}
    assert (world.vendors.calls, world.log.rows) == ([], [])


async def test_a_chat_with_the_same_body_gets_what_was_told() -> None:
    world = World({"alpha": [list(HELLO)]})
    told = (await route(world, model="auto")).json()
    answered = await world.post(model="auto")
    assert answered.headers["x-turnout-model"] == told["model"].partition("/")[2]
    assert answered.headers["x-turnout-reason"] == told["reason"]


async def test_it_has_the_headers_of_every_answer() -> None:
    response = await route(World(), model="alpha")
    headers = {name: value for name, value in response.headers.items() if name.startswith("x-turnout-")}
    assert headers.pop("x-turnout-request-id")
    assert headers == {
        "x-turnout-model": "alpha",
        "x-turnout-reason": "the model that was asked for",
        "x-turnout-attempts": "0",
        "x-turnout-cost-usd": "0",
    }


async def test_what_is_dropped_is_told_with_its_reason() -> None:
    told = (await route(World(), turnout={"models": ["alpha", "beta"]}, max_tokens=10_000)).json()
    assert told["dropped"] == []
    response = await route(World(), model="auto", max_tokens=10_001)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "no_eligible_model")
    assert "alpha-vendor/alpha: answers at most 10000 tokens" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"model": "alhpa"}, 404, "model"),
        ({"temperature": 3}, 400, "temperature"),
        ({"turnout": {"mode": "magic"}}, 400, "turnout.mode"),
        ({"model": "auto", "turnout": {"max_cost_usd": 1e-9}}, 400, "model"),
    ],
)
async def test_it_refuses_what_a_chat_would_be_refused_for(changes: dict[str, Any], status: int, param: str) -> None:
    world = World()
    response, chat = await route(world, **changes), await world.post(**changes)
    assert (response.status_code, response.json()["error"]["param"]) == (status, param)
    assert response.json()["error"] == chat.json()["error"]


async def test_it_needs_a_key() -> None:
    async with World().client() as client:
        response = await client.post("/v1/route", json=BODY, headers={"authorization": ""})
    assert response.status_code == 401


async def test_the_keys_share_of_exploration_counts() -> None:
    keys = FakeKeys(**{KEY: Key("key-1", explore=1.0)})
    told = (await route(World(keys=keys), model="auto", turnout={"task": "law"})).json()
    assert told["propensity"] == 1.0, "of a task of which nothing is known nothing is tried"
