"""What a client sees of a plain answer."""

import pytest
from pydantic import TypeAdapter

from tests.unit.api.world import CALLS, COST, COUNTED, HELLO, TOOLS, USAGE, Script, World
from turnout.api.wire import ChatCompletion
from turnout.core.errors import Throttled
from turnout.core.events import Delta, Done


async def test_a_plain_answer_has_openais_shape_and_says_why() -> None:
    world = World({"alpha": [list(HELLO)]})
    response = await world.post()
    body = response.json()
    row = world.log.rows[0]
    assert response.status_code == 200
    assert response.headers["content-length"] == str(len(response.content))
    assert body == {
        "id": f"chatcmpl-{row.id}",
        "object": "chat.completion",
        "created": 1_800_000_000,
        "model": "alpha",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": COUNTED,
        "system_fingerprint": "fp-1",
        "turnout": {
            "request_id": row.id,
            "model": "alpha",
            "vendor": "alpha-vendor",
            "reason": "the model that was asked for",
            "attempts": [
                {
                    "vendor": "alpha-vendor",
                    "model": "alpha",
                    "outcome": "ok",
                    "status": 200,
                    "error": None,
                    "message": None,
                    "latency_ms": 0,
                }
            ],
            "cost_usd": pytest.approx(COST),
            "usage_source": "vendor",
        },
    }
    assert TypeAdapter(ChatCompletion).validate_json(response.content, strict=True) == body


async def test_the_headers_say_the_same() -> None:
    world = World({"alpha": [list(HELLO)]})
    headers = (await world.post()).headers
    row = world.log.rows[0]
    assert headers["x-turnout-request-id"] == headers["x-request-id"] == row.id
    assert headers["x-turnout-model"] == "alpha"
    assert headers["x-turnout-reason"] == "the model that was asked for"
    assert headers["x-turnout-attempts"] == "1"
    assert headers["x-turnout-cost-usd"] == "0.00002245"


async def test_a_failed_attempt_is_told_beside_the_answer() -> None:
    failed = Throttled("The vendor answered 429: slow down", vendor_status=429, vendor_message="slow down")
    world = World({"alpha": [[failed]], "beta": [list(HELLO)]})
    body = (response := await world.post(model="auto")).json()
    assert (body["model"], response.headers["x-turnout-attempts"]) == ("beta", "2")
    assert body["turnout"]["attempts"][0] == {
        "vendor": "alpha-vendor",
        "model": "alpha",
        "outcome": "error",
        "status": 429,
        "error": "vendor_rate_limited",
        "message": "The vendor answered 429: slow down",
        "latency_ms": 0,
    }


async def test_calls_come_whole_with_what_the_vendor_wants_back() -> None:
    body = (await World({"alpha": [list(CALLS)]}).post(tools=TOOLS)).json()
    assert body["choices"][0]["message"] == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
            {
                "id": "c2",
                "type": "function",
                "function": {"name": "g", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": "s"}},
            },
        ],
    }


async def test_an_answers_message_can_be_sent_back_as_it_is() -> None:
    world = World({"alpha": [[Delta(reasoning="hm"), *CALLS], list(HELLO)]})
    message = (await world.post(tools=TOOLS)).json()["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "1"} for call in message["tool_calls"]]
    assert (await world.post(tools=TOOLS, messages=[message, *results])).status_code == 200
    sent = world.vendors.calls[1].chat.messages[0].tool_calls
    assert [(call.id, call.name, call.arguments) for call in sent] == [("c1", "f", '{"a":1}'), ("c2", "g", "{}")]
    assert sent[1].extra == {"google": {"thought_signature": "s"}}


async def test_refusals_reasoning_and_log_probabilities_have_their_places() -> None:
    script: Script = [
        Delta(reasoning="Let me "),
        Delta(reasoning="see."),
        Delta(refusal="I can", logprobs={"content": None, "refusal": [{"token": "I can"}]}),
        Delta(refusal="not.", logprobs={"refusal": [{"token": "not."}]}),
        Delta(finish="stop"),
        Done(USAGE),
    ]
    choice = (await World({"alpha": [script]}).post(logprobs=True)).json()["choices"][0]
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "refusal": "I cannot.",
        "reasoning_content": "Let me see.",
    }
    assert choice["logprobs"] == {"content": None, "refusal": [{"token": "I can"}, {"token": "not."}]}


async def test_a_number_that_json_cannot_carry_becomes_null() -> None:
    script: Script = [
        Delta(text="a", logprobs={"content": [{"logprob": float("-inf")}]}),
        Delta(finish="stop"),
        Done(USAGE),
    ]
    choice = (await World({"alpha": [script]}).post(logprobs=True)).json()["choices"][0]
    assert choice["logprobs"]["content"] == [{"logprob": None}]
