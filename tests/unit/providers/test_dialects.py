"""The dialects by name, imported when they are needed."""

import subprocess
import sys

import pytest

from turnout.providers.dialects import DIALECTS, anthropic_messages, bedrock_converse, gemini, openai_chat
from turnout.providers.dialects.protocol import Dialect

# The type checker holds each module to the protocol here, since it cannot see what an import by name gives.
MODULES: dict[str, Dialect] = {
    "anthropic_messages": anthropic_messages,
    "bedrock_converse": bedrock_converse,
    "gemini": gemini,
    "openai_chat": openai_chat,
}

LOADED = """
import sys
from turnout import bootstrap
from turnout.config import Config
bootstrap.services(Config.from_env({env}))
print(*(name for name in {names} if f"turnout.providers.dialects.{{name}}" in sys.modules))
"""


def test_every_dialect_is_found_by_its_name() -> None:
    assert dict(DIALECTS) == MODULES
    assert len(DIALECTS) == len(MODULES)


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="protocol"):
        DIALECTS["protocol"]  # a module in the same folder, and no dialect


@pytest.mark.parametrize(
    ("env", "loaded"),
    [
        ({}, ""),
        ({"OPENAI_API_KEY": "x"}, "openai_chat"),
        ({"ANTHROPIC_API_KEY": "x", "GEMINI_API_KEY": "x"}, "anthropic_messages gemini"),
        ({"TURNOUT_BEDROCK_REGION": "eu-west-1"}, "bedrock_converse"),
    ],
)
def test_only_the_dialects_of_vendors_that_can_be_asked_are_loaded_at_start(env: dict[str, str], loaded: str) -> None:
    code = LOADED.format(env=env, names=tuple(MODULES))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert done.stdout.strip() == loaded
