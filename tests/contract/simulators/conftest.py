"""Simulators that answer at once, whose stalls are short."""

import ssl
from collections.abc import AsyncIterator

import pytest

from local.simulators import Simulator
from local.simulators.steps import Pace

AT_ONCE = Pace(first_token_ms=0, tokens_per_second=0)
HOLD = 0.3
TLS = ssl.create_default_context()
"""Never used: an SDK's client that makes its own takes longer for that than for the whole test."""


@pytest.fixture
async def openai_chat() -> AsyncIterator[Simulator]:
    async with Simulator("openai_chat", pace=AT_ONCE, hold=HOLD) as simulator:
        yield simulator


@pytest.fixture
async def anthropic_messages() -> AsyncIterator[Simulator]:
    async with Simulator("anthropic_messages", pace=AT_ONCE, hold=HOLD) as simulator:
        yield simulator


@pytest.fixture
async def gemini() -> AsyncIterator[Simulator]:
    async with Simulator("gemini", pace=AT_ONCE, hold=HOLD) as simulator:
        yield simulator
