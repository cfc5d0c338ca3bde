"""Requests to Bedrock are signed as AWS's own SDK signs them, and no others are."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import botocore.session
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.event_stream import event
from tests.fakes import FakeClock
from turnout.config import Timeouts
from turnout.core.chat import Chat, Message, Text
from turnout.core.errors import AccessDenied
from turnout.core.events import Answer, collect
from turnout.core.models import Auth, Model, Vendor
from turnout.core.ports import Call, Deadline
from turnout.core.records import Record
from turnout.providers.bedrock import AwsSignature
from turnout.providers.http import HttpVendors, Sign

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
URL = "https://bedrock-runtime.eu-west-1.amazonaws.com"
BEDROCK = Vendor("bedrock", "bedrock_converse", URL, needs_key=False, auth="aws")
KEYED = Vendor("acme", "openai_chat", "https://acme.test/v1", key="sk-secret")
REPLY = {
    "output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
}
STREAM = (
    event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "hi"}})
    + event("messageStop", {"stopReason": "end_turn"})
    + event("metadata", {"usage": REPLY["usage"]})
)


@pytest.fixture(autouse=True)
def _at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-token")


class Vendors:
    """Vendors that keep what they are asked."""

    def __init__(self, vendor: Vendor, *, stream: bool = False) -> None:
        self.seen: list[httpx.Request] = []
        self.vendor, self.stream = vendor, stream

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if self.stream:
            return httpx.Response(200, headers={"content-type": "application/vnd.amazon.eventstream"}, content=STREAM)
        if self.vendor is BEDROCK:
            return httpx.Response(200, json=REPLY)
        choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
        return httpx.Response(200, json={"choices": [choice]})

    async def ask(self, upstream: str = "us.amazon.nova-pro-v1:0") -> Answer:
        clock = FakeClock()
        deadline = Deadline(clock.monotonic() + 5, clock)
        chat = Chat((Message("user", (Text("grüezi"),)),), stream=self.stream)
        model = Model("m", self.vendor, upstream, 1000, 100, frozenset(), ())
        call = Call(chat, model, share=deadline, limit=deadline, record=Record("01J", 0.0, "k", "m", self.stream))
        signatures: dict[Auth, Sign] = {"aws": AwsSignature("eu-west-1")}
        return await collect(HttpVendors(httpx.MockTransport(self.answer), Timeouts(), signatures).ask(call))


def signed_by_the_sdk(upstream: str, body: bytes) -> dict[str, str]:
    """The headers with which AWS's SDK would send this."""
    url = f"{URL}/model/{quote(upstream, safe='')}/converse"
    request = AWSRequest("POST", url, {"Content-Type": "application/json"}, body)
    SigV4Auth(Credentials("test", "test", "a-session-token"), "bedrock", "eu-west-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize(
    "upstream", ["us.amazon.nova-pro-v1:0", "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.m-v1:0"]
)
async def test_a_request_is_signed_with_the_credentials_of_this_process(upstream: str) -> None:
    vendors = Vendors(BEDROCK)
    await vendors.ask(upstream)
    request = vendors.seen[0]
    expected = signed_by_the_sdk(upstream, request.content)
    assert {name: request.headers[name] for name in expected} == expected
    assert expected["authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/20261124/eu-west-1/bedrock/aws4_req")
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token" in expected["authorization"]


class Sent(Exception):
    """The SDK is about to send a request to this URL."""


def about_to_send(request: Any, **_: Any) -> None:
    raise Sent(request.url)


async def test_the_url_is_the_one_that_the_sdk_would_ask() -> None:
    client: Any = botocore.session.Session().create_client("bedrock-runtime", region_name="eu-west-1")
    client.meta.events.register("before-send", about_to_send)
    with pytest.raises(Sent) as sent:
        client.converse(modelId="us.amazon.nova-pro-v1:0", messages=[{"role": "user", "content": [{"text": "hi"}]}])
    vendors = Vendors(BEDROCK)
    await vendors.ask()
    assert str(vendors.seen[0].url) == str(sent.value)
    assert vendors.seen[0].url.raw_path == b"/model/us.amazon.nova-pro-v1%3A0/converse"


async def test_a_stream_is_asked_for_at_its_own_path_and_read_in_its_own_framing() -> None:
    vendors = Vendors(BEDROCK, stream=True)
    answer = await vendors.ask()
    assert answer.choices[0].text == "hi"
    assert vendors.seen[0].url.path.endswith("/converse-stream")
    assert "authorization" in vendors.seen[0].headers


async def test_a_vendor_with_a_key_is_not_signed_for() -> None:
    vendors = Vendors(KEYED)
    await vendors.ask()
    assert vendors.seen[0].headers["authorization"] == "Bearer sk-secret"
    assert not [name for name in vendors.seen[0].headers if name.startswith("x-amz")]


async def test_without_credentials_access_is_denied_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_") and "KEY" in name]:
        monkeypatch.delenv(name)
    vendors = Vendors(BEDROCK)
    with pytest.raises(AccessDenied, match="no AWS credentials for Bedrock: NoCredentialsError"):
        await vendors.ask()
    assert not vendors.seen


def test_nothing_of_botocore_is_loaded_until_bedrock_is_asked() -> None:
    code = "import sys, turnout.providers.http, turnout.providers.bedrock; print('botocore' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert told.stdout.strip() == "False"
