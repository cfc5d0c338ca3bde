"""Eligibility: whatever a chat asks for and a model lacks takes the model out, with a reason."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from tests.fakes import a_model
from turnout.core.chat import Chat, Image, JsonSchema, Message, NamedTool, Text, Tool
from turnout.core.models import Capability, Model, Vendor
from turnout.routing.eligible import AT_DEFAULT, NEEDS, Demand, fitted, lack, needs, split

HELLO = Message("user", (Text("hello"),))
TOOL = Tool("look_up")
NOTHING = frozenset[Capability]()

# What makes each capability needed, and the nearest request that does not need it.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "tools": ({"tools": (TOOL,)}, {"tool_choice": "auto"}),
    "tool_choice": ({"tools": (TOOL,), "tool_choice": NamedTool("look_up")}, {"tools": (TOOL,), "tool_choice": "auto"}),
    "parallel_tools": ({"tools": (TOOL,), "parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    "images": ({"messages": (Message("user", (Image(data="AA==", media_type="image/png"),)),)}, {}),
    "image_urls": ({"messages": (Message("user", (Image(url="https://a.test/b.png"),)),)}, {}),
    "json_object": ({"response_format": "json_object"}, {"response_format": "text"}),
    "json_schema": ({"response_format": JsonSchema("x", {})}, {"response_format": "json_object"}),
    "reasoning": ({"reasoning_effort": "high"}, {"reasoning_effort": "none"}),
    "temperature": ({"temperature": 0.0}, {"temperature": 1.0}),
    "top_p": ({"top_p": 0.5}, {"top_p": 1.0}),
    "stop": ({"stop": ("END",)}, {}),
    "seed": ({"seed": 0}, {}),
    "n": ({"n": 2}, {"n": 1}),
    "penalties": ({"presence_penalty": -1.0}, {"frequency_penalty": 0.0}),
    "logit_bias": ({"logit_bias": {"50256": -100.0}}, {"logit_bias": {}}),
    "logprobs": ({"logprobs": True}, {"logprobs": False}),
    "prefix": ({"prefix": "Once upon"}, {}),
}


def chat(**changes: Any) -> Chat:
    return replace(Chat((HELLO,)), **changes)


def test_every_capability_has_a_test_of_its_need_and_a_case_here() -> None:
    assert set(NEEDS) == set(CASES) == set(get_args(Capability.__value__))


@pytest.mark.parametrize("name", CASES)
def test_a_model_without_what_is_asked_is_dropped_and_told_why(name: Capability) -> None:
    asked, _ = CASES[name]
    capable = a_model()
    lame = replace(capable, capabilities=capable.capabilities - {name})
    able, dropped = split((lame, capable), Demand(needs(chat(**asked)), 10))
    assert able == (capable,)
    assert name in dropped[0].reason


@pytest.mark.parametrize("name", CASES)
def test_a_request_at_the_default_needs_nothing(name: Capability) -> None:
    _, default = CASES[name]
    assert name not in needs(chat(**default))


def test_a_prompt_that_fills_the_window_drops_the_model() -> None:
    small = a_model(context_window=1000)
    assert lack(small, Demand(NOTHING, 900, 100)) == ""
    assert "1000" in lack(small, Demand(NOTHING, 901, 100))


def test_a_longer_answer_than_the_model_gives_drops_it() -> None:
    assert "10000" in lack(a_model(), Demand(NOTHING, 1, 10_001))


def test_a_vendor_without_its_key_is_dropped() -> None:
    keyless = Vendor("acme", "openai_chat", "http://acme.test")
    able, dropped = split((a_model(vendor="x"), replace(a_model(), vendor=keyless)), Demand(NOTHING, 1))
    assert [model.vendor.name for model in able] == ["x"]
    assert dropped[0].reason == "no API key for acme"


def test_the_order_is_kept() -> None:
    models: tuple[Model, ...] = tuple(a_model(name) for name in "cab")
    assert split(models, Demand(NOTHING, 1)) == (models, ())


@pytest.mark.parametrize("name", CASES)
def test_what_is_at_its_default_is_not_sent_to_a_model_that_does_not_know_it(name: Capability) -> None:
    _, default = CASES[name]
    lame = replace(a_model(), capabilities=a_model().capabilities - {name})
    said = fitted(chat(**default), lame)
    assert all(getattr(said, field) is None for field in AT_DEFAULT.get(name, ()))
    assert fitted(chat(**default), a_model()) == chat(**default)


def test_a_limit_on_cost_drops_what_might_exceed_it() -> None:
    # 1 and 2 USD per million tokens: 1,000 tokens in and at most 500 out cost 0.002 USD.
    demand = Demand(NOTHING, prompt_tokens=1000, answer_tokens=500, max_cost_usd=0.002)
    assert lack(a_model(), demand) == ""
    assert "0.0020" in lack(a_model(), replace(demand, max_cost_usd=0.0019))


def test_without_a_limit_on_tokens_the_longest_answer_counts() -> None:
    demand = Demand(NOTHING, prompt_tokens=1000, max_cost_usd=0.021)
    assert lack(a_model(), demand) == ""
    assert "10000 tokens" in lack(a_model(), replace(demand, max_cost_usd=0.0209))
