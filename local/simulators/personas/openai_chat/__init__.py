"""OpenAI's side of chat completions, which many other vendors speak too.

https://platform.openai.com/docs/api-reference/chat
"""

from local.simulators.personas.openai_chat.errors import error_frame, problem
from local.simulators.personas.openai_chat.reply import body, frames, headers, listing
from local.simulators.personas.openai_chat.request import MODELS_PATH, key, read

__all__ = ["MODELS_PATH", "body", "error_frame", "frames", "headers", "key", "listing", "problem", "read"]
