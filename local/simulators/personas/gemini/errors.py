"""What Google says when it fails: google.rpc.Status, https://cloud.google.com/apis/design/errors#http_mapping."""

from typing import NamedTuple

from pydantic_core import to_json

from local.simulators.personas.protocol import Frame, Problem
from turnout.core.chat import JSON

TYPES = "type.googleapis.com/google.rpc."


class Row(NamedTuple):
    """One error: `message` may name `{model}`; `quota` is the id of the quota that is used up."""

    code: int
    status: str
    message: str
    quota: str = ""


INVALID = "INVALID_ARGUMENT"
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. "
    "For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)
TABLE = {
    "bad_json": Row(400, INVALID, "Invalid JSON payload received. Unexpected token."),
    "invalid_body": Row(400, INVALID, "Request contains an invalid argument."),
    "unknown_path": Row(404, "NOT_FOUND", "Requested entity was not found."),
    "no_key": Row(
        403,
        "PERMISSION_DENIED",
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API.",
    ),
    "no_such_fault": Row(400, INVALID, "No such fault."),
    "bad_parameter": Row(
        400,
        INVALID,
        "* GenerateContentRequest.generation_config.temperature: "
        "temperature must be in the range of [0.0, 2.0], but got 3.0.",
    ),
    "context_length": Row(
        400, INVALID, "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."
    ),
    "unauthorized": Row(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential.",
    ),
    "forbidden": Row(403, "PERMISSION_DENIED", "The caller does not have permission"),
    "model_missing": Row(
        404,
        "NOT_FOUND",
        "models/{model} is not found for API version v1beta, or is not supported for generateContent. "
        "Call ListModels to see the list of available models and their supported methods.",
    ),
    "request_timeout": Row(408, "DEADLINE_EXCEEDED", "The request timed out. Please try again."),
    "conflict": Row(409, "ABORTED", "The operation was aborted."),
    "too_large": Row(413, INVALID, "Request payload size exceeds the limit: 20971520 bytes."),
    "unprocessable": Row(422, INVALID, "The request could not be processed."),
    "rate_limited": Row(429, "RESOURCE_EXHAUSTED", QUOTA, "GenerateRequestsPerMinutePerProjectPerModel"),
    "quota_exhausted": Row(429, "RESOURCE_EXHAUSTED", QUOTA, "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
    "server_error": Row(500, "INTERNAL", "An internal error has occurred. Please retry or report."),
    "unavailable": Row(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "gateway_timeout": Row(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    "overloaded": Row(529, "UNAVAILABLE", "The model is overloaded. Please try again later."),
}


def problem(problem: Problem) -> tuple[int, JSON]:
    """Status and body."""
    row = TABLE[problem.name]
    message = problem.detail or row.message.format(model=problem.model)
    error: JSON = {"code": row.code, "message": message, "status": row.status}
    if row.quota:
        error["details"] = details(row.quota, problem)
    return row.code, {"error": error}


def details(quota: str, problem: Problem) -> list[JSON]:
    """Which quota is used up, and how long to wait."""
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
        "quotaId": quota,
        "quotaDimensions": {"location": "global", "model": problem.model},
        "quotaValue": "20",
    }
    return [
        {"@type": f"{TYPES}QuotaFailure", "violations": [violation]},
        {"@type": f"{TYPES}RetryInfo", "retryDelay": f"{problem.retry_after}s"},
    ]


def error_frame(error: JSON) -> Frame:
    """The error in place of an answer, which is how it comes within a stream."""
    return Frame("error", b"data: " + to_json(error) + b"\r\n\r\n")
