"""Anthropic's side of messages: https://platform.claude.com/docs/en/api/messages."""

from local.simulators.personas.anthropic_messages.errors import error_frame, problem
from local.simulators.personas.anthropic_messages.reply import body, frames, headers, listing
from local.simulators.personas.anthropic_messages.request import MODELS_PATH, key, read

__all__ = ["MODELS_PATH", "body", "error_frame", "frames", "headers", "key", "listing", "problem", "read"]
