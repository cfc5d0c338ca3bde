"""What Bedrock says when it fails.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html. Statuses that AWS does not
use itself come from what stands between it and us.
"""

from typing import NamedTuple

from local.event_stream import exception
from local.simulators.personas.protocol import Frame, Problem
from turnout.core.chat import JSON

NAMESPACE = "http://internal.amazon.com/coral/com.amazon.bedrock/"


class Row(NamedTuple):
    """One error."""

    status: int
    type: str
    message: str


INVALID = "ValidationException"
TABLE = {
    "bad_json": Row(400, "SerializationException", "The request body is no JSON."),
    "invalid_body": Row(400, INVALID, "1 validation error detected."),
    "unknown_path": Row(404, "UnknownOperationException", "There is no such operation."),
    "no_key": Row(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    "no_such_fault": Row(400, INVALID, "No such fault."),
    "bad_parameter": Row(
        400,
        INVALID,
        "1 validation error detected: Value '3.0' at 'inferenceConfig.temperature' failed to satisfy constraint: "
        "Member must have value less than or equal to 1",
    ),
    "context_length": Row(400, INVALID, "Input is too long for requested model."),
    "unauthorized": Row(401, "UnrecognizedClientException", "The security token included in the request is invalid."),
    "forbidden": Row(403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
    "model_missing": Row(
        404,
        "ResourceNotFoundException",
        "Could not resolve the foundation model from the provided model identifier.",
    ),
    "request_timeout": Row(
        408, "ModelTimeoutException", "Model has timed out in processing the request. Try your request again."
    ),
    "conflict": Row(409, "ConflictException", "Another request was in the way. Try your request again."),
    "too_large": Row(413, "RequestEntityTooLargeException", "The request is larger than 25000000 bytes."),
    "unprocessable": Row(422, INVALID, "The request could not be processed."),
    "rate_limited": Row(429, "ThrottlingException", "Too many requests, please wait before trying again."),
    "quota_exhausted": Row(
        429, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account."
    ),
    "server_error": Row(
        500,
        "InternalServerException",
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    "unavailable": Row(503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
    "gateway_timeout": Row(504, "ServiceUnavailableException", "The back end did not answer in time."),
    "overloaded": Row(529, "ServiceUnavailableException", "Bedrock is overloaded."),
}


def problem(problem: Problem) -> tuple[int, JSON]:
    """Status and body."""
    row = TABLE[problem.name]
    return row.status, {"message": problem.detail or row.message, "__type": row.type}


def error_headers(error: JSON) -> dict[str, str]:
    """The error's type, where the SDKs look for it first."""
    return {"x-amzn-errortype": f"{error['__type']}:{NAMESPACE}"}


def error_frame(error: JSON) -> Frame:
    """The error as a message of its own kind, which is how it comes within a stream."""
    kind: str = error["__type"]
    return Frame("error", exception(kind[0].lower() + kind[1:], {"message": error["message"]}))
