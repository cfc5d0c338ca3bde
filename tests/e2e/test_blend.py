"""Several answers become one, over HTTP, read by OpenAI's client."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.e2e.test_compare import CLAUDE, GPT, MISTRAL, note
from tests.e2e.test_gone import SLOW, answering, until
from tests.e2e.world import ANSWER, ASKED, CLIENT_KEY, World, world

pytestmark = [pytest.mark.timeout(30), pytest.mark.asyncio(loop_scope="session")]

GEMINI = "google/gemini-3-flash"


def blending(*models: str, **options: Any) -> dict[str, Any]:
    return {"turnout": {"mode": "blend", "models": models, "synthesizer": MISTRAL, **options}}


@pytest.mark.parametrize(
    ("strategy", "models", "calls"),
    [
        ("consensus", (GPT, CLAUDE), 3),
        ("council", (GPT, CLAUDE), 5),
        ("best_of", (GPT, CLAUDE, GEMINI), 4),
        ("chain", (GPT, CLAUDE), 3),
        ("moa", (GPT, CLAUDE), 7),
        ("self_moa", (GPT,), 4),
    ],
)
async def test_the_synthesis_streams_and_the_row_has_every_call_with_its_part(
    a_world: World, strategy: str, models: tuple[str, ...], calls: int
) -> None:
    stream = await a_world.client.chat.completions.create(
        model="auto",
        messages=ASKED,
        stream=True,
        extra_body=blending(*models, strategy=strategy, layers=3, samples=3),
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ANSWER
    assert {chunk.model for chunk in chunks} == {"mistral-large"}
    told = note(chunks[-1])
    row = await a_world.row(told["request_id"])
    assert len(row.attempts) == calls
    assert [attempt.part.role for attempt in row.attempts] == ["candidate"] * (calls - 1) + ["synthesis"]
    assert len({(a.part.number, a.part.layer) for a in row.attempts if a.part.role == "candidate"}) == calls - 1
    assert float(row.cost_usd) == told["cost_usd"] > 0


async def test_candidates_and_synthesizer_may_fail_and_there_still_is_an_answer(a_world: World) -> None:
    a_world.simulators["gemini"].fault("server_error")
    a_world.simulators["openai_chat"].fault("server_error")
    completion = await a_world.client.chat.completions.create(
        model="auto", messages=ASKED, extra_body=blending(GPT, CLAUDE, GEMINI)
    )
    assert completion.choices[0].message.content == ANSWER
    told = note(completion)
    assert told["reason"].endswith("the only candidate that answered")
    assert [answer["error"] for answer in told["answers"]] == ["vendor_overloaded", None, "vendor_overloaded"]


@pytest.mark.parametrize("stage", ["candidates", "synthesis"])
async def test_a_client_that_hangs_up_ends_every_call_upstream(stage: str) -> None:
    async with world(pace=SLOW) as everything:
        candidates = [everything.simulators[dialect] for dialect in ("anthropic_messages", "gemini")]
        asking = asyncio.create_task(
            everything.client.chat.completions.create(model="auto", messages=ASKED, extra_body=blending(CLAUDE, GEMINI))
        )
        awaited = candidates if stage == "candidates" else [everything.simulators["openai_chat"]]
        await until(lambda: all(map(answering, awaited)))
        asking.cancel()
        await until(lambda: bool(everything.log.rows))
        await until(lambda: all(sent.ended == "client_gone" for one in awaited for sent in one.requests))
        [row] = everything.log.rows
        assert row.outcome == "aborted"
        fates = [(attempt.part.role, attempt.outcome) for attempt in row.attempts]
        gone = {"candidates": [("candidate", "aborted")] * 2}
        assert fates == gone.get(stage, [("candidate", "ok")] * 2 + [("synthesis", "aborted")])
        assert all(attempt.cost_usd > 0 for attempt in row.attempts)


async def test_a_late_candidate_is_told_and_the_others_go_on(a_world: World) -> None:
    a_world.simulators["gemini"].fault("slow_headers")
    body = blending(GPT, CLAUDE, GEMINI, max_model_latency_ms=700)
    completion = await a_world.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
    told = note(completion)
    assert [answer["late"] for answer in told["answers"]] == [False, False, True]
    assert (completion.choices[0].message.content, completion.model) == (ANSWER, "mistral-large")


async def test_auto_chooses_candidates_and_synthesizer(a_world: World) -> None:
    completion = await a_world.client.chat.completions.create(
        model="auto:cost", messages=ASKED, extra_body={"turnout": {"mode": "blend"}}
    )
    told = note(completion)
    vendors = {answer["model"].partition("/")[0] for answer in told["answers"]}
    assert len(told["answers"]) == len(vendors) == 3
    assert completion.choices[0].message.content == ANSWER


async def test_the_path_of_its_own_gives_the_same(a_world: World) -> None:
    async with httpx.AsyncClient(base_url=a_world.url, headers={"authorization": f"Bearer {CLIENT_KEY}"}) as http:
        body: dict[str, Any] = {"messages": ASKED, "turnout": {"models": [GPT, CLAUDE], "synthesizer": MISTRAL}}
        answered = (await http.post("/v1/blend", json=body)).json()
        assert (answered["choices"][0]["message"]["content"], answered["model"]) == (ANSWER, "mistral-large")
        body["turnout"]["strategy"] = "vote"
        refused = await http.post("/v1/blend", json=body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "turnout.strategy")
