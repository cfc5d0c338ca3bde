"""DynamoDB without an SDK, against a server that refuses, throttles, hangs up and falls silent."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pydantic_core import from_json, to_json

from turnout.store import plain_dynamo
from turnout.store.plain_dynamo import PlainDynamo
from turnout.store.signature import Credentials

type Answer = tuple[int, Any] | str | None

KEY = {"id": {"S": "one"}}
THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"})
HELD = (
    400,
    {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "Item": {"probed": {"N": "7"}}},
)


@contextmanager
def answering(*answers: Answer) -> Generator[tuple[PlainDynamo, list[Any]]]:
    """A client of a server that gives these answers, None: hangs up, a text: no JSON; and what it was asked."""
    asked: list[Any] = []
    left = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked.append(
                (self.headers["x-amz-target"], from_json(self.rfile.read(int(self.headers["content-length"]))))
            )
            if (answer := next(left)) is None:
                self.close_connection = True
                return
            status, body = (200, answer.encode()) if isinstance(answer, str) else (answer[0], to_json(answer[1]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the library's name

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield PlainDynamo(url, "eu-west-1", Credentials("AKIA", "secret")), asked
        server.shutdown()


def test_an_answer_is_what_the_service_said() -> None:
    with answering((200, {"Item": KEY})) as (client, asked):
        assert client.get_item(TableName="t", Key=KEY) == {"Item": KEY}
    assert asked == [("DynamoDB_20120810.GetItem", {"TableName": "t", "Key": KEY})]


@pytest.mark.parametrize("trouble", [None, (500, {}), THROTTLED], ids=["hung up", "500", "throttled"])
def test_what_passes_is_tried_again(trouble: Answer) -> None:
    with answering((200, {}), trouble, (200, {})) as (client, asked):
        for _ in range(2):
            client.put_item(TableName="t", Item=KEY)
    assert len(asked) == 3


def test_it_gives_up_after_two_tries() -> None:
    with answering(THROTTLED, THROTTLED) as (client, _), pytest.raises(ClientError, match="slow down"):
        client.put_item(TableName="t", Item=KEY)
    with answering(None, None) as (client, _), pytest.raises(BotoCoreError):
        client.put_item(TableName="t", Item=KEY)


@pytest.mark.parametrize(
    "trouble", [None, (500, {}), THROTTLED, "no JSON"], ids=["hung up", "500", "throttled", "text"]
)
async def test_what_passes_is_tried_again_on_the_loop_too(trouble: Answer) -> None:
    with answering((200, {}), trouble, (200, {"Attributes": KEY})) as (client, asked):
        assert await client.put(TableName="t", Item=KEY) == {}
        assert await client.put(TableName="t", Item=KEY) == {"Attributes": KEY}
    assert asked == [("DynamoDB_20120810.PutItem", {"TableName": "t", "Item": KEY})] * 3


async def test_it_gives_up_after_two_tries_on_the_loop_too() -> None:
    with answering(THROTTLED, THROTTLED) as (client, _), pytest.raises(ClientError, match="slow down"):
        await client.put(TableName="t", Item=KEY)
    with answering(None, None) as (client, _), pytest.raises(BotoCoreError):
        await client.put(TableName="t", Item=KEY)
    with answering(HELD) as (client, asked), pytest.raises(client.exceptions.ConditionalCheckFailedException):
        await client.put(TableName="t", Item=KEY)
    assert len(asked) == 1


async def test_many_writes_at_once_have_a_connection_each() -> None:
    with answering(*[(200, {"n": {"N": str(number)}}) for number in range(20)]) as (client, asked):
        told = await asyncio.gather(*(client.put(TableName="t", Item=KEY) for _ in range(20)))
    assert len(asked) == len(told) == 20
    assert {one["n"]["N"] for one in told} == {str(number) for number in range(20)}


def test_a_condition_that_does_not_hold_is_told_with_what_is_there_and_not_tried_again() -> None:
    with answering(HELD) as (client, asked), pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        client.update_item(TableName="t", Key=KEY)
    assert caught.value.response["Item"] == {"probed": {"N": "7"}}  # pyright: ignore[reportTypedDictNotRequiredAccess, reportGeneralTypeIssues] - of the service
    assert len(asked) == 1


def test_pages_follow_each_other() -> None:
    first: Answer = (200, {"Items": [KEY], "LastEvaluatedKey": KEY})
    with answering(first, (200, {"Items": []})) as (client, asked):
        found = list(client.get_paginator("query").paginate(TableName="t"))
    assert [page["Items"] for page in found] == [[KEY], []]
    assert asked[1] == ("DynamoDB_20120810.Query", {"TableName": "t", "ExclusiveStartKey": KEY})


def test_two_tries_of_one_transaction_have_one_token() -> None:
    with answering((500, {}), (200, {})) as (client, asked):
        client.transact_write_items(TransactItems=[])
    first, second = (body["ClientRequestToken"] for _, body in asked)
    assert first == second


async def test_silence_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_dynamo, "READ_SECONDS", 0.1)
    release = threading.Event()
    wait: Callable[[], bool] = release.wait

    class Silent(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wait()

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = PlainDynamo(f"http://127.0.0.1:{server.server_port}", "eu-west-1", Credentials("AKIA", "secret"))
        with pytest.raises(BotoCoreError):
            client.put_item(TableName="t", Item=KEY)
        with pytest.raises(BotoCoreError):
            await client.put(TableName="t", Item=KEY)
        release.set()
        server.shutdown()
