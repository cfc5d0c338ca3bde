"""Several models answer at once: read by OpenAI's client, with vendors that fail, are slow or are dropped."""

import asyncio
from collections import defaultdict
from decimal import Decimal
from typing import Any

import httpx
import pytest
from openai import APIStatusError
from openai.types.chat import ChatCompletion

from tests.e2e.test_gone import SLOW, until
from tests.e2e.world import ANSWER, ASKED, CLIENT_KEY, HASTY, World, world

GPT, CLAUDE, MISTRAL = "openai/gpt-5.2", "anthropic/claude-haiku-4.5", "mistral/mistral-large"
pytestmark = [pytest.mark.timeout(30), pytest.mark.asyncio(loop_scope="session")]


def comparing(*models: str) -> dict[str, Any]:
    return {"turnout": {"mode": "compare", "models": models}}


async def compared(everything: World, *models: str) -> ChatCompletion:
    return await everything.client.chat.completions.create(model="auto", messages=ASKED, extra_body=comparing(*models))


def note(completion: Any) -> dict[str, Any]:
    told: dict[str, Any] = completion.model_extra["turnout"]
    return told


async def test_each_model_is_a_choice_of_one_completion(a_world: World) -> None:
    completion = await compared(a_world, GPT, CLAUDE)
    assert [choice.message.content for choice in completion.choices] == [ANSWER, ANSWER]
    told = note(completion)
    assert [answer["model"] for answer in told["answers"]] == [GPT, CLAUDE]
    assert all(answer["finish_reason"] and answer["prompt_tokens"] > 0 for answer in told["answers"])
    assert {told["summary"][name] for name in ("fastest", "cheapest", "longest")} <= {0, 1}
    assert sum(Decimal(str(answer["cost_usd"])) for answer in told["answers"]) == Decimal(str(told["cost_usd"]))
    row = await a_world.row(told["request_id"])
    assert (row.mode, row.outcome, float(row.cost_usd)) == ("compare", "ok", told["cost_usd"])
    assert sorted((attempt.part.number, attempt.vendor) for attempt in row.attempts) == [
        (0, "openai"),
        (1, "anthropic"),
    ]


async def test_a_model_that_fails_has_its_choice_and_its_error(a_world: World) -> None:
    a_world.simulators["openai_chat"].fault("server_error")
    completion = await compared(a_world, GPT, CLAUDE)
    failed, whole = completion.choices
    assert (failed.message.content, failed.finish_reason) == (None, None)
    assert (whole.message.content, whole.finish_reason) == (ANSWER, "stop")
    told = note(completion)
    assert [answer["error"] for answer in told["answers"]] == ["vendor_overloaded", None]
    assert told["summary"] == {"fastest": 1, "cheapest": 1, "longest": 1}
    assert completion.model == "claude-haiku-4.5"


async def test_a_model_that_cannot_take_the_request_is_named_with_what_it_lacks(a_world: World) -> None:
    body = {"stop": ["nowhere"], **comparing("openai/gpt-5.2", CLAUDE, MISTRAL)}
    completion = await a_world.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
    told = note(completion)
    assert [answer["model"] for answer in told["answers"]] == [CLAUDE, MISTRAL]
    assert [drop["model"] for drop in told["dropped"]] == [GPT]


@pytest.mark.parametrize("usage", [False, True])
async def test_streamed_the_answers_come_interleaved_each_marked_and_the_summary_last(
    a_world: World, usage: bool
) -> None:
    a_world.simulators["gemini"].fault("server_error")
    stream = await a_world.client.chat.completions.create(
        model="auto",
        messages=ASKED,
        stream=True,
        stream_options={"include_usage": True} if usage else None,  # pyright: ignore[reportArgumentType] - null is let in
        extra_body=comparing(GPT, CLAUDE, "google/gemini-3-flash"),
    )
    chunks = [chunk async for chunk in stream]
    texts, named = defaultdict[int, str](str), defaultdict[int, set[str]](set)
    for chunk in chunks[:-1]:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            named[choice.index].add(chunk.model)
    assert texts == {0: ANSWER, 1: ANSWER, 2: ""}
    assert named == {0: {"gpt-5.2"}, 1: {"claude-haiku-4.5"}, 2: {"gemini-3-flash"}}
    notes: list[dict[str, Any]] = [note(chunk) for chunk in chunks if "turnout" in (chunk.model_extra or {})]
    failed, told = notes
    assert (failed["failed"]["index"], failed["failed"]["code"]) == (2, "vendor_overloaded")
    assert told == note(chunks[-1])
    assert [answer["error"] for answer in told["answers"]] == [None, None, "vendor_overloaded"]
    assert bool(chunks[-1].choices) != usage
    assert bool(chunks[-1].usage) == usage


async def test_a_silent_vendor_holds_nobody_back_and_is_told_to_be_late() -> None:
    async with world(HASTY) as everything:
        everything.simulators["openai_chat"].fault("slow_headers")
        completion = await compared(everything, GPT, CLAUDE)
        late, whole = note(completion)["answers"]
        assert (late["error"], whole["error"]) == ("vendor_timeout", None)
        assert whole["latency_ms"] < late["latency_ms"]
        assert completion.choices[1].message.content == ANSWER


LATE: dict[str, Any] = {"turnout": {"mode": "compare", "models": [GPT, CLAUDE], "max_model_latency_ms": 700}}


async def test_a_model_past_its_own_deadline_is_told_as_late_with_what_it_has_said(a_world: World) -> None:
    a_world.simulators["openai_chat"].fault("stall_after_first_token")
    completion = await a_world.client.chat.completions.create(model="auto", messages=ASKED, extra_body=LATE)
    begun, said = (choice.message.content or "" for choice in completion.choices)
    late, whole = note(completion)["answers"]
    assert (late["late"], late["error"], late["finish_reason"]) == (True, "vendor_timeout", None)
    assert (whole["late"], whole["error"], said) == (False, None, ANSWER)
    assert begun
    assert ANSWER.startswith(begun)
    assert late["cost_usd"] > 0


async def test_streamed_a_model_past_its_own_deadline_is_told_as_late(a_world: World) -> None:
    a_world.simulators["openai_chat"].fault("stall_after_first_token")
    stream = await a_world.client.chat.completions.create(model="auto", messages=ASKED, stream=True, extra_body=LATE)
    chunks = [chunk async for chunk in stream]
    assert [answer["late"] for answer in note(chunks[-1])["answers"]] == [True, False]
    assert any(choice.index == 0 and choice.delta.content for chunk in chunks for choice in chunk.choices)


async def test_auto_compares_the_best_models_of_different_vendors(a_world: World) -> None:
    completion = await compared(a_world)
    vendors = {answer["model"].partition("/")[0] for answer in note(completion)["answers"]}
    assert len(completion.choices) == len(vendors) == 3


async def test_when_all_fail_the_client_gets_one_error_with_each_cause(a_world: World) -> None:
    for dialect in ("openai_chat", "anthropic_messages"):
        a_world.simulators[dialect].fault("server_error")
    with pytest.raises(APIStatusError) as caught:
        await compared(a_world, GPT, CLAUDE)
    assert caught.value.status_code == 503
    assert {answer["error"] for answer in caught.value.response.json()["turnout"]["answers"]} == {"vendor_overloaded"}


async def test_a_client_that_hangs_up_ends_every_call_upstream() -> None:
    async with world(pace=SLOW) as everything:
        asking = asyncio.create_task(compared(everything, GPT, CLAUDE))
        both = [everything.simulators[dialect] for dialect in ("openai_chat", "anthropic_messages")]
        await until(lambda: all(len(simulator.requests) == 1 for simulator in both))
        asking.cancel()
        await until(lambda: bool(everything.log.rows))
        await until(lambda: all(sent.ended == "client_gone" for simulator in both for sent in simulator.requests))
        [row] = everything.log.rows
        assert (row.outcome, [attempt.outcome for attempt in row.attempts]) == ("aborted", ["aborted", "aborted"])


async def test_the_path_of_its_own_gives_the_same_and_needs_no_model(a_world: World) -> None:
    async with httpx.AsyncClient(base_url=a_world.url, headers={"authorization": f"Bearer {CLIENT_KEY}"}) as http:
        body: dict[str, Any] = {"messages": ASKED, "turnout": {"models": [GPT, CLAUDE]}}
        answered = (await http.post("/v1/compare", json=body)).json()
        assert [choice["message"]["content"] for choice in answered["choices"]] == [ANSWER, ANSWER]
        body["turnout"]["mode"] = "failover"
        refused = await http.post("/v1/compare", json=body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "turnout.mode")


async def test_what_may_cost_too_much_in_all_is_refused_with_the_figure_and_nobody_is_asked(a_world: World) -> None:
    options = {"models": [GPT, CLAUDE], "max_cost_usd": 0.0002}
    body: dict[str, Any] = {"turnout": options, "max_tokens": 10}
    assert await a_world.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
    body["turnout"] = {**options, "mode": "compare"}
    sent = [len(simulator.requests) for simulator in a_world.simulators.values()]
    with pytest.raises(APIStatusError) as caught:
        await a_world.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
    assert (caught.value.status_code, caught.value.code) == (400, "over_max_cost")
    assert "USD in 2 calls" in caught.value.message
    assert [len(simulator.requests) for simulator in a_world.simulators.values()] == sent
