"""Google's side of generateContent: https://ai.google.dev/api/generate-content."""

from local.simulators.personas.gemini.errors import error_frame, problem
from local.simulators.personas.gemini.reply import body, frames, headers, listing
from local.simulators.personas.gemini.request import MODELS_PATH, key, read
from local.simulators.personas.protocol import SSE
from local.simulators.personas.protocol import no_headers as error_headers

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

STREAM_TYPE: str = SSE
