"""OpenAI's side of chat completions, which many other vendors speak too.

https://platform.openai.com/docs/api-reference/chat
"""

from local.simulators.personas.openai_chat.errors import error_frame, problem
from local.simulators.personas.openai_chat.reply import body, frames, headers, listing
from local.simulators.personas.openai_chat.request import MODELS_PATH, key, read
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
