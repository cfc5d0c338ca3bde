"""The console's routes on policies: who may read and who may move, what is told, and who was quicker."""

from typing import Any

import pytest

from tests.fakes import a_policy
from tests.unit.api.console.world import ADMIN, NOW, OPERATOR, OWN, Console
from turnout.core.reporting import run_id


async def three() -> Console:
    """A console over a version that was replaced, the active one, and one that is recommended."""
    console = Console()
    for version in ("p-1", "p-2", "p-3"):
        await console.policies.add(a_policy(version, report="reports/2026/11/24/2026-11-24-030000.html"), "found")
    await console.policies.activate("p-1", "begin")
    await console.policies.activate("p-2", "better")
    return console


async def test_all_versions_are_listed_with_those_that_decide() -> None:
    told = (await (await three()).get("/v1/policies", OPERATOR)).json()
    assert {one["id"]: one["state"] for one in told["data"]} == {
        "p-1": "superseded",
        "p-2": "active",
        "p-3": "recommended",
    }
    assert told["deciding"] == {"active": "p-2", "canary": None, "share": None, "revision": 2}
    assert told["data"][0]["report"] == "2026-11-24-030000"


async def test_a_version_is_shown_with_its_chains_and_its_history() -> None:
    told = (await (await three()).get("/v1/policies/p-1", OPERATOR)).json()
    assert told["chains"]["cost"]["code"] == ["acme/b", "acme/a"]
    assert told["outcomes"]["code"]["acme/b"]["success"] == 0.5
    assert [(one["state"], one["why"]) for one in told["history"]] == [
        ("recommended", "found"),
        ("active", "begin"),
        ("superseded", "better"),
    ]


async def test_a_version_is_activated_and_who_did_it_is_in_its_history() -> None:
    console = await three()
    answer = await console.post("/v1/policies/p-3/activate", {"reason": "we know better"}, ADMIN)
    told = answer.json()
    assert (answer.status_code, told["deciding"]["active"], told["policy"]["state"]) == (200, "p-3", "active")
    assert told["policy"]["history"][-1]["why"] == "we know better (by key_admin)"


async def test_without_a_body_a_canary_gets_the_share_of_the_deployment() -> None:
    console = await three()
    told = (await console.post("/v1/policies/p-3/canary", b"", ADMIN)).json()
    assert told["deciding"] == {"active": "p-2", "canary": "p-3", "share": 0.1, "revision": 3}
    assert told["policy"]["history"][-1]["why"] == "tried (by key_admin)"


async def test_a_canary_gets_the_share_that_was_asked_for_and_is_rolled_back() -> None:
    console = await three()
    await console.post("/v1/policies/p-3/canary", {"share": 0.4}, ADMIN)
    assert (await console.policies.pointer()).share == 0.4
    told = (await console.post("/v1/policies/p-3/rollback", {}, ADMIN)).json()
    assert (told["policy"]["state"], told["deciding"]["active"]) == ("rolled_back", "p-2")


async def test_what_does_not_decide_cannot_be_rolled_back() -> None:
    answer = await (await three()).post("/v1/policies/p-3/rollback", {}, ADMIN)
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == "Policy p-3 is recommended; what can be rolled back now is p-2."


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({"share": 0}, "share", "must be above 0"),
        ({"share": 1}, "share", "must be below 1"),
        ({"reason": 1}, "reason", "must be a string"),
        ({"shore": 0.1}, "shore", "Did you mean 'share'?"),
    ],
)
async def test_bad_input_is_named(body: dict[str, Any], param: str, says: str) -> None:
    answer = await (await three()).post("/v1/policies/p-3/canary", body, ADMIN)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, param)
    assert says in error["message"]


@pytest.mark.parametrize("path", ["/v1/policies/p-9/activate", "/v1/policies/p-9/canary", "/v1/policies/p-9/rollback"])
async def test_a_version_that_is_not_there_is_told(path: str) -> None:
    answer = await (await three()).post(path, {}, ADMIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "policy_not_found")
    assert (await (await three()).get("/v1/policies/p-9", OPERATOR)).status_code == 404


@pytest.mark.parametrize("path", ["/v1/policies", "/v1/policies/p-1"])
async def test_reading_takes_the_scope_read(path: str) -> None:
    answer = await (await three()).get(path, OWN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "missing_scope")


@pytest.mark.parametrize(
    "path", ["/v1/policies/p-3/activate", "/v1/policies/p-3/canary", "/v1/policies/p-2/rollback", "/v1/optimize"]
)
async def test_moving_and_starting_take_the_scope_admin(path: str) -> None:
    console = await three()
    for key in (OWN, OPERATOR):
        assert (await console.post(path, {}, key)).status_code == 403
    assert (await console.policies.pointer()).revision == 2
    assert console.starter.started == []


async def test_a_run_is_started_and_its_report_is_told() -> None:
    console = Console()
    answer = await console.post("/v1/optimize", b"", ADMIN)
    run = run_id(NOW)
    assert (answer.status_code, answer.json()) == (
        202,
        {"id": run, "object": "optimization", "report": f"/v1/reports/{run}"},
    )
    assert console.starter.started == [run]


async def test_while_a_run_is_under_way_no_other_is_started() -> None:
    console = Console()
    await console.lease.take("2027-01-15-075959", 60)
    answer = await console.post("/v1/optimize", {}, ADMIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "optimizer_busy")
    assert "2027-01-15-075959" in answer.json()["error"]["message"]
    assert console.starter.started == []
