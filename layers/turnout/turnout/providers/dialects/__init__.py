"""The wire formats we speak to vendors: one pure module each, and the dict that names them.

A dialect turns a chat into a body and a vendor's bytes into events; it sends nothing. To add one, write a module with
the functions of `protocol.Dialect`, add a line to `DIALECTS`, and cases under `tests/contract/cases/<name>/`.
"""

from turnout.providers.dialects import anthropic_messages, bedrock_converse, gemini, openai_chat
from turnout.providers.dialects.protocol import Dialect

DIALECTS: dict[str, Dialect] = {
    "anthropic_messages": anthropic_messages,
    "bedrock_converse": bedrock_converse,
    "gemini": gemini,
    "openai_chat": openai_chat,
}
