"""What a client sees of budgets and limits: refusals that name the remedy, and what is left on every answer."""

from decimal import Decimal
from typing import Any

import pytest

from tests.fakes import FakeAllowances, FakeClock, FakeKeys
from tests.unit.api.world import COST, HELLO, KEY, World
from turnout.api.limits import span
from turnout.core import errors
from turnout.core.allowance import Budget, Limits
from turnout.core.events import Delta
from turnout.core.ports import Key
from turnout.modes.estimate import USUAL_ANSWER

PENNY = Decimal("0.0001")


def world(script: Any = HELLO, calls: int = 1, **key: Any) -> World:
    """An app for one key, that has budgets or limits."""
    clock = FakeClock()
    keys = FakeKeys(**{KEY: Key("key-1", **key)})
    allowances = FakeAllowances(clock, {"team=red": (Budget(PENNY),)})
    return World({"alpha": [script] * calls}, keys=keys, clock=clock, allowances=allowances)


async def test_an_answer_tells_what_is_left() -> None:
    app = world(budgets=(Budget(Decimal(1)),), limits=Limits(requests_per_minute=60, tokens_per_minute=6000))
    headers = (await app.post(max_tokens=95)).headers
    assert headers["x-ratelimit-limit-requests"] == "60"
    assert headers["x-ratelimit-remaining-requests"] == "59"
    assert headers["x-ratelimit-reset-requests"] == "1s"
    assert headers["x-ratelimit-limit-tokens"] == "6000"
    assert headers["x-ratelimit-remaining-tokens"] == "5900"
    assert headers["x-ratelimit-reset-tokens"] == "1s"
    assert headers["x-turnout-budget-left-usd"] == "0.999805"  # 5 tokens of prompt at 1, 95 at 2 USD per million


async def test_nothing_is_said_where_nothing_is_limited() -> None:
    headers = (await world().post()).headers
    assert not [name for name in headers if name.startswith(("x-ratelimit", "x-turnout-budget"))]


@pytest.mark.parametrize("stream", [False, True])
async def test_what_was_used_is_settled_after_the_last_byte(stream: bool) -> None:
    app = world(budgets=(Budget(Decimal(1)),))
    await app.post(stream=stream)
    assert isinstance(app.allowances, FakeAllowances)
    account = app.allowances.accounts["key#key-1"]
    assert account.spent["total"] == app.log.rows[0].cost_usd == Decimal(str(COST)).quantize(Decimal("1e-8"))
    assert not account.held


async def test_a_request_that_may_cost_more_than_is_left_is_refused_before_anybody_is_asked() -> None:
    app = world(budgets=(Budget(PENNY, "month"),))
    answer = await app.post()
    error = answer.json()["error"]
    assert answer.status_code == 429
    assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")
    assert "0.0001 USD a month" in error["message"]
    assert "lower max_tokens" in error["message"]
    assert answer.headers["x-turnout-limited-by"] == "budget"
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["x-turnout-budget-left-usd"] == "0.000100"
    assert app.vendors.calls == []
    assert (app.log.rows[0].status, app.log.rows[0].code) == (429, "insufficient_quota")
    assert (await app.post(max_tokens=10)).status_code == 200


async def test_an_answer_without_a_limit_is_reckoned_with_as_a_usual_one() -> None:
    app = world(budgets=(Budget(Decimal(1)),))
    left = (await app.post()).headers["x-turnout-budget-left-usd"]
    assert Decimal(left) == 1 - (5 + 2 * USUAL_ANSWER) * Decimal("1e-6")


async def test_each_choice_is_reckoned_with() -> None:
    app = world(budgets=(Budget(Decimal(1)),))
    left = (await app.post(n=3, max_tokens=100)).headers["x-turnout-budget-left-usd"]
    assert Decimal(left) == 1 - (5 + 2 * 300) * Decimal("1e-6")


async def test_too_many_requests_a_minute() -> None:
    app = world(calls=2, limits=Limits(requests_per_minute=1))
    assert (await app.post()).status_code == 200
    answer = await app.post()
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    assert answer.headers["retry-after"] == "60"
    assert answer.headers["x-turnout-limited-by"] == "requests"
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    assert "x-should-retry" not in answer.headers
    app.clock.now += 60
    assert (await app.post()).status_code == 200


async def test_a_vendors_429_is_told_from_ours() -> None:
    answer = await world([errors.Throttled("slow down", retry_after=3)]).post()
    assert answer.status_code == 429
    assert answer.headers["x-turnout-limited-by"] == "vendor"
    assert answer.json()["error"]["code"] == "vendor_rate_limited"


async def test_an_error_of_a_vendor_tells_what_is_left_and_frees_what_was_held() -> None:
    app = world([errors.Overloaded("busy")], limits=Limits(concurrent=1, requests_per_minute=5))
    answer = await app.post()
    assert answer.status_code == 503
    assert answer.headers["x-ratelimit-remaining-requests"] == "4"
    assert isinstance(app.allowances, FakeAllowances)
    assert not app.allowances.accounts["key#key-1"].held


async def test_a_stream_that_breaks_off_is_settled_with_what_it_cost() -> None:
    app = world([Delta(text="Hel"), errors.StreamCut("cut")], budgets=(Budget(Decimal(1)),))
    await app.post(stream=True)
    assert isinstance(app.allowances, FakeAllowances)
    assert 0 < app.allowances.accounts["key#key-1"].spent["total"] == app.log.rows[0].cost_usd


@pytest.mark.parametrize(("own", "status"), [({}, 429), ({"team": "blue"}, 200)], ids=["no team", "the team blue"])
async def test_a_client_charges_a_tag_unless_its_key_says_otherwise(own: dict[str, str], status: int) -> None:
    answer = await world(tags=own).post(turnout={"tags": {"team": "red"}})
    assert answer.status_code == status
    if status == 429:
        assert "the tag team=red" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("mode", "calls"), [({"mode": "compare"}, 2), ({"mode": "blend"}, 3), ({"mode": "judge"}, 3)], ids=str
)
async def test_a_mode_reserves_all_of_its_calls(mode: dict[str, Any], calls: int) -> None:
    app = world(limits=Limits(tokens_per_minute=1_000_000))
    options = {"turnout": {**mode, "models": ["alpha", "beta"]}, "max_tokens": 1000}
    left = (await app.post(model="auto", **options)).headers["x-ratelimit-remaining-tokens"]
    assert (calls - 1) * 1000 < 1_000_000 - int(left) < calls * 1000 + 3000


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0ms"), (0.0204, "20ms"), (1.5, "1.5s"), (59.9999, "1m0s"), (360, "6m0s"), (61.25, "1m1.25s")],
)
def test_spans_are_written_as_openai_writes_them(seconds: float, told: str) -> None:
    assert span(seconds) == told
