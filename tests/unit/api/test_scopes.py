"""What a key may do at the router: its scopes, and the models on its lists."""

from typing import Any

import pytest

from tests.fakes import FakeKeys
from tests.unit.api.world import BODY, HELLO, KEY, World
from turnout.core.allowance import Scope
from turnout.core.ports import Key


def world(*scopes: Scope, **says: Any) -> World:
    key = Key("key-1", scopes=frozenset(scopes or ("inference",)), **says)
    return World({"alpha": [HELLO], "beta": [HELLO]}, keys=FakeKeys(**{KEY: key}))


async def listed(there: World) -> list[str]:
    async with there.client() as client:
        return [item["id"] for item in (await client.get("/v1/models")).json()["data"]]


@pytest.mark.parametrize("path", ["chat/completions", "compare", "blend", "judge", "route"])
async def test_without_inference_a_key_asks_no_model_and_is_told_what_it_lacks(path: str) -> None:
    there = world("read")
    async with there.client() as client:
        response = await client.post(f"/v1/{path}", json=BODY)
    assert response.status_code == 403
    assert response.json()["error"] == {
        "message": "This key may not ask models: its scopes are read. Whoever runs this gateway can add 'inference'.",
        "type": "permission_error",
        "param": None,
        "code": "missing_scope",
    }
    assert (there.log.rows, there.vendors.calls) == ([], [])


@pytest.mark.parametrize("scope", ["inference", "admin"])
async def test_inference_asks_and_admin_includes_it(scope: Scope) -> None:
    assert (await world(scope).post()).status_code == 200


async def test_only_the_models_that_a_key_may_ask_are_listed() -> None:
    names = await listed(world(models=("beta", "lonely")))
    assert [name for name in names if not name.startswith("auto")] == ["beta", "lonely"]
    assert "auto" in names
    assert "alpha" in await listed(world())


async def test_a_model_that_a_key_may_not_ask_is_refused_by_name_wherever_it_is_named() -> None:
    there = world(models=("beta", "lonely"))
    panel = {"messages": BODY["messages"], "turnout": {"models": ["beta", "lonely"], "judge": "alpha"}}
    async with there.client() as client:
        answers = {
            "model": [await there.post(model="alpha"), await client.get("/v1/models/alpha")],
            "turnout.judge": [await client.post("/v1/judge", json=panel)],
        }
    for param, response in [(param, one) for param, several in answers.items() for one in several]:
        error = response.json()["error"]
        assert (response.status_code, error["code"], error["param"]) == (403, "model_not_allowed", param)
    assert there.vendors.calls == []


async def test_a_refused_model_is_in_the_record_and_auto_asks_another() -> None:
    there = world(models=("beta",))
    await there.post(model="alpha")
    answered = await there.post(model="auto")
    assert answered.json()["turnout"]["model"] == "beta"
    refused, row = there.log.rows
    assert (refused.status, refused.code) == (403, "model_not_allowed")
    assert [(drop.model, drop.reason) for drop in row.dropped] == [("alpha-vendor/alpha", "this key may not use it")]
