"""Turnout: an OpenAI-compatible gateway to many language models."""
