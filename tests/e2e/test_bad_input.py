"""Every bad input as a client meets it: status, type and field, a message that names the remedy, never a traceback."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from openai import APIStatusError, AuthenticationError, BadRequestError, NotFoundError
from openai.types.chat import ChatCompletionUserMessageParam

from tests.e2e.world import CLIENT_KEY, PATIENCE, QUICK, World, world
from turnout.core.ports import Key

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(30)]

CHAT = "/v1/chat/completions"
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
INVALID = "invalid_request_error"


def user(content: Any = "Hi") -> dict[str, Any]:
    return {"role": "user", "content": content}


def asked(**changes: Any) -> dict[str, Any]:
    return {"model": "gpt-5.2", "messages": [user()], **changes}


@dataclass(frozen=True, slots=True)
class Bad:
    """A request, and what is said of it. `remedy` are words of the message."""

    status: int
    code: str
    param: str | None
    remedy: tuple[str, ...]
    json: Any = None
    content: bytes | None = None
    type: str = INVALID
    headers: Mapping[str, str] = field(default_factory=lambda: {"authorization": f"Bearer {CLIENT_KEY}"})


def named(name: str, *near: str) -> Bad:
    return Bad(404, "model_not_found", "model", (f"'{name}'", *near, "GET /v1/models"), asked(model=name))


def wrong(param: str, remedy: str, **changes: Any) -> Bad:
    return Bad(400, "invalid_request", param, (remedy,), asked(**changes))


def unfit(*remedy: str, **changes: Any) -> Bad:
    return Bad(400, "no_eligible_model", "model", remedy, asked(**changes))


def not_json(content: bytes) -> Bad:
    return Bad(400, "invalid_json", None, ("not valid JSON", "Send one JSON object"), content=content)


def no_entry(code: str, remedy: str, headers: Mapping[str, str]) -> Bad:
    return Bad(401, code, None, (remedy,), asked(), type="authentication_error", headers=headers)


BEARER = "Authorization: Bearer <key>"
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "20 degrees"}
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}

BAD_INPUT: dict[str, Bad] = {
    # models
    "a name that is nearly one": named("gpt-5.3", "Did you mean", "gpt-5.2"),
    "a vendor's name that is nearly one": named("anthropic/claude-haiku-4-6", "anthropic/claude-haiku-4.5"),
    "a name like no other": named("zzzzzz", "'auto'"),
    "an unknown model in the list": Bad(
        404, "model_not_found", "turnout.models", ("'gpt-6'",), asked(turnout={"models": ["gpt-5.2", "gpt-6"]})
    ),
    "an unknown goal": wrong("model", "auto:cost", model="auto:speed"),
    "no model": Bad(400, "invalid_request", "model", ("is required",), {"messages": [user()]}),
    # messages
    "no messages": wrong("messages", "at least 1 item", messages=[]),
    "a role that is none": wrong("messages[0].role", "must be one of", messages=[{"role": "robot", "content": "Hi"}]),
    "a tool's result without a call": wrong(
        "messages[1].tool_call_id", "directly before its results", messages=[user(), RESULT]
    ),
    "a call without its result": wrong(
        "messages[0].tool_calls", "one 'tool' message for each call", messages=[CALL, user()]
    ),
    # types
    "a string for a list": wrong("messages", "must be an array", messages="Hi"),
    "a string for a number": wrong("temperature", "must be a number", temperature="hot"),
    "a number out of range": wrong("temperature", "at most 2", temperature=3),
    "a string for a switch": wrong("stream", "true or false", stream="yes"),
    "a number for an object": wrong("tools[0]", "must be an object", tools=[5]),
    "a field that is misspelt": wrong("temprature", "use 'temperature'", temprature=1),
    "a mode that is none": wrong("turnout.mode", "failover", turnout={"mode": "guess"}),
    # bodies
    "an empty body": not_json(b""),
    "half a body": not_json(b'{"model": "gpt-5.2", "messages": ['),
    "bytes that are no text": not_json(b"\xff\xfe\x00"),
    "a list for a body": Bad(400, "invalid_request", None, ("must be a JSON object",), content=b"[]"),
    "a body over the limit": Bad(
        413,
        "request_too_large",
        None,
        (f"more than {QUICK.max_body_bytes} bytes", "Shorten the prompt"),
        asked(messages=[user("x" * QUICK.max_body_bytes)]),
    ),
    # what no model of the chain can do
    "a picture for models that see none": unfit(
        "cannot do images",
        "name another model",
        messages=[user([PICTURE])],
        turnout={"models": ["deepseek-v4-pro", "groq/gpt-oss-20b"]},
    ),
    "a prompt and an answer that fit no window": unfit("its window holds", model="mistral-large", max_tokens=262_144),
    "an answer longer than any": unfit("answers at most", max_tokens=1_000_000),
    "a vendor without a key": unfit("no API key for xai", model="grok-4.3"),
    "more than a request may cost": unfit("may cost", "it needs max_cost_usd", turnout={"max_cost_usd": 0.000001}),
    # keys
    "no key": no_entry("missing_api_key", BEARER, {}),
    "an empty key": no_entry("missing_api_key", BEARER, {"authorization": "Bearer"}),
    "another scheme": no_entry("missing_api_key", BEARER, {"authorization": "Basic dTpw"}),
    "a wrong key": no_entry("invalid_api_key", "Ask whoever runs", {"authorization": "Bearer sk-wrong-wrong"}),
}


async def sent(everything: World, bad: Bad) -> httpx.Response:
    """The response to it, as it comes over the network."""
    body: dict[str, Any] = {"json": bad.json} if bad.content is None else {"content": bad.content}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        return await client.post(everything.url + CHAT, headers=dict(bad.headers), **body)


@pytest.mark.parametrize("bad", BAD_INPUT.values(), ids=BAD_INPUT.keys())
async def test_bad_input_is_told_with_its_field_and_the_remedy(a_world: World, bad: Bad) -> None:
    response = await sent(a_world, bad)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["code"], error["param"]) == (
        bad.status,
        bad.type,
        bad.code,
        bad.param,
    )
    assert [words for words in bad.remedy if words not in error["message"]] == []
    assert response.headers["x-turnout-request-id"]
    assert response.headers["x-turnout-attempts"] == "0"
    assert "Traceback" not in response.text
    assert "sk-" not in response.text
    assert not any(simulator.requests.entries for simulator in a_world.simulators.values()), "no vendor was asked"


@pytest.mark.parametrize("stream", [False, True])
async def test_openais_client_raises_its_own_exceptions(a_world: World, stream: bool) -> None:
    asking, hi = a_world.client, ChatCompletionUserMessageParam(role="user", content="Hi")
    with pytest.raises(NotFoundError, match=r"gpt-5\.2") as unknown:
        await asking.chat.completions.create(model="gpt-5.3", messages=[hi], stream=stream)
    assert unknown.value.param == "model"
    with pytest.raises(BadRequestError, match="at least 1 item") as empty:
        await asking.chat.completions.create(model="auto", messages=[], stream=stream)
    assert empty.value.param == "messages"
    with pytest.raises(AuthenticationError):
        await asking.with_options(api_key="sk-wrong").chat.completions.create(
            model="auto", messages=[hi], stream=stream
        )


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/v1/chat/completions", 405, "'Allow'"),
        ("POST", "/v1/completions", 404, "POST /v1/chat/completions"),
        ("GET", "/v1/models/gpt-5.3", 404, "gpt-5.2"),
    ],
)
async def test_a_wrong_path_is_told_where_to_go(
    a_world: World, method: str, path: str, status: int, words: str
) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {CLIENT_KEY}"}) as client:
        response = await client.request(method, a_world.url + path)
    assert (response.status_code, response.json()["error"]["type"]) == (status, INVALID)
    assert words in response.json()["error"]["message"]


class BrokenKeys:
    """A store of keys that fails as no one expects."""

    async def find(self, secret: str) -> Key | None:
        raise RuntimeError(f"the table is on fire, and {secret} is in it")


async def test_an_error_that_nobody_expected_shows_only_the_id_under_which_the_log_has_it() -> None:
    async with world(keys=BrokenKeys()) as everything:
        with pytest.raises(APIStatusError) as raised:
            await everything.client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}])
    error = raised.value
    assert (error.status_code, error.code, error.type) == (500, "internal_error", "api_error")
    assert error.response.headers["x-turnout-request-id"] in error.message
    assert "fire" not in error.response.text
    assert "Traceback" not in error.response.text
    assert everything.log.rows == []
