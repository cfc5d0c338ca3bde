"""The optimizer's function is started at once, or run to the end, and what goes wrong is told."""

from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic_core import from_json

from turnout.store.dynamo import StoreUnavailable
from turnout.store.starter import LambdaStarter


class FakeLambda:
    """A function that gives an answer."""

    def __init__(self, payload: bytes = b"", error: ClientError | None = None, **answer: Any) -> None:
        self.asked: list[dict[str, Any]] = []
        self.error, self.answer = error, {"Payload": BytesIO(payload), **answer}

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return self.answer


async def test_a_start_does_not_wait() -> None:
    function = FakeLambda()
    await LambdaStarter("optimizer", function).start("2026-11-24-030000")
    [asked] = function.asked
    assert (asked["FunctionName"], asked["InvocationType"]) == ("optimizer", "Event")
    assert from_json(asked["Payload"]) == {"job": "optimize", "run": "2026-11-24-030000"}


async def test_a_run_gives_what_came_of_it() -> None:
    function = FakeLambda(b'{"status": "done"}')
    assert await LambdaStarter("optimizer", function).run("2026-11-24-030000") == {"status": "done"}
    assert function.asked[0]["InvocationType"] == "RequestResponse"


async def test_a_run_that_failed_says_why() -> None:
    function = FakeLambda(b'{"errorMessage": "AccessDenied to the bucket"}', FunctionError="Unhandled")
    with pytest.raises(StoreUnavailable, match="AccessDenied to the bucket"):
        await LambdaStarter("optimizer", function).run("2026-11-24-030000")


async def test_a_function_that_cannot_be_reached_is_told() -> None:
    function = FakeLambda(error=ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Invoke"))
    with pytest.raises(StoreUnavailable, match="could not be started"):
        await LambdaStarter("optimizer", function).start("2026-11-24-030000")
