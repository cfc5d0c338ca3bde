"""What Anthropic says when it fails: https://platform.claude.com/docs/en/api/errors."""

from typing import NamedTuple

from pydantic_core import to_json

from local.simulators.personas.protocol import Frame, Problem
from turnout.core.chat import JSON


class Row(NamedTuple):
    """One error: `message` may name `{model}`; `code` is the stable name that some carry in `details`."""

    status: int
    type: str
    message: str
    code: str = ""


INVALID = "invalid_request_error"
TABLE = {
    "bad_json": Row(400, INVALID, "The request body is not valid JSON."),
    "invalid_body": Row(400, INVALID, "Invalid request."),
    "unknown_path": Row(404, "not_found_error", "Not Found"),
    "no_key": Row(401, "authentication_error", "x-api-key header is required"),
    "no_such_fault": Row(400, INVALID, "No such fault."),
    "bad_parameter": Row(400, INVALID, "temperature: range: 0..1"),
    "context_length": Row(400, INVALID, "prompt is too long: 200042 tokens > 200000 maximum"),
    "unauthorized": Row(401, "authentication_error", "invalid x-api-key"),
    "forbidden": Row(403, "permission_error", "Your API key does not have permission to use the specified resource."),
    "model_missing": Row(404, "not_found_error", "model: {model}"),
    "request_timeout": Row(408, "timeout_error", "Request timed out"),
    "conflict": Row(409, "conflict_error", "The request conflicts with another one. Please retry."),
    "too_large": Row(413, "request_too_large", "Request exceeds the maximum size"),
    "unprocessable": Row(422, INVALID, "The request could not be processed."),
    "rate_limited": Row(
        429,
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 50 requests per minute. "
        "For details, refer to: https://docs.claude.com/en/api/rate-limits.",
    ),
    "quota_exhausted": Row(
        429,
        "rate_limit_error",
        "Your organization has reached its monthly spend limit. Please go to Plans & Billing to raise it.",
        "enforced_spend_limit_reached",
    ),
    "server_error": Row(500, "api_error", "Internal server error"),
    "unavailable": Row(503, "api_error", "Service temporarily unavailable"),
    "gateway_timeout": Row(504, "timeout_error", "The request timed out while it was processed."),
    "overloaded": Row(529, "overloaded_error", "Overloaded"),
}


def problem(problem: Problem) -> tuple[int, JSON]:
    """Status and body."""
    row = TABLE[problem.name]
    error: JSON = {"type": row.type, "message": problem.detail or row.message.format(model=problem.model)}
    if row.code:
        error["details"] = {"error_code": row.code}
    return row.status, {"type": "error", "error": error, "request_id": "req_011SimulatedRequest"}


def error_frame(error: JSON) -> Frame:
    """The error as an event of its own name, which is how it comes within a stream."""
    return Frame("error", b"event: error\ndata: " + to_json(error) + b"\n\n")
