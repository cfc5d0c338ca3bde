"""Each event of the console is answered by its function, over an AWS in memory."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from pydantic_core import from_json

from tests.fakes import a_policy
from tests.functions.conftest import DELETED, KEY, MANAGED, Load, event, put_keys
from tests.functions.test_events import CONTEXT
from turnout.clock import SystemClock
from turnout.core.contents import Content
from turnout.policy.counting import entry
from turnout.store.contents import S3Contents
from turnout.store.dynamo import client, from_wire
from turnout.store.log import from_item
from turnout.store.policies import DynamoPolicies
from turnout.store.reports import S3Reports
from turnout.store.reports import client as s3
from turnout.store.rollups import DynamoRollups

KEPT = {"expires_at": {"N": "4102444800"}}


def put_row(**changes: Any) -> None:
    """The row of the aggregator's event, which does not expire, in the log and counted."""
    image = event("aggregator.insert")["Records"][0]["dynamodb"]["NewImage"] | KEPT | changes
    client().put_item(TableName=os.environ["TURNOUT_REQUEST_LOG_TABLE"], Item=image)
    tables = os.environ["TURNOUT_ROLLUPS_TABLE"], os.environ["TURNOUT_HEALTH_TABLE"]
    assert DynamoRollups(client(), *tables, SystemClock()).apply([entry(from_item(from_wire(image)))]) == {}


def asked(load: Load, name: str) -> dict[str, Any]:
    """The console's answer to an event, its body read."""
    answer = load("console").handler(event(name), CONTEXT)
    assert answer["statusCode"] == 200
    return from_json(answer["body"])


def test_it_shows_a_request_to_the_key_that_sent_it(load: Load) -> None:
    put_row()
    shown = asked(load, "console.request")
    assert [attempt["outcome"] for attempt in shown["attempts"]] == ["error", "ok"]
    assert shown["decision"]["candidates"] == ["openai/gpt-5.2", "anthropic/claude-sonnet-4.5"]
    assert shown["cost_usd"] == "0.000111"


@pytest.mark.parametrize("owner", [{"S": "key_of_another"}, None], ids=["another's", "no such row"])
def test_it_does_not_tell_another_keys_request_from_none(load: Load, owner: dict[str, str] | None) -> None:
    put_keys(client(), os.environ["TURNOUT_KEYS_TABLE"], replace(KEY, scopes=frozenset({"inference"})))
    if owner:
        put_row(key_id=owner)
    answer = load("console").handler(event("console.request"), CONTEXT)
    assert answer["statusCode"] == 404
    assert from_json(answer["body"])["error"]["code"] == "request_not_found"


def test_it_asks_for_a_key(load: Load) -> None:
    question = event("console.request")
    del question["headers"]["Authorization"], question["multiValueHeaders"]["Authorization"]
    assert load("console").handler(question, CONTEXT)["statusCode"] == 401


def test_it_lists_requests(load: Load) -> None:
    put_row()
    listed = asked(load, "console.requests")
    assert [item["id"] for item in listed["data"]] == ["01KE0000000000000000000001"]
    assert not listed["has_more"]


def test_it_sums_up_usage_as_csv(load: Load) -> None:
    put_row()
    answer = load("console").handler(event("console.usage"), CONTEXT)
    assert answer["headers"]["content-type"].startswith("text/csv")
    header, line = answer["body"].splitlines()
    told = dict(zip(header.split(","), line.split(","), strict=True))
    assert (told["start"], told["group"]) == ("2026-01-01T00", KEY.id)
    assert (told["requests"], told["input_tokens"], told["cost_usd"]) == ("1", "12", "0.000111")


def test_it_shows_health_of_models_that_were_asked_lately(load: Load) -> None:
    put_row()  # long ago
    assert asked(load, "console.health") == {"object": "health", "minutes": 5, "data": []}


def test_it_takes_feedback(load: Load) -> None:
    put_row()
    assert asked(load, "console.feedback")["score"] == 1
    assert asked(load, "console.request")["feedback"]["comment"] == "Just right"


def test_it_makes_a_key_with_the_starters_terms_and_lists_it(load: Load) -> None:
    made = asked(load, "console.key-create")
    assert (made["name"], made["tags"], made["models"]) == ("shop", {"team": "search"}, ["gpt-5.2"])
    assert made["secret"].startswith("sk-turnout-")
    assert {one["id"] for one in asked(load, "console.keys")["data"]} == {KEY.id, MANAGED.id, DELETED.id, made["id"]}


def test_it_manages_a_key(load: Load) -> None:
    assert asked(load, "console.key")["name"] == MANAGED.name
    assert asked(load, "console.key-change")["goal"] == "cost"
    assert len(asked(load, "console.key-rotate")["secrets"]) == 2
    assert asked(load, "console.key-disable")["disabled"]
    assert not asked(load, "console.key-enable")["disabled"]
    assert asked(load, "console.key-delete")["deleted"]
    assert load("console").handler(event("console.key-delete"), CONTEXT)["statusCode"] == 404


def test_it_describes_itself(load: Load) -> None:
    assert asked(load, "console.document")["info"]["title"] == "Turnout's console"


def test_it_keeps_the_budgets_of_tags_for_an_administrator(load: Load) -> None:
    made = asked(load, "console.budget-set")
    assert (made["usd"], made["left_credits"]) == ("100", "10000")
    assert asked(load, "console.budgets")["data"] == [made]
    assert asked(load, "console.budget-removed")["deleted"]
    assert asked(load, "console.budgets")["data"] == []
    assert load("console").handler(event("console.budget-removed"), CONTEXT)["statusCode"] == 404


def test_it_shows_a_key_what_it_has_left(load: Load) -> None:
    shown = asked(load, "console.credits")
    assert (shown["key"], shown["budgets"], shown["limits"]["under_way"]) == (KEY.id, [], 0)


def test_it_shows_what_was_said_to_the_key_that_has_it_kept(load: Load) -> None:
    assert load("console").handler(event("console.content"), CONTEXT)["statusCode"] == 404
    kept = Content("01KE0000000000000000000001", KEY.id, 0.0, {"model": "auto"}, [])
    asyncio.run(S3Contents(os.environ["TURNOUT_CONTENT_BUCKET"]).write(kept))
    shown = asked(load, "console.content")
    assert (shown["object"], shown["request"]) == ("request.content", {"model": "auto"})


VERSION = "2026-11-23-0a1b2c3d"


@pytest.fixture
def administered() -> None:
    """There are a policy and a report."""
    policies = DynamoPolicies(client(), os.environ["TURNOUT_POLICIES_TABLE"], SystemClock())
    asyncio.run(policies.add(a_policy(VERSION), "found"))
    asyncio.run(S3Reports(s3(), os.environ["TURNOUT_REPORT_BUCKET"]).write("2026-01-02-030000", "<p>page</p>", b"{}"))


@pytest.mark.usefixtures("administered")
def test_it_lists_policies_and_tries_one(load: Load) -> None:
    assert [one["id"] for one in asked(load, "console.policies")["data"]] == [VERSION]
    assert asked(load, "console.policy")["state"] == "recommended"
    assert asked(load, "console.policy-canary")["deciding"]["share"] == 0.2
    assert asked(load, "console.policy-rollback")["policy"]["state"] == "rolled_back"


@pytest.mark.usefixtures("administered")
def test_it_activates_a_policy(load: Load) -> None:
    assert asked(load, "console.policy-activate")["deciding"]["active"] == VERSION


@pytest.mark.usefixtures("administered")
def test_it_shows_reports_to_programs_and_to_browsers(load: Load) -> None:
    assert [one["id"] for one in asked(load, "console.reports")["data"]] == ["2026-01-02-030000"]
    assert asked(load, "console.report") == {}
    shown = load("console").handler(event("console.report-form"), CONTEXT)
    assert (shown["statusCode"], shown["body"], shown["isBase64Encoded"]) == (200, "<p>page</p>", False)
    assert shown["headers"]["content-type"] == "text/html; charset=utf-8"


@pytest.mark.usefixtures("administered")
def test_an_optimizer_that_cannot_be_started_is_told(load: Load) -> None:
    answer = load("console").handler(event("console.optimize"), CONTEXT)
    assert (answer["statusCode"], from_json(answer["body"])["error"]["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize("name", ["policies", "policy", "policy-activate", "optimize", "reports", "report"])
def test_a_key_without_the_scope_is_refused(load: Load, name: str) -> None:
    put_keys(client(), os.environ["TURNOUT_KEYS_TABLE"], replace(KEY, scopes=frozenset({"inference"})))
    assert load("console").handler(event(f"console.{name}"), CONTEXT)["statusCode"] == 403
