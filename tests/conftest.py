"""What holds for every test: no network, nothing of the developer's environment, and Hypothesis without a stopwatch."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

UNIT = Path(__file__).parent / "unit"

# Nothing here is real; the files are those in which an AWS SDK would look next.
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=300, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before any test's module is imported, so that none can keep what it saw."""
    for name in [name for name in os.environ if _private(name)]:
        del os.environ[name]
    os.environ.update(AWS)
    config.option.allow_unix_socket = True  # asyncio wakes its loop through a pair of them


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests open no socket; the others reach this machine only."""
    for item in items:
        inside = UNIT in item.path.parents
        item.add_marker(pytest.mark.disable_socket if inside else pytest.mark.allow_hosts(["127.0.0.1"]))


def _private(name: str) -> bool:
    return name.startswith(("AWS_", "TURNOUT_")) or name.endswith("_API_KEY")
