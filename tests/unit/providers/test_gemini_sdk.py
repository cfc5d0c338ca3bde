"""Google's SDK as the judge: asked for the same thing, it must send what the dialect sends."""

import base64

import httpx
from google.genai import Client, types

from tests.unit.providers.gemini_bodies import PNG, SCHEMA, WEATHER, GenerateContentRequest, model, said
from turnout.core.chat import Chat, Image, JsonSchema, NamedTool, ToolCall
from turnout.providers.dialects import gemini

SIGNATURE = "U2ln"
URL = "https://pictures.test/a.png"

CHAT = Chat(
    (
        said("system", "Be brief."),
        said("user", "Hi", Image(data=PNG, media_type="image/png", detail="high"), Image(url=URL)),
        said(
            "assistant",
            tool_calls=(ToolCall("a", "weather", '{"city":"Paris"}', {"gemini": {"thought_signature": SIGNATURE}}),),
        ),
        said("tool", "18 degrees", tool_call_id="a"),
    ),
    tools=(WEATHER,),
    tool_choice=NamedTool("weather"),
    response_format=JsonSchema("place", SCHEMA),
    stop=("a", "b"),
    temperature=0.5,
    top_p=0.9,
    max_tokens=9,
    seed=1,
    n=2,
    reasoning_effort="low",
    frequency_penalty=0.1,
    presence_penalty=0.2,
    logprobs=True,
    top_logprobs=3,
)

CONTENTS = [
    types.Content(
        role="user",
        parts=[
            types.Part(text="Hi"),
            types.Part(inline_data=types.Blob(mime_type="image/png", data=base64.b64decode(PNG))),
            types.Part(file_data=types.FileData(file_uri=URL, mime_type="image/png")),
        ],
    ),
    types.Content(
        role="model",
        parts=[
            types.Part(
                function_call=types.FunctionCall(id="a", name="weather", args={"city": "Paris"}),
                thought_signature=base64.b64decode(SIGNATURE),
            )
        ],
    ),
    types.Content(
        role="user",
        parts=[
            types.Part(
                function_response=types.FunctionResponse(id="a", name="weather", response={"result": "18 degrees"})
            )
        ],
    ),
]

CONFIG = types.GenerateContentConfig(
    system_instruction="Be brief.",
    temperature=0.5,
    top_p=0.9,
    max_output_tokens=9,
    stop_sequences=["a", "b"],
    seed=1,
    candidate_count=2,
    frequency_penalty=0.1,
    presence_penalty=0.2,
    response_logprobs=True,
    logprobs=3,
    response_mime_type="application/json",
    response_json_schema=SCHEMA,
    media_resolution=types.MediaResolution.MEDIA_RESOLUTION_HIGH,
    thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW),
    tools=[
        types.Tool(
            function_declarations=[
                types.FunctionDeclaration(
                    name=WEATHER.name, description=WEATHER.description, parameters_json_schema=SCHEMA
                )
            ]
        )
    ],
    tool_config=types.ToolConfig(
        function_calling_config=types.FunctionCallingConfig(
            mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["weather"]
        )
    ),
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)


def sent_by_the_sdk() -> httpx.Request:
    """The request that the SDK makes of CONTENTS and CONFIG."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"candidates": [{"content": {"parts": [{"text": "{}"}]}}]})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    options = types.HttpOptions(base_url="https://example.test", api_version="v1beta", httpx_client=http)
    Client(api_key="test-key", http_options=options).models.generate_content(  # pyright: ignore[reportUnknownMemberType]  PIL is not installed
        model="gemini-3-flash-preview", contents=list(CONTENTS), config=CONFIG
    )
    return sent[0]


def test_the_sdk_sends_the_same() -> None:
    ours, theirs = gemini.request(CHAT, model()), sent_by_the_sdk()
    assert str(theirs.url) == model().vendor.base_url + ours.path
    assert theirs.headers["x-goog-api-key"] == ours.headers["x-goog-api-key"]
    body = GenerateContentRequest.model_validate_json(theirs.content)
    assert body.systemInstruction is not None
    body.systemInstruction.role = None  # the SDK calls it the user's, the documentation says nothing
    assert GenerateContentRequest.model_validate(ours.body) == body
