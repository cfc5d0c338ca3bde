"""Where `turnout --laptop` finds what is running: a file that is there while it is, and that only its owner reads."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic_core import to_json

from turnout.cli.laptop import WHERE


@contextmanager
def announced(settings: Mapping[str, str], path: Path = WHERE) -> Generator[None]:
    """Write it, and remove it again unless another laptop has written its own meanwhile."""
    text = to_json(dict(settings), indent=2)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(text)
    try:
        yield
    finally:
        if path.exists() and path.read_bytes() == text:
            path.unlink()
