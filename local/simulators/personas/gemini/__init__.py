"""Google's side of generateContent: https://ai.google.dev/api/generate-content."""

from local.simulators.personas.gemini.errors import error_frame, problem
from local.simulators.personas.gemini.reply import body, frames, headers, listing
from local.simulators.personas.gemini.request import MODELS_PATH, key, read

__all__ = ["MODELS_PATH", "body", "error_frame", "frames", "headers", "key", "listing", "problem", "read"]
