"""It learns: a vendor becomes slow and dear, a run on demand recommends to move away from it, and that can be tried."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI

from local.traffic import Wish, send
from tests.e2e.test_laptop import Laptop, started
from turnout.policy.report import Report

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

SLOW_AND_DEAR = {"thinking_tokens": 1500, "tokens_per_second": 1000}
WISHES = [
    Wish(model, "code", "Write a function that merges two sorted lists.", f"e2e-{model}-{number}")
    for number in range(160)
    for model in ("auto", "gemini-3.1-pro")
]
PATIENCE = 60.0


def soon(ask: Callable[[], httpx.Response], done: Callable[[httpx.Response], bool]) -> httpx.Response:
    """The first answer that will do."""
    until = time.monotonic() + PATIENCE
    while not done(answer := ask()):
        assert time.monotonic() < until, answer.text
        time.sleep(0.2)
    return answer


async def test_it_moves_away_from_a_model_that_became_slow_and_dear(tmp_path: Path) -> None:
    with started(tmp_path) as laptop:
        await asyncio.to_thread(laptop.until, "Ctrl-C")
        url, key = laptop.find(r"base_url\s+(\S+)")[1], laptop.find(r"api_key\s+(\S+)")[1]
        _, control = laptop.simulated("anthropic_messages")
        async with httpx.AsyncClient() as outside:
            (await outside.put(f"{control}/pace", json=SLOW_AND_DEAR)).raise_for_status()
        answered = await send(AsyncOpenAI(base_url=url, api_key=key, max_retries=0), WISHES, at_once=16)
        assert answered.total() - answered[""] == len(WISHES)
        await asyncio.to_thread(_learned, laptop, url, key)


async def test_the_laptop_looks_by_itself_when_requests_have_come(tmp_path: Path) -> None:
    with started(tmp_path, OPTIMIZER_MINUTES="0.05") as laptop:
        await asyncio.to_thread(laptop.until, "Ctrl-C")
        url, key = laptop.find(r"base_url\s+(\S+)")[1], laptop.find(r"api_key\s+(\S+)")[1]
        await send(AsyncOpenAI(base_url=url, api_key=key, max_retries=0), WISHES[:2], at_once=2)
        with httpx.Client(headers={"authorization": f"Bearer {key}"}, timeout=PATIENCE) as ours:
            soon(lambda: ours.get(f"{url}/reports"), lambda answer: bool(answer.json()["data"]))


def _learned(laptop: Laptop, url: str, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{url}/", headers=headers, timeout=PATIENCE) as ours:
        soon(lambda: ours.get("usage"), lambda answer: _requests(answer.json()) == len(WISHES))
        started_run = ours.post("optimize")
        assert started_run.status_code == 202
        run = started_run.json()["id"]
        told = soon(lambda: ours.get(f"reports/{run}"), lambda answer: answer.is_success)
        report = Report.model_validate_json(told.content)
        _recommends(report)
        version = soon(lambda: ours.get("policies"), lambda answer: bool(answer.json()["data"])).json()["data"][0]
        assert (version["id"], version["state"], version["report"]) == (report.policy.recommended, "recommended", run)
        moved = ours.post(f"policies/{version['id']}/canary", json={"share": 0.5}).json()
        assert moved["deciding"]["canary"] == version["id"]
    page = httpx.get(laptop.find(r"(http://\S+\?ticket=\S+)")[1], timeout=PATIENCE)  # as a browser would: without a key
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert report.headline.removesuffix(".").split()[-1] in page.text


def _requests(usage: dict[str, Any]) -> int:
    return usage["total"]["requests"]


def _recommends(report: Report) -> None:
    """The task moves from Anthropic's model to the other one, and both savings are sure."""
    [change] = [one for one in report.goals[0].advice if one.verdict == "change"]
    assert change.task == "code"
    assert change.now[0].startswith("anthropic/")
    assert not change.proposed[0].startswith("anthropic/")
    changes = {effect.metric: effect.change for effect in change.effects}
    cost, latency = changes["cost_usd"], changes["latency_ms"]
    assert cost
    assert latency
    assert cost.high < 0
    assert latency.high < 0
