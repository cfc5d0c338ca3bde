"""Several models answer and another one judges, over HTTP, read by OpenAI's client."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.e2e.test_compare import CLAUDE, GPT, MISTRAL, note
from tests.e2e.test_gone import SLOW, until
from tests.e2e.world import ANSWER, ASKED, CLIENT_KEY, World, world

pytestmark = [pytest.mark.timeout(30), pytest.mark.asyncio(loop_scope="session")]


def judging(*models: str, **options: Any) -> dict[str, Any]:
    return {"turnout": {"mode": "judge", "models": models, **options}}


@pytest.mark.parametrize("second", [None, "judge", "order"])
async def test_the_best_answer_comes_with_the_verdict_and_every_score_is_in_the_row(
    a_world: World, second: str | None
) -> None:
    body = judging(GPT, CLAUDE, judge=MISTRAL, second_opinion=second)
    completion = await a_world.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
    told = note(completion)
    verdict = told["verdict"]
    assert completion.choices[0].message.content == ANSWER
    assert verdict["judges"][0] == MISTRAL
    assert [sorted(order) for order in verdict["orders"]] == [[0, 1]] * (2 if second else 1)
    row = await a_world.row(told["request_id"])
    assert {attempt.part.number: attempt.judged for attempt in row.attempts if attempt.part.role == "candidate"} == {
        score["index"]: Decimal(str(score["score"])) / 10 for score in verdict["scores"]
    }
    assert [attempt.judged for attempt in row.attempts if attempt.part.role == "verdict"] == [None] * len(
        verdict["judges"]
    )
    assert float(row.cost_usd) == told["cost_usd"] > sum(answer["cost_usd"] for answer in told["answers"])


async def test_streamed_the_best_answer_streams_and_the_verdict_is_in_the_last_chunk(a_world: World) -> None:
    stream = await a_world.client.chat.completions.create(
        model="auto", messages=ASKED, stream=True, extra_body=judging(GPT, CLAUDE)
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ANSWER
    assert chunks[-1].choices[0].finish_reason == "stop"
    told = note(chunks[-1])
    assert not {*told["verdict"]["judges"]} & {GPT, CLAUDE}
    assert {answer["model"] for answer in told["answers"]} == {GPT, CLAUDE}


async def test_a_judge_that_is_down_is_replaced(a_world: World) -> None:
    a_world.simulators["gemini"].fault("server_error")
    body = judging(GPT, CLAUDE, judge="google/gemini-3-flash")
    completion = await a_world.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
    assert "google/gemini-3-flash" not in note(completion)["verdict"]["judges"]


@pytest.mark.parametrize("stage", ["contestants", "verdict"])
async def test_a_client_that_hangs_up_ends_every_call_upstream(stage: str) -> None:
    async with world(pace=SLOW) as everything:
        contestants = [everything.simulators[dialect] for dialect in ("anthropic_messages", "gemini")]
        body = judging(CLAUDE, "google/gemini-3-flash", judge=MISTRAL, second_opinion="order")
        asking = asyncio.create_task(
            everything.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
        )
        awaited = contestants if stage == "contestants" else [everything.simulators["openai_chat"]]
        calls = 2  # contestants, or opinions
        await until(lambda: sum(sent.ended == "answering" for one in awaited for sent in one.requests) == calls)
        asking.cancel()
        await until(lambda: bool(everything.log.rows))
        await until(lambda: all(sent.ended == "client_gone" for one in awaited for sent in one.requests))
        [row] = everything.log.rows
        fates = [(attempt.part.role, attempt.outcome) for attempt in row.attempts]
        gone = {"contestants": [("candidate", "aborted")] * 2}
        assert fates == gone.get(stage, [("candidate", "ok")] * 2 + [("verdict", "aborted")] * 2)
        assert row.outcome == "aborted"


async def test_auto_chooses_contestants_and_judge(a_world: World) -> None:
    completion = await a_world.client.chat.completions.create(
        model="auto", messages=ASKED, extra_body={"turnout": {"mode": "judge"}}
    )
    told = note(completion)
    contestants = {answer["model"] for answer in told["answers"]}
    assert len(contestants) == 2
    assert not contestants & {*told["verdict"]["judges"]}


async def test_the_path_of_its_own_gives_the_same_and_refuses_a_judge_that_there_is_not(a_world: World) -> None:
    async with httpx.AsyncClient(base_url=a_world.url, headers={"authorization": f"Bearer {CLIENT_KEY}"}) as http:
        body: dict[str, Any] = {"messages": ASKED, "turnout": {"models": [GPT, CLAUDE]}}
        answered = await http.post("/v1/judge", json=body)
        assert answered.json()["turnout"]["verdict"]["scores"]
        body["turnout"]["judge"] = "nobody"
        refused = await http.post("/v1/judge", json=body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (404, "turnout.judge")
