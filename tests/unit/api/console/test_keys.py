"""/v1/keys: what an admin key can say of keys, what it is shown, and what is refused with its field."""

from typing import Any

import pytest

from tests.unit.api.console.world import ADMIN, KEYS, NOW, OPERATOR, OWN, Console

WHOLE: dict[str, Any] = {
    "name": "shop",
    "tags": {"team": "search"},
    "scopes": ["inference", "read"],
    "models": ["alpha"],
    "vendors": ["alpha-vendor"],
    "goal": "cost",
    "ruleset": "careful",
    "explore": 0.05,
    "budgets": [{"usd": "5.25", "period": "month"}, {"credits": 50, "period": "day"}],
    "limits": {"requests_per_minute": 60, "tokens_per_minute": None, "concurrent": 2},
    "privacy": {"store_content": True, "zero_retention": False},
    "sampling": {"share": 0.125, "usd_per_day": "1.5"},
    "open_when_down": True,
    "expires_at": "2100-01-01",
}


async def made(console: Console, **said: Any) -> dict[str, Any]:
    response = await console.administer("POST", "/v1/keys", {"name": "shop", **said})
    assert response.status_code == 200, response.text
    return response.json()


async def test_all_that_is_said_of_a_key_is_kept_and_its_secret_shown_once() -> None:
    console = Console()
    response = await console.administer("POST", "/v1/keys", WHOLE)
    told = response.json()
    secret = told.pop("secret")
    assert secret
    assert response.headers["cache-control"] == "no-store"
    budgets = [
        {"usd": "5.25", "credits": "525", "period": "month"},
        {"usd": "0.5", "credits": "50", "period": "day"},
    ]
    assert told | WHOLE | {"budgets": budgets, "expires_at": told["expires_at"]} == told
    assert told["expires_at"] == "2100-01-01T00:00:00Z"
    again = await console.administer("GET", f"/v1/keys/{told['id']}")
    assert again.json() == told
    assert secret not in again.text


async def test_a_new_key_has_the_starter_credit_unless_something_is_said_of_budgets() -> None:
    console = Console()
    assert (await made(console))["budgets"] == [{"usd": "5", "credits": "500", "period": "total"}]
    assert (await made(console, budgets=[]))["budgets"] == []


async def test_keys_are_listed_page_by_page() -> None:
    console = Console()
    ids = [(await made(console))["id"] for _ in range(3)]
    first = (await console.administer("GET", "/v1/keys?limit=2")).json()
    rest = (await console.administer("GET", f"/v1/keys?limit=2&after={first['next_after']}")).json()
    assert [one["id"] for one in first["data"] + rest["data"]] == ids[::-1]
    assert (first["has_more"], rest["has_more"], rest["next_after"]) == (True, False, None)
    assert not any("secret" in one for one in first["data"])


async def test_a_change_touches_what_it_names_and_nothing_else() -> None:
    console = Console()
    before = await made(console, **WHOLE)
    del before["secret"]
    changes: dict[str, Any] = {"goal": None, "models": [], "limits": {"concurrent": 1}, "expires_at": None}
    after = (await console.administer("PATCH", f"/v1/keys/{before['id']}", changes)).json()
    limits = {"requests_per_minute": None, "tokens_per_minute": None, "concurrent": 1}
    assert after == before | changes | {"limits": limits}


async def test_a_key_is_disabled_enabled_and_deleted() -> None:
    console = Console()
    path = f"/v1/keys/{(await made(console))['id']}"
    assert (await console.administer("POST", f"{path}/disable")).json()["disabled"]
    assert not (await console.administer("POST", f"{path}/enable")).json()["disabled"]
    assert (await console.administer("DELETE", path)).json()["deleted"]
    for method, of in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/disable")):
        response = await console.administer(method, path + of, {"goal": "cost"} if method == "PATCH" else None)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "key_not_found")


@pytest.mark.parametrize(("body", "overlap"), [(None, 86_400), ({"overlap_seconds": 60}, 60)])
async def test_a_rotation_shows_the_new_secret_and_when_the_old_one_ends(body: Any, overlap: int) -> None:
    console = Console()
    before = await made(console)
    response = await console.administer("POST", f"/v1/keys/{before['id']}/rotate", body)
    told = response.json()
    assert told["secret"] not in {before["secret"], ""}
    assert response.headers["cache-control"] == "no-store"
    assert [one.until for one in console.keyring.known[before["id"]].secrets] == [NOW + overlap, None]
    assert [bool(one["until"]) for one in told["secrets"]] == [True, False]


@pytest.mark.parametrize(
    ("method", "of", "body"),
    [("DELETE", "", None), ("POST", "/disable", None), ("PATCH", "", {"scopes": ["read"]})],
    ids=["delete", "disable", "demote"],
)
async def test_an_admin_key_does_not_lock_itself_out(method: str, of: str, body: Any) -> None:
    console = Console()
    await console.keyring.create(KEYS[ADMIN])
    response = await console.administer(method, f"/v1/keys/key_admin{of}", body)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "own_key")
    assert "another admin key" in response.json()["error"]["message"]
    assert console.keyring.known["key_admin"].key == KEYS[ADMIN]


async def test_an_admin_key_can_change_itself_otherwise() -> None:
    console = Console()
    await console.keyring.create(KEYS[ADMIN])
    for body in ({"goal": "cost"}, {"scopes": ["admin", "inference"]}):
        assert (await console.administer("PATCH", "/v1/keys/key_admin", body)).status_code == 200


@pytest.mark.parametrize("secret", [OWN, OPERATOR])
async def test_only_an_admin_key_manages_keys(secret: str) -> None:
    console = Console()
    response = await console.administer("POST", "/v1/keys", {"name": "mine", "scopes": ["admin"]}, key=secret)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "missing_scope")
    assert console.keyring.known == {}


@pytest.mark.parametrize(
    ("said", "param", "told"),
    [
        ({"name": ""}, "name", "must have at least 1 character"),
        ({"name": "a\nb"}, "name", "must match"),
        ({"colour": "red"}, "colour", "There is no 'colour' here"),
        ({"tags": {"team": 1}}, "tags.team", "must be a string"),
        ({"scopes": []}, "scopes", "must have at least 1 item"),
        ({"scopes": ["root"]}, "scopes[0]", "must be 'inference', 'read' or 'admin'"),
        ({"models": ["alpa"]}, "models[0]", "Did you mean alpha"),
        ({"vendors": ["nobody"]}, "vendors[0]", "There are: alpha-vendor, beta-vendor"),
        ({"models": ["alpha"], "vendors": ["beta-vendor"]}, "vendors", "offer none of 'models'"),
        ({"goal": "fame"}, "goal", "must be 'balanced', 'cost', 'latency' or 'reliability'"),
        ({"ruleset": "loose"}, "ruleset", "There are: careful"),
        ({"explore": 0.3}, "explore", "must be at most 0.2"),
        ({"explore": "0.1"}, "explore", "must be a number"),
        ({"budgets": [{"period": "day"}]}, "budgets[0]", "either 'usd' or 'credits'"),
        ({"budgets": [{"usd": 1, "credits": 100}]}, "budgets[0]", "either 'usd' or 'credits'"),
        ({"budgets": [{"usd": -1}]}, "budgets[0].usd", "must be at least 0"),
        ({"budgets": [{"usd": 1}, {"credits": 1}]}, "budgets", "two for the period 'total'"),
        ({"limits": {"concurrent": 0}}, "limits.concurrent", "must be at least 1"),
        ({"limits": {"per_day": 1}}, "limits.per_day", "Leave it out"),
        ({"privacy": {"store_content": True, "zero_retention": True}}, "privacy", "cannot be both"),
        ({"sampling": {"share": 1.5, "usd_per_day": 1}}, "sampling.share", "must be at most 1"),
        ({"sampling": {"share": 0.5}}, "sampling.usd_per_day", "is required"),
        ({"open_when_down": "yes"}, "open_when_down", "must be true or false"),
        ({"expires_at": "soon"}, "expires_at", "must be a time"),
        ({"expires_at": True}, "expires_at", "must be a time"),
        ({"expires_at": "2020-01-01"}, "expires_at", "disable it"),
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_with_its_field(said: dict[str, Any], param: str, told: str) -> None:
    console = Console()
    path = f"/v1/keys/{(await made(console))['id']}"
    for method, at, body in (("POST", "/v1/keys", {"name": "shop", **said}), ("PATCH", path, said)):
        response = await console.administer(method, at, body)
        error = response.json()["error"]
        assert (response.status_code, error["param"]) == (400, param), error
        assert told in error["message"]
    assert len(console.keyring.known) == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "must change something"),
        (b"", "not valid JSON"),
    ],
)
async def test_a_change_that_is_none_is_refused(body: bytes, told: str) -> None:
    console = Console()
    response = await console.administer("PATCH", f"/v1/keys/{(await made(console))['id']}", body)
    assert response.status_code == 400
    assert told in response.json()["error"]["message"]


async def test_a_body_without_end_is_refused() -> None:
    response = await Console().administer("POST", "/v1/keys", {"name": "x" * 100_000})
    assert response.status_code == 413
