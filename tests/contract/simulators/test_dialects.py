"""What Turnout sends for any model of its catalog is accepted by its vendor's simulator, and the answer is read."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic_core import from_json, to_json

from local.simulators import Simulator
from local.simulators.personas import PERSONAS
from tests.contract.simulators.conftest import AT_ONCE
from turnout import catalog
from turnout.core.chat import Chat, Image, JsonSchema, Message, NamedTool, Text, Tool
from turnout.core.events import Answer, collected
from turnout.core.models import Auth, Capability, Model
from turnout.providers.bedrock import AwsSignature
from turnout.providers.dialects import DIALECTS
from turnout.providers.http import FRAMES, Sign

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "k": {"$ref": "#/$defs/K"}},
    "required": ["n", "k"],
    "additionalProperties": False,
    "$defs": {"K": {"enum": ["a", "b"], "type": "string"}},
}
TOOLS = (
    Tool("weather", "the weather", {"type": "object", "properties": {"city": {"type": "string"}}}),
    Tool("now"),
)
PICTURE = Image(data="aGk=", media_type="image/png")

SIGNATURES: dict[Auth, Sign] = {"aws": AwsSignature("us-east-1")}


def user(text: str, **fields: Any) -> Chat:
    return Chat((Message("user", (Text(text),)),), **fields)


def seen(image: Image) -> Chat:
    return Chat((Message("user", (Text("look"), image)),))


CASES: dict[str, tuple[Capability | None, Chat, str]] = {
    "system": (None, Chat((Message("system", (Text("brief"),)), Message("user", (Text("hi"),)))), "You said: hi"),
    "most": (None, user("one two three", max_tokens=500), "You said: one two three"),
    "stop": ("stop", user("one two three", stop=("three",)), "You said: one two "),
    "temperature": ("temperature", user("hi", temperature=0.5), "You said: hi"),
    "top_p": ("top_p", user("hi", top_p=0.5), "You said: hi"),
    "seed": ("seed", user("hi", seed=3), "You said: hi"),
    "n": ("n", user("hi", n=2), "You said: hi"),
    "effort": ("reasoning", user("hi", reasoning_effort="low"), "You said: hi"),
    "object": ("json_object", user("as json"), "You said: as json"),
    "schema": ("json_schema", user("hi", response_format=JsonSchema("a", SCHEMA)), '{"n":1,"k":"a"}'),
    "image": ("images", seen(PICTURE), "You said: look (with 1 image)"),
    "image_url": ("image_urls", seen(Image(url="https://example.com/a.png")), "You said: look (with 1 image)"),
    "prefix": ("prefix", user("hi", prefix="You said: "), "hi"),
    "tools": ("tools", user("weather and now", tools=TOOLS), "The tool said"),
    "named": ("tool_choice", user("hi", tools=TOOLS, tool_choice=NamedTool("now")), "The tool said"),
    "one": ("parallel_tools", user("weather and now", tools=TOOLS, parallel_tool_calls=False), "The tool said"),
}


async def ask(http: httpx.AsyncClient, url: str, model: Model, chat: Chat) -> Answer:
    dialect = DIALECTS[model.vendor.dialect]
    request = dialect.request(chat, model)
    headers = {"content-type": "application/json", **request.headers}
    sent = http.build_request("POST", url + request.path, content=to_json(request.body), headers=headers)
    if sign := SIGNATURES.get(model.vendor.auth):
        await sign(sent)
    response = await http.send(sent)
    assert response.status_code == 200, response.text
    if not chat.stream:
        return collected(dialect.reply(from_json(response.content)))
    frames, decoder = FRAMES[dialect.FRAMING](response.headers), dialect.stream()
    events = [event for name, data in frames.feed(response.content) for event in decoder.feed(name, data)]
    return collected([*events, *decoder.close()])


async def concluded(http: httpx.AsyncClient, url: str, model: Model, chat: Chat) -> Answer:
    """The answer; where tools are called, the one that follows their results."""
    answer = await ask(http, url, model, chat)
    if not (calls := tuple(answer.choices[0].tool_calls)):
        return answer
    results = [Message("tool", (Text("mild"),), tool_call_id=call.id) for call in calls]
    turns = (*chat.messages, Message("assistant", tool_calls=calls), *results)
    return await ask(http, url, model, replace(chat, messages=turns, tool_choice=None))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dialect", PERSONAS)
async def test_our_requests_are_accepted_and_the_answers_read(dialect: str, case: str, stream: bool) -> None:
    capability, chat, text = CASES[case]
    able = [
        model
        for model in catalog.load({}, {}, None, "us-east-1").all()
        if capability is None or capability in model.capabilities
    ]
    async with Simulator(dialect, pace=AT_ONCE) as simulator, httpx.AsyncClient(verify=False) as http:  # noqa: S501  # no TLS here
        for model in able:
            if model.vendor.dialect == dialect:
                keyed = replace(model, vendor=replace(model.vendor, key="a-simulated-key"))
                answer = await concluded(http, simulator.base_url, keyed, replace(chat, stream=stream))
                assert (answer.choices[0].text).strip().startswith(text.strip())
                assert answer.done is not None
                assert answer.done.usage is not None
