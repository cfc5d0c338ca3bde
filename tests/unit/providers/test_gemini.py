"""Gemini requests: path, key, turns, pictures and parameters, each body checked against Google's own types."""

from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.providers.gemini_bodies import PNG, SCHEMA, body_for, config_for, model, said
from turnout.core.chat import Chat, Effort, Image, JsonSchema
from turnout.core.models import Model, Vendor
from turnout.providers.dialects import DIALECTS, gemini, gemini_families


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        (False, "/models/gemini-3-flash-preview:generateContent"),
        (True, "/models/gemini-3-flash-preview:streamGenerateContent?alt=sse"),
    ],
)
def test_the_method_is_in_the_path(stream: bool, path: str) -> None:
    assert gemini.request(Chat((said("user", "Hi"),), stream=stream), model()).path == path


def test_the_key_is_in_a_header_and_nowhere_else() -> None:
    request = gemini.request(Chat((said("user", "Hi"),)), model())
    assert request.headers == {"x-goog-api-key": "test-key"}
    assert "test-key" not in request.path + repr(request)


def test_without_a_key_there_is_no_header() -> None:
    keyless = Model("m", Vendor("local", "gemini", "http://x"), "m", 1, 1, frozenset(), ())
    assert gemini.request(Chat((said("user", "Hi"),)), keyless).headers == {}


def test_the_dialect_is_registered() -> None:
    assert DIALECTS["gemini"] is gemini


def test_system_and_developer_turns_are_the_instruction() -> None:
    body = body_for(Chat((said("system", "Be brief."), said("user", "Hi"), said("developer", "In French."))))
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "In French."}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]


def test_system_turns_alone_are_sent_as_the_users() -> None:
    body = body_for(Chat((said("system", "Tell a joke."),)))
    assert body == {"contents": [{"role": "user", "parts": [{"text": "Tell a joke."}]}]}


def test_turns_of_one_role_are_merged_and_empty_ones_left_out() -> None:
    turns = ("user", "A"), ("assistant", ""), ("user", "B"), ("assistant", "C"), ("assistant", "D"), ("user", "E")
    assert body_for(Chat(tuple(said(role, text) for role, text in turns)))["contents"] == [
        {"role": "user", "parts": [{"text": "A"}, {"text": "B"}]},
        {"role": "model", "parts": [{"text": "C"}, {"text": "D"}]},
        {"role": "user", "parts": [{"text": "E"}]},
    ]


def test_a_refusal_of_an_earlier_turn_is_kept() -> None:
    chat = Chat((said("user", "A"), said("assistant", refusal="I will not."), said("user", "B")))
    assert body_for(chat)["contents"][1] == {"role": "model", "parts": [{"text": "I will not."}]}


def test_a_prefix_is_the_last_turn_and_the_models() -> None:
    chat = Chat((said("user", "Hi"),)).continued("Once upon")
    assert body_for(chat)["contents"][-1] == {"role": "model", "parts": [{"text": "Once upon"}]}


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), st.text(max_size=3)), min_size=1))
def test_roles_always_alternate_and_no_text_is_lost(turns: list[tuple[str, str]]) -> None:
    chat = Chat(tuple(said(role, text) for role, text in turns), prefix="end")
    contents = gemini.request(chat, model()).body["contents"]
    roles = [turn["role"] for turn in contents]
    assert all(one != other for one, other in pairwise(roles))
    spoken = "".join(part["text"] for turn in contents for part in turn["parts"])
    assert spoken == "".join(text for role, text in turns if role != "system") + "end"


@pytest.mark.parametrize(
    ("image", "part"),
    [
        (Image(data=PNG, media_type="image/png"), {"inlineData": {"mimeType": "image/png", "data": PNG}}),
        (
            Image(url="https://x.test/a.JPG?w=1.5#top"),
            {"fileData": {"fileUri": "https://x.test/a.JPG?w=1.5#top", "mimeType": "image/jpeg"}},
        ),
        (
            Image(url="https://x.test/a", media_type="image/webp"),
            {"fileData": {"fileUri": "https://x.test/a", "mimeType": "image/webp"}},
        ),
        (Image(url="https://x.test/picture"), {"fileData": {"fileUri": "https://x.test/picture"}}),
    ],
)
def test_pictures_are_sent_inline_or_by_url(image: Image, part: dict[str, Any]) -> None:
    body = body_for(Chat((said("user", "What is this?", image),)))
    assert body["contents"][0]["parts"] == [{"text": "What is this?"}, part]


@pytest.mark.parametrize(
    ("details", "resolution"),
    [
        (["auto"], None),
        (["low"], "MEDIA_RESOLUTION_LOW"),
        (["low", "auto"], None),
        (["low", "high"], "MEDIA_RESOLUTION_HIGH"),
    ],
)
def test_one_resolution_serves_all_pictures(details: list[Any], resolution: str | None) -> None:
    images = [Image(data=PNG, media_type="image/png", detail=detail) for detail in details]
    body = body_for(Chat((said("user", *images),)))
    assert body.get("generationConfig", {}).get("mediaResolution") == resolution


@pytest.mark.parametrize(
    ("fields", "config"),
    [
        ({}, {}),
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({"top_p": 0.5}, {"topP": 0.5}),
        ({"max_tokens": 7}, {"maxOutputTokens": 7}),
        ({"stop": ("a", "b")}, {"stopSequences": ["a", "b"]}),
        ({"seed": 0}, {"seed": 0}),
        ({"n": 3}, {"candidateCount": 3}),
        ({"frequency_penalty": 0.5, "presence_penalty": -0.5}, {"frequencyPenalty": 0.5, "presencePenalty": -0.5}),
        ({"logprobs": True, "top_logprobs": 2}, {"responseLogprobs": True, "logprobs": 2}),
        ({"logprobs": False}, {}),
        ({"response_format": "json_object"}, {"responseMimeType": "application/json"}),
        (
            {"response_format": JsonSchema("place", SCHEMA)},
            {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
        ),
    ],
)
def test_each_parameter_has_its_name(fields: dict[str, Any], config: dict[str, Any]) -> None:
    assert config_for(**fields) == config


@pytest.mark.parametrize(
    ("upstream", "effort", "config"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", "minimal", {"thinkingBudget": 1024}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-pro", "high", {"thinkingBudget": 24576}),
        ("gemini-3-flash-preview", "none", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3-flash-preview", "medium", {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-pro-preview", "medium", {"thinkingLevel": "HIGH"}),
        ("gemini-3.1-pro-preview", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", "minimal", {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", "xhigh", {"thinkingLevel": "HIGH"}),
        ("gemini-2.0-flash", "none", None),
        ("gemma-4-31b-it", "none", None),
    ],
)
def test_an_effort_is_a_level_or_a_budget_by_family(upstream: str, effort: Effort, config: Any) -> None:
    body = body_for(Chat((said("user", "Hi"),), reasoning_effort=effort), upstream)
    assert body.get("generationConfig", {}).get("thinkingConfig") == config


def test_more_effort_never_thinks_less() -> None:
    levels = {level: place for place, level in enumerate(("MINIMAL", "LOW", "MEDIUM", "HIGH"))}
    for _, family in gemini_families.FAMILIES:
        steps = [family.thinking[effort] for effort in gemini_families.EFFORTS if family.thinking]
        amounts = [step.get("thinkingBudget", levels.get(step.get("thinkingLevel", ""), 0)) for step in steps]
        assert amounts == sorted(amounts)


def test_every_effort_has_a_place() -> None:
    assert get_args(Effort.__value__) == gemini_families.EFFORTS
