"""One event that Lambda hands out, with what it says of the function and of time."""

import os
import time
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Self

from turnout.core.frozen import frozen

MARGIN = 1.0
"""Seconds kept of Lambda's limit, in which the loop ends an answer honestly before Lambda ends the environment."""
RESERVE = MARGIN + 1.0
"""Seconds of that limit which the app should leave, so that it can end its answer itself, and write its row."""


def _lambda(name: str) -> str:
    return field(default_factory=lambda: os.environ.get(f"AWS_LAMBDA_{name}", ""))


@frozen
class Context:
    """The context object that Python handlers get, as far as it holds for us.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html; the app finds it in `scope["aws.context"]`, as it
    does under Mangum. `deadline_ms` is in milliseconds since the epoch.
    """

    aws_request_id: str
    invoked_function_arn: str
    deadline_ms: int
    function_name: str = _lambda("FUNCTION_NAME")
    function_version: str = _lambda("FUNCTION_VERSION")
    memory_limit_in_mb: str = _lambda("FUNCTION_MEMORY_SIZE")
    log_group_name: str = _lambda("LOG_GROUP_NAME")
    log_stream_name: str = _lambda("LOG_STREAM_NAME")

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends this invocation by force; never negative."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


@frozen
class Invocation:
    """An event and its context; `trace` is the X-Ray header, empty when there is none."""

    event: Any
    context: Context
    trace: str

    @classmethod
    def of(cls, headers: Mapping[str, str], event: Any) -> Self:
        """What `/invocation/next` answered; the headers' names are in lower case."""
        context = Context(
            aws_request_id=headers["lambda-runtime-aws-request-id"],
            invoked_function_arn=headers.get("lambda-runtime-invoked-function-arn", ""),
            deadline_ms=int(headers["lambda-runtime-deadline-ms"]),
        )
        return cls(event, context, headers.get("lambda-runtime-trace-id", ""))


def remaining(scope: Mapping[str, Any]) -> float | None:
    """Seconds in which the app should be done, by an ASGI scope of ours or of Mangum; None where no Lambda is."""
    context = scope.get("aws.context")
    return None if context is None else max(0.0, context.get_remaining_time_in_millis() / 1000 - RESERVE)
