"""What OpenAI says when it fails: https://platform.openai.com/docs/guides/error-codes."""

from typing import NamedTuple

from pydantic_core import to_json

from local.simulators.personas.protocol import Frame, Problem
from turnout.core.chat import JSON


class Row(NamedTuple):
    """One error: `message` may name `{model}` and `{retry_after}`."""

    status: int
    type: str
    code: str | None
    param: str | None
    message: str


INVALID = "invalid_request_error"
TABLE = {
    "bad_json": Row(400, INVALID, None, None, "We could not parse the JSON body of your request."),
    "invalid_body": Row(400, INVALID, "invalid_value", None, "Invalid value."),
    "unknown_path": Row(404, INVALID, "unknown_url", None, "Unknown request URL."),
    "no_key": Row(
        401,
        INVALID,
        None,
        None,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY).",
    ),
    "no_such_fault": Row(400, INVALID, "invalid_value", "messages", "No such fault."),
    "bad_parameter": Row(
        400,
        INVALID,
        "decimal_above_max_value",
        "temperature",
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
    ),
    "context_length": Row(
        400,
        INVALID,
        "context_length_exceeded",
        "messages",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 200042 tokens. "
        "Please reduce the length of the messages.",
    ),
    "unauthorized": Row(
        401,
        INVALID,
        "invalid_api_key",
        None,
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    "forbidden": Row(
        403,
        "request_forbidden",
        "unsupported_country_region_territory",
        None,
        "Country, region, or territory not supported",
    ),
    "model_missing": Row(
        404, INVALID, "model_not_found", None, "The model `{model}` does not exist or you do not have access to it."
    ),
    "request_timeout": Row(408, "server_error", "request_timeout", None, "Request timed out."),
    "conflict": Row(409, INVALID, "conflict", None, "The resource was modified by another request. Please retry."),
    "too_large": Row(413, INVALID, "request_too_large", None, "The request body is larger than the maximum size."),
    "unprocessable": Row(422, INVALID, None, None, "The request was well formed but could not be processed."),
    "rate_limited": Row(
        429,
        "requests",
        "rate_limit_exceeded",
        None,
        "Rate limit reached for {model} on requests per min (RPM): Limit 3, Used 3, Requested 1. "
        "Please try again in {retry_after}s.",
    ),
    "quota_exhausted": Row(
        429,
        "insufficient_quota",
        "insufficient_quota",
        None,
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "server_error": Row(
        500, "server_error", None, None, "The server had an error while processing your request. Sorry about that!"
    ),
    "unavailable": Row(
        503, "server_error", None, None, "That model is currently overloaded with other requests. Please try again."
    ),
    "gateway_timeout": Row(504, "server_error", None, None, "The upstream server did not answer in time."),
    "overloaded": Row(529, "server_error", "overloaded", None, "The engine is currently overloaded."),
}


def problem(problem: Problem) -> tuple[int, JSON]:
    """Status and body."""
    row = TABLE[problem.name]
    message = problem.detail or row.message.format(model=problem.model, retry_after=problem.retry_after)
    error = {"message": message, "type": row.type, "param": problem.param or row.param, "code": row.code}
    return row.status, {"error": error}


def error_frame(error: JSON) -> Frame:
    """The error as a data line, which is how it comes within a stream."""
    return Frame("error", b"data: " + to_json(error) + b"\n\n")
