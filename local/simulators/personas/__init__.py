"""The vendors we can play, by the name of the dialect that they speak.

To add one: a package with the functions of `protocol.Persona`, and a line here.
"""

from local.simulators.personas import anthropic_messages, bedrock_converse, gemini, openai_chat
from local.simulators.personas.protocol import Persona

PERSONAS: dict[str, Persona] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "gemini": gemini,
    "bedrock_converse": bedrock_converse,
}
