"""What answers cost, from a vendor's bytes to the row: mistakes that gateways have made in public, each as a case."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic_core import to_json

from tests.fakes import FakeClock
from turnout.catalog import load
from turnout.core.chat import Chat, Image, Message, Text
from turnout.core.events import Events, Usage, collect
from turnout.core.ports import Ask, Call, Deadline
from turnout.core.records import Attempt, Record
from turnout.providers.dialects import DIALECTS
from turnout.providers.wrappers import recorded

CATALOG = load({}, {}, None)

type Frame = tuple[str, Any]


@dataclass(frozen=True)
class Golden:
    """A whole answer (one frame without a name) or a stream of them, and what is to be in the row.

    `usd` is worked out by hand from the price list of the day: USD per million tokens, in `sum`.
    """

    about: str
    model: str
    frames: Sequence[Frame]
    usage: Usage
    usd: Decimal


def usd(*amounts: tuple[int, str]) -> Decimal:
    """Tokens times USD per million, summed."""
    return sum((tokens * Decimal(rate) for tokens, rate in amounts), Decimal(0)) / 1_000_000


def openai(usage: dict[str, Any]) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}


def openai_text(text: str, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def gemini(usage: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": [{"text": "hi"}], "role": "model"}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})], "usageMetadata": usage}


def anthropic(usage: dict[str, Any], output: int) -> list[Frame]:
    head: dict[str, Any] = {"id": "m", "type": "message", "role": "assistant", "model": "m"}
    message: dict[str, Any] = head | {"content": [], "usage": usage}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": output}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        block,
        delta,
        {"type": "content_block_stop", "index": 0},
        end,
        {"type": "message_stop"},
    ]
    return [(event["type"], event) for event in events]


CASES = [
    Golden(
        "cached tokens of a stream are not charged at full price, and reasoning is charged as output",
        "openai/gpt-5.2",
        [
            ("", openai_text("hi", "stop")),
            (
                "",
                openai(
                    {
                        "prompt_tokens": 2006,
                        "completion_tokens": 100,
                        "total_tokens": 2106,
                        "prompt_tokens_details": {"cached_tokens": 1920},
                        "completion_tokens_details": {"reasoning_tokens": 64},
                    }
                ),
            ),
        ],
        Usage(input=86, cached_input=1920, output=36, reasoning=64),
        usd((86, "1.75"), (1920, "0.175"), (100, "14")),
    ),
    Golden(
        "reasoning that is not part of the completion's count is charged all the same",
        "xai/grok-4.3",
        [
            ("", openai_text("hi", "stop")),
            (
                "",
                openai(
                    {
                        "prompt_tokens": 100,
                        "completion_tokens": 10,
                        "total_tokens": 200,
                        "prompt_tokens_details": {"text_tokens": 60, "image_tokens": 40, "cached_tokens": 0},
                        "completion_tokens_details": {"reasoning_tokens": 90},
                    }
                ),
            ),
        ],
        Usage(input=60, image=40, output=10, reasoning=90),
        usd((100, "1.25"), (100, "2.5")),
    ),
    Golden(
        "Gemini's cached tokens, which its prompt includes, are counted once; its running totals are not summed",
        "google/gemini-3-flash",
        [
            ("", gemini({"promptTokenCount": 5000, "cachedContentTokenCount": 4096, "candidatesTokenCount": 1})),
            (
                "",
                gemini(
                    {
                        "promptTokenCount": 5000,
                        "cachedContentTokenCount": 4096,
                        "candidatesTokenCount": 2,
                        "thoughtsTokenCount": 300,
                    },
                    "STOP",
                ),
            ),
        ],
        Usage(input=904, cached_input=4096, output=2, reasoning=300),
        usd((904, "0.5"), (4096, "0.05"), (302, "3")),
    ),
    Golden(
        "Gemini's pictures are a bucket of their own, those in the cache excepted",
        "google/gemini-3-flash",
        [
            (
                "",
                gemini(
                    {
                        "promptTokenCount": 3000,
                        "promptTokensDetails": [
                            {"modality": "TEXT", "tokenCount": 760},
                            {"modality": "IMAGE", "tokenCount": 2240},
                        ],
                        "cachedContentTokenCount": 1500,
                        "cacheTokensDetails": [
                            {"modality": "TEXT", "tokenCount": 380},
                            {"modality": "IMAGE", "tokenCount": 1120},
                        ],
                        "candidatesTokenCount": 5,
                    },
                    "STOP",
                ),
            )
        ],
        Usage(input=380, image=1120, cached_input=1500, output=5),
        usd((1500, "0.5"), (1500, "0.05"), (5, "3")),
    ),
    Golden(
        "cached tokens move the tier of a long prompt",
        "google/gemini-3.1-pro",
        [
            (
                "",
                gemini(
                    {"promptTokenCount": 200_001, "cachedContentTokenCount": 200_000, "candidatesTokenCount": 10},
                    "STOP",
                ),
            )
        ],
        Usage(input=1, cached_input=200_000, output=10),
        usd((1, "4"), (200_000, "0.4"), (10, "18")),
    ),
    Golden(
        "Anthropic's cache writes are charged beside its input, not as part of it",
        "anthropic/claude-haiku-4.5",
        anthropic(
            {
                "input_tokens": 10,
                "cache_creation_input_tokens": 2000,
                "cache_read_input_tokens": 5000,
                "output_tokens": 1,
            },
            50,
        ),
        Usage(input=10, cached_input=5000, cache_write=2000, output=50),
        usd((10, "1"), (5000, "0.1"), (2000, "1.25"), (50, "5")),
    ),
    Golden(
        "Anthropic's cache writes count where only their lifetimes are told",
        "anthropic/claude-haiku-4.5",
        anthropic({"input_tokens": 10, "cache_creation": {"ephemeral_5m_input_tokens": 2000}, "output_tokens": 1}, 50),
        Usage(input=10, cache_write=2000, output=50),
        usd((10, "1"), (2000, "1.25"), (50, "5")),
    ),
]


def replayed(golden: Golden) -> Ask:
    """A vendor that answers with the case's stream."""

    async def ask(call: Call) -> Events:
        decoder = DIALECTS[call.model.vendor.dialect].stream()
        for name, data in golden.frames:
            for event in decoder.feed(name, to_json(data).decode()):
                yield event
        for event in decoder.close():
            yield event

    return recorded(ask, FakeClock(1_796_000_000.0))  # 2026-11-30


def call_of(model: str, chat: Chat) -> Call:
    clock = FakeClock()
    deadline = Deadline(clock.monotonic() + 60, clock)
    return Call(chat, CATALOG.find(model), deadline, deadline, Record("01J", clock.time(), "key", model, stream=True))


CHAT = Chat(
    (Message("user", (Text("a question of some length"), Image(url="https://example.com/a.png"))),), stream=True
)


@pytest.mark.parametrize("golden", CASES, ids=lambda golden: golden.about)
async def test_a_stream_costs_what_the_vendor_will_charge(golden: Golden) -> None:
    call = call_of(golden.model, CHAT)
    await collect(replayed(golden)(call))
    [attempt] = call.record.attempts
    assert attempt.usage == golden.usage
    assert attempt.cost_usd == golden.usd
    assert attempt.price_version


@pytest.mark.parametrize("golden", CASES, ids=lambda golden: golden.about)
async def test_a_stream_that_its_client_left_is_priced_by_an_estimate_that_says_so(golden: Golden) -> None:
    call = call_of(golden.model, CHAT)
    async with aclosing(replayed(golden)(call)) as events:
        await anext(events)
    attempt: Attempt = call.record.attempts[0]
    rate = call.model.prices[-1].rate
    usage = attempt.usage
    assert (attempt.outcome, usage.source, usage.image) == ("aborted", "estimated", 1120)
    assert usage.input > 0
    assert usage.output > 0
    assert attempt.cost_usd == usd((usage.input + usage.image, str(rate.input)), (usage.output, str(rate.output)))
