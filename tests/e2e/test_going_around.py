"""Targets that are passed over: with an open circuit, with a wait that is too long, with a window that is too small."""

import asyncio
from collections.abc import Iterable

import pytest

from tests.e2e.world import World, quick, world
from turnout.config import Breaker, Retries
from turnout.core.records import Attempt

FIRST, SECOND = "openai/gpt-5.2", "anthropic/claude-haiku-4.5"
ONE_TRY = Retries(tries=1, tries_last=1)
COOLDOWN = 0.3

UNDER_EACH_DIALECT = pytest.mark.parametrize(
    ("dialect", "first"),
    [
        ("openai_chat", "mistral/mistral-large"),
        ("anthropic_messages", "anthropic/claude-haiku-4.5"),
        ("gemini", "google/gemini-3-flash"),
        ("bedrock_converse", "bedrock/nova-pro"),
    ],
)


def told(attempts: Iterable[Attempt]) -> list[tuple[str, str, str]]:
    """Who was asked, and what came of it."""
    return [(f"{attempt.vendor}/{attempt.model}", attempt.outcome, attempt.error) for attempt in attempts]


async def attempts(everything: World, *models: str) -> list[tuple[str, str, str]]:
    """The same, of one request."""
    seen = await everything.ask(*models, stream=True)
    return told((await everything.row(seen.request_id)).attempts)


FAILED, SKIPPED = (FIRST, "error", "vendor_overloaded"), (FIRST, "skipped", "circuit_open")
WELL, INSTEAD = (FIRST, "ok", ""), (SECOND, "ok", "")


async def test_a_target_that_keeps_failing_is_skipped_until_a_probe_finds_it_well() -> None:
    breaker = Breaker(failures=3, window=60, cooldown=COOLDOWN)
    async with world(quick(retries=ONE_TRY, breaker=breaker)) as everything:
        broken = everything.simulators["openai_chat"]
        broken.fault("server_error")
        assert [await attempts(everything, FIRST, SECOND) for _ in range(3)] == [[FAILED, INSTEAD]] * 3
        assert await attempts(everything, FIRST, SECOND) == [SKIPPED, INSTEAD]
        assert len(broken.requests) == 3, "what is skipped is not sent"

        await asyncio.sleep(COOLDOWN)
        assert await attempts(everything, FIRST, SECOND) == [FAILED, INSTEAD], "a probe"
        assert await attempts(everything, FIRST, SECOND) == [SKIPPED, INSTEAD]

        broken.clear()
        await asyncio.sleep(COOLDOWN)
        assert [await attempts(everything, FIRST, SECOND) for _ in range(2)] == [[WELL]] * 2


async def test_a_skipped_target_costs_nothing_and_its_client_is_told_when_to_come_back() -> None:
    async with world(quick(retries=ONE_TRY, breaker=Breaker(failures=1, cooldown=30))) as everything:
        everything.simulators["openai_chat"].fault("server_error", times=1)
        await everything.ask(FIRST, stream=False)
        seen = await everything.ask(FIRST, stream=False)
        row = await everything.row(seen.request_id)
    assert (seen.status, seen.code) == (503, "circuit_open")
    assert 0 < int(seen.headers["retry-after"]) <= 30
    assert (told(row.attempts), row.cost_usd) == ([SKIPPED], 0)


async def test_a_refused_key_takes_all_models_of_its_vendor_out() -> None:
    sibling = "openai/gpt-5.4-mini"
    async with world(quick(retries=ONE_TRY, breaker=Breaker(failures=1, cooldown=30))) as everything:
        everything.simulators["openai_chat"].fault("unauthorized", model="gpt-5.2")
        assert await attempts(everything, FIRST, sibling, SECOND) == [
            (FIRST, "error", "vendor_access_denied"),
            INSTEAD,
        ], "another vendor's key is another matter, the same one's is not"
        assert await attempts(everything, sibling, SECOND) == [(sibling, "skipped", "circuit_open"), INSTEAD]


@pytest.mark.parametrize("fault", ["context_length", "bad_parameter", "too_large"])
async def test_what_is_the_requests_own_fault_opens_no_circuit(fault: str) -> None:
    async with world(quick(retries=ONE_TRY, breaker=Breaker(failures=1, cooldown=30))) as everything:
        everything.simulators["openai_chat"].fault(fault, times=2)
        for _ in range(2):
            await everything.ask(FIRST, stream=False)
        assert await attempts(everything, FIRST, SECOND) == [WELL]


@UNDER_EACH_DIALECT
@pytest.mark.parametrize("fault", ["rate_limited_seconds", "rate_limited_date"])
async def test_a_wait_that_the_vendor_asks_for_is_kept(dialect: str, first: str, fault: str) -> None:
    async with world() as everything:
        everything.simulators[dialect].fault(fault, times=1)
        seen = await everything.ask(first, stream=False)
        refused, well = (await everything.row(seen.request_id)).attempts
    assert (refused.error, well.outcome) == ("vendor_rate_limited", "ok")
    assert well.started_ms - refused.started_ms >= 1000


@UNDER_EACH_DIALECT
@pytest.mark.parametrize("fault", ["rate_limited_seconds", "rate_limited_date"])
async def test_a_wait_that_is_too_long_is_left_to_the_client(dialect: str, first: str, fault: str) -> None:
    behind = "deepseek/deepseek-flash" if dialect != "openai_chat" else SECOND
    async with world() as everything:
        limited = everything.simulators[dialect]
        limited.retry_after = 60
        limited.fault(fault)
        assert await attempts(everything, first, behind) == [
            (first, "error", "vendor_rate_limited"),
            (behind, "ok", ""),
        ]
        seen = await everything.ask(first, stream=False)
    assert (seen.status, seen.code) == (429, "vendor_rate_limited")
    assert 0 < int(seen.headers["retry-after"]) <= 61


@pytest.mark.parametrize(
    ("upstream", "targets", "asked"),
    [
        pytest.param(
            "openai/gpt-oss-120b",
            ("groq/gpt-oss-120b", "groq/gpt-oss-20b", "anthropic/claude-haiku-4.5"),
            ("groq/gpt-oss-120b", "anthropic/claude-haiku-4.5"),
            id="openai_chat",
        ),
        pytest.param(
            "claude-haiku-4-5-20251001",
            ("anthropic/claude-haiku-4.5", "anthropic/claude-sonnet-4.5", "groq/gpt-oss-20b", "openai/gpt-5.2"),
            ("anthropic/claude-haiku-4.5", "openai/gpt-5.2"),
            id="anthropic_messages",
        ),
        pytest.param(
            "gemini-3-flash-preview",
            ("google/gemini-3-flash", "openai/gpt-5.2", "google/gemini-3.1-pro"),
            ("google/gemini-3-flash", "google/gemini-3.1-pro"),
            id="gemini",
        ),
    ],
)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_prompt_that_is_too_long_moves_to_a_larger_window_only(
    a_world: World, upstream: str, targets: tuple[str, ...], asked: tuple[str, str]
) -> None:
    for simulator in a_world.simulators.values():
        simulator.fault("context_length", model=upstream)
    assert await attempts(a_world, *targets) == [(asked[0], "error", "context_length_exceeded"), (asked[1], "ok", "")]
