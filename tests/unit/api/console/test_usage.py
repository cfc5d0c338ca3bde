"""`GET /v1/usage`: the sums, by whom they may be seen, as JSON and as CSV."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.api.console.test_requests import error
from tests.unit.api.console.world import HOUR, NOW, OPERATOR, OWN, Console, a_row
from turnout.policy.rollup import SERIES

ROWS = [
    a_row(1),
    a_row(2, key_id="key_other", tags={"team": "red", "stage": "prod"}),
    a_row(30, outcome="error", vendor="", model=""),
]
COST = Decimal("0.000000012345678901")


async def usage(query: str = "", key: str = OPERATOR) -> dict[str, Any]:
    response = await Console(*ROWS).get(f"/v1/usage?{query}", key)
    assert response.status_code == 200, response.text
    return response.json()


async def test_by_model_requests_are_of_who_answered_and_attempts_of_who_was_asked() -> None:
    told = await usage()
    by_group = {(row["start"], row["group"]): row for row in told["data"]}
    small, large = by_group["2027-01-15", "mistral/small"], by_group["2027-01-15", "openai/gpt-5.2"]
    assert (small["requests"], small["attempts"], small["failed_attempts"]) == (2, 2, 0)
    assert (large["requests"], large["attempts"], large["failed_attempts"]) == (0, 2, 2)
    assert (small["input_tokens"], small["cached_input_tokens"], small["reasoning_tokens"]) == (20, 6, 4)
    assert Decimal(small["cost_usd"]) == 2 * COST
    assert by_group["2027-01-14", ""]["errors"] == 1


@pytest.mark.parametrize("group", ["model", "task", "goal", "policy", "key"])
async def test_the_total_is_the_same_however_it_is_grouped(group: str) -> None:
    total = (await usage(f"group_by={group}"))["total"]
    assert (total["requests"], total["ok"], total["errors"], total["attempts"]) == (3, 2, 1, 6)
    assert Decimal(total["cost_usd"]) == 3 * COST


async def test_by_tag_a_request_counts_for_each_so_there_is_no_total() -> None:
    told = await usage("group_by=tag&from=2027-01-15")
    assert {row["group"]: row["requests"] for row in told["data"]} == {"stage:prod": 1, "team:blue": 1, "team:red": 1}
    assert told["total"] is None


async def test_percentiles_are_near_the_true_value() -> None:
    [row] = (await usage("group_by=task&from=2027-01-15"))["data"]
    for name in ("latency_p50_ms", "latency_p99_ms"):
        assert row[name] == pytest.approx(940, rel=0.025)
    assert row["first_token_p95_ms"] == pytest.approx(340, rel=0.025)


@pytest.mark.parametrize(
    ("query", "span"),
    [
        ("period=day&from=2027-01-14T12:00:00Z&to=2027-01-14T12:00:01Z", ("2027-01-14", 1)),
        ("period=hour&from=2027-01-14T02:10:00Z&to=2027-01-14T03:10:00Z", ("2027-01-14T02", 2)),
    ],
)
async def test_a_period_is_made_of_whole_hours_or_days(query: str, span: tuple[str, int]) -> None:
    console = Console(*ROWS)
    await console.get(f"/v1/usage?{query}")
    [(_, grain, since, until)] = console.rollups.asked
    assert (until - since) / {"hour": HOUR, "day": 24 * HOUR}[grain] == span[1]
    assert since % HOUR == 0


async def test_a_key_sees_its_own_usage_only() -> None:
    told = await usage(key=OWN)
    assert told["group_by"] == "key"
    assert {row["group"] for row in told["data"]} == {"key_own"}
    assert told["total"]["requests"] == 2


@pytest.mark.parametrize(("query", "param"), [("group_by=model", "group_by"), ("drift=1", "drift")])
async def test_a_key_does_not_see_what_others_do(query: str, param: str) -> None:
    assert error(await Console().get(f"/v1/usage?{query}", OWN)) == (403, "forbidden", param)


@pytest.mark.parametrize(
    ("query", "param", "told"),
    [
        ("group_by=colour", "group_by", "'group_by' must be 'model', 'task', 'goal', 'policy', 'key' or 'tag'"),
        ("period=week", "period", "'period' must be 'hour' or 'day'"),
        ("period=hour&from=2026-01-01", "from", "One answer may have 744 times a 'hour'"),
        ("drift=maybe", "drift", "'drift' must be 1 or 0"),
        ("drift=1&format=csv", "drift", "CSV has the sums alone"),
    ],
)
async def test_a_wrong_question_is_refused(query: str, param: str, told: str) -> None:
    response = await Console().get(f"/v1/usage?{query}")
    assert error(response) == (400, "invalid_request", param)
    assert told in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "application/json", "application/json"),
        ("", "text/csv", "text/csv"),
        ("format=csv", "application/json", "text/csv"),
        ("format=json", "text/csv", "application/json"),
    ],
)
async def test_the_format_is_as_asked(query: str, accept: str, kind: str) -> None:
    response = await Console(*ROWS).get(f"/v1/usage?{query}", accept=accept)
    assert response.headers["content-type"].partition(";")[0] == kind


async def test_csv_has_the_rows_of_json() -> None:
    console = Console(*ROWS)
    lines = list(csv.DictReader(io.StringIO((await console.get("/v1/usage?format=csv")).text)))
    rows = (await console.get("/v1/usage")).json()["data"]
    assert lines == [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


async def test_a_spreadsheet_computes_nothing_that_a_client_has_sent() -> None:
    evil = a_row(1, tags={"=cmd|'/c calc'!A1": "x"})
    text = (await Console(evil).get("/v1/usage?format=csv&group_by=tag")).text
    [line] = csv.DictReader(io.StringIO(text))
    assert line["group"].startswith("'=cmd")


async def test_each_series_of_quality_is_told() -> None:
    names = set((await usage())["total"])
    assert all(series in names or f"{series}_mean" in names for series in SERIES)


async def test_drift_is_told_with_its_windows_and_its_rate_of_false_alarms() -> None:
    slow = [a_row(hours, latency_ms=5000) for hours in range(1, 72)]
    for row in slow:
        row.attempts[1].latency_ms = 5000
    usual = [a_row(hours) for hours in range(73, 17 * 24)]
    told = (await Console(*slow, *usual).get("/v1/usage?drift=1")).json()["drift"]
    assert (told["before_from"], told["recent_from"], told["to"]) == (
        "2026-12-29T08:00:00Z",
        "2027-01-12T08:00:00Z",
        "2027-01-15T08:00:00Z",
    )
    assert told["false_alarms"] == 0.05
    assert told["tested"] > 1
    [found] = told["found"]
    assert (found["model"], found["metric"]) == ("mistral/small", "latency_ms")
    assert (found["before"], found["after"]) == (pytest.approx(900, rel=0.025), pytest.approx(5000, rel=0.025))


async def test_health_tells_of_the_last_minutes_and_of_open_circuits() -> None:
    console = Console(a_row(0, at=NOW - 61), opened=["openai", "xai/grok"])
    told = (await console.get("/v1/health", OWN)).json()
    models = {row["model"]: row for row in told["data"]}
    assert models.keys() == {"mistral/small", "openai/gpt-5.2", "xai/grok"}
    assert (models["mistral/small"]["circuit"], models["mistral/small"]["error_rate"]) == ("closed", 0)
    assert (models["openai/gpt-5.2"]["circuit"], models["openai/gpt-5.2"]["error_rate"]) == ("open", 1)
    assert (models["xai/grok"]["circuit"], models["xai/grok"]["error_rate"]) == ("open", None)
    assert models["mistral/small"]["latency_p50_ms"] == pytest.approx(900, rel=0.025)
