"""`/v1/credits` and `/v1/budgets`: who sees what is left, and who sets what tags may spend."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.api.console.test_requests import error
from tests.unit.api.console.world import KEYS, NOW, OPERATOR, OTHER, OWN, Console
from turnout.api.console.budgets import resets_at
from turnout.core.allowance import Budget, Limits, Scope, TagBudget
from turnout.core.ports import Key
from turnout.policy.account import Account, Held, instant, windows

ADMIN = "sk-admin"
SEARCH = {"tag": "team", "value": "search", "period": "month"}


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    own = Key(
        "key_own", tags={"team": "search"}, budgets=(Budget(Decimal(5)), Budget(Decimal(1), "day")), limits=Limits(60)
    )
    monkeypatch.setitem(KEYS, OWN, own)
    monkeypatch.setitem(KEYS, ADMIN, Key("key_admin", scopes=frozenset[Scope]({"admin"})))
    console = Console()
    spent = {name: Decimal("0.25") for name in windows(NOW).values()}
    held = {"01R": Held(Decimal("0.05"), NOW)}
    console.accounts["key#key_own"] = Account(spent, held, requests=instant(NOW + 1))
    console.accounts["tag#team=search"] = Account({"month_2027-01": Decimal(120)})
    return console


async def test_a_key_sees_what_it_has_left(console: Console) -> None:
    await console.budgets.set(TagBudget("team", "search", Budget(Decimal(100), "month")))
    await console.budgets.set(TagBudget("team", "other", Budget(Decimal(100), "month")))
    shown = (await console.get("/v1/credits", OWN)).json()
    assert shown["limits"] == {
        "requests_per_minute": {"limit": 60, "left": 59, "full_in_seconds": 1.0},
        "tokens_per_minute": None,
        "concurrent": None,
        "under_way": 1,
    }
    budget = {"object": "budget", "tag": None, "value": None}
    assert shown["budgets"] == [
        {
            **budget,
            "period": "total",
            "usd": "5",
            "used_usd": "0.25",
            "left_usd": "4.75",
            "left_credits": "475",
            "resets_at": None,
        },
        {
            **budget,
            "period": "day",
            "usd": "1",
            "used_usd": "0.25",
            "left_usd": "0.75",
            "left_credits": "75",
            "resets_at": "2027-01-16T00:00:00Z",
        },
        {
            **budget,
            **SEARCH,
            "usd": "100",
            "used_usd": "120",
            "left_usd": "0",
            "left_credits": "0",
            "resets_at": "2027-02-01T00:00:00Z",
        },
    ]


async def test_another_keys_credits_are_for_those_who_may_read(console: Console) -> None:
    issued = (await console.keyring.create(replace(KEYS[OWN], id="key_own")))[1]
    path = f"/v1/credits?key={issued.key.id}"
    assert (await console.get(path, OPERATOR)).json()["budgets"][0]["left_usd"] == "4.75"
    assert (await console.get(path, OWN)).status_code == 200
    refused = await console.get(path, OTHER)
    assert error(refused) == (403, "forbidden", "key")
    assert (await console.get("/v1/credits?key=key_x", OPERATOR)).status_code == 404


async def test_budgets_are_set_seen_and_removed(console: Console) -> None:
    made = await console.post("/v1/budgets", {**SEARCH, "credits": 2550}, ADMIN)
    assert made.json()["usd"] == "25.5"
    listed = (await console.get("/v1/budgets", OPERATOR)).json()
    assert listed == {"object": "list", "data": [made.json()]}
    path = "/v1/budgets?tag=team&value=search"
    assert (await console.delete(path, ADMIN)).json() == {"object": "budget", **SEARCH, "deleted": True}
    again = await console.delete(path, ADMIN)
    assert error(again) == (404, "budget_not_found", "tag")


@pytest.mark.parametrize("key", [OWN, OPERATOR])
async def test_only_an_administrator_changes_them(console: Console, key: str) -> None:
    assert (await console.post("/v1/budgets", {**SEARCH, "usd": 1}, key)).status_code == 403
    assert (await console.delete("/v1/budgets?tag=team&value=search", key)).status_code == 403
    assert (await console.get("/v1/budgets", key)).status_code == (200 if key == OPERATOR else 403)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({**SEARCH}, "usd"),
        ({**SEARCH, "usd": 1, "credits": 100}, "usd"),
        ({**SEARCH, "usd": -1}, "usd"),
        ({**SEARCH, "usd": "many"}, "usd"),
        ({**SEARCH, "usd": 1, "period": "week"}, "period"),
        ({**SEARCH, "usd": 1, "tag": "a=b"}, "tag"),
        ({**SEARCH, "usd": 1, "dollars": 1}, "dollars"),
        ({"value": "x", "usd": 1}, "tag"),
    ],
    ids=str,
)
async def test_a_budget_that_makes_no_sense_is_refused(console: Console, body: dict[str, Any], param: str) -> None:
    refused = await console.post("/v1/budgets", body, ADMIN)
    assert error(refused) == (400, "invalid_request", param)


def test_a_december_is_followed_by_a_january() -> None:
    assert resets_at("month", 1_798_700_000.0) == "2027-01-01T00:00:00Z"
