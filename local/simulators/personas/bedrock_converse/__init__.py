"""Bedrock's side of Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html."""

from local.simulators.personas.bedrock_converse.errors import error_frame, error_headers, problem
from local.simulators.personas.bedrock_converse.reply import STREAM_TYPE, body, frames, headers, listing
from local.simulators.personas.bedrock_converse.request import MODELS_PATH, key, read

__all__ = [
    "MODELS_PATH",
    "STREAM_TYPE",
    "body",
    "error_frame",
    "error_headers",
    "frames",
    "headers",
    "key",
    "listing",
    "problem",
    "read",
]
