"""`GET /v1/usage` on the laptop: whatever fails, its sums are those of the rows, to the last cent and token."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from openai import APIError, OpenAI

from tests.e2e.test_laptop import started

REQUESTS = 200
FAULTS = ("unavailable", "cut_after_first_token", "reset", "bad_parameter", "empty", "quota_exhausted", "bad_json")
DIALECTS = ("openai_chat", "anthropic_messages", "gemini")
BUCKETS = ("input", "cached_input", "cache_write", "image", "output", "reasoning")
PATIENCE = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_sums_are_those_of_the_rows_though_vendors_fail_and_the_poller_is_killed(tmp_path: Path) -> None:
    with started(tmp_path) as laptop:
        laptop.until("Ctrl-C stops everything")
        url, key = laptop.find(r'base_url="([^"]+)", api_key="([^"]+)"').groups()
        poller = int(laptop.find(r"counted by process (\d+)")[1])
        ask_many(OpenAI(base_url=url, api_key=key, max_retries=0), lambda: os.kill(poller, signal.SIGKILL))
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=30) as console:
            expected = sums(list(records(console)))
            assert expected["requests"] == REQUESTS
            assert expected["errors"] > 0
            assert expected["failed_attempts"] > expected["errors"]
            wait_until_counted(console)
            for group, period in product(("model", "task", "goal", "policy", "key"), ("hour", "day")):
                assert told(console, group, period, expected) == expected
        assert laptop.interrupt() == 0


def ask_many(client: OpenAI, halfway: Any) -> None:
    """REQUESTS of many kinds, some with a fault asked for; `halfway` is called in the middle of them."""
    dice = Random(7)  # noqa: S311 - reproducible, not secret
    asked = [asking(number, dice) for number in range(REQUESTS)]

    create: Any = client.chat.completions.create  # whose overloads want to know whether it streams

    def ask(body: dict[str, Any]) -> None:
        try:
            answer = create(**body)
            if body["stream"]:
                for _ in answer:
                    pass
        except APIError:
            pass  # as it was asked for

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, asked[: REQUESTS // 2]))
        halfway()
        list(pool.map(ask, asked[REQUESTS // 2 :]))


def asking(number: int, dice: Random) -> dict[str, Any]:
    fault = f"[[fault:{dice.choice(FAULTS)}@{dice.choice(DIALECTS)}]] " if dice.random() < 0.4 else ""
    return {
        "model": dice.choice(("auto", "gpt-5.2", "claude-haiku-4.5", "gemini-3-flash")),
        "messages": [{"role": "user", "content": f"{fault}Say {number}"}],
        "stream": dice.random() < 0.5,
        "extra_body": {"turnout": {"task": dice.choice(("code", "chat")), "tags": {"team": dice.choice("ab")}}},
    }


def records(console: httpx.Client) -> Iterator[dict[str, Any]]:
    """Every record that the key may see, whole."""
    cursor: str | None = ""
    while cursor is not None:
        page = console.get(f"/requests?limit=100{cursor}").json()
        for item in page["data"]:
            yield console.get(f"/requests/{item['id']}").json()
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"


def sums(found: list[dict[str, Any]]) -> dict[str, Decimal]:
    """What records add up to, under the names that usage has for it."""
    sent = [attempt for record in found for attempt in record["attempts"] if attempt["outcome"] != "skipped"]
    outcomes = [record["outcome"] for record in found]
    totals: dict[str, Any] = {
        "requests": len(found),
        "ok": outcomes.count("ok"),
        "errors": outcomes.count("error"),
        "attempts": len(sent),
        "failed_attempts": sum(attempt["outcome"] == "error" for attempt in sent),
        "estimated_attempts": sum(attempt["usage_source"] == "estimated" for attempt in sent),
        "cost_usd": sum(Decimal(attempt["cost_usd"]) for attempt in sent),
        **{f"{bucket}_tokens": sum(attempt["usage"][bucket] for attempt in sent) for bucket in BUCKETS},
    }
    return {name: Decimal(total) for name, total in totals.items()}


def told(console: httpx.Client, group: str, period: str, names: Mapping[str, Any]) -> dict[str, Decimal]:
    """The same as usage has it."""
    total = console.get(f"/usage?group_by={group}&period={period}").json()["total"]
    return {name: Decimal(total[name]) for name in names}


def wait_until_counted(console: httpx.Client) -> None:
    """Until the poller has caught up."""
    until = time.monotonic() + PATIENCE
    while console.get("/usage?group_by=task").json()["total"]["requests"] < REQUESTS and time.monotonic() < until:
        time.sleep(0.2)
