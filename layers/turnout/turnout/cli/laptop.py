"""`--laptop`: the deployment is the one that `make run` has started from this folder."""

import os
from collections.abc import MutableMapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from turnout.cli.command import CannotDo

WHERE = Path(".turnout/laptop.json")
"""What `make run` writes while it runs: the settings that lead to its AWS and its tables."""


def laptop_settings(path: Path = WHERE, environ: MutableMapping[str, str] = os.environ) -> dict[str, str]:
    """{"TURNOUT_KEYS_TABLE": "...", ...}; what the AWS SDK reads goes into `environ`. Raises CannotDo."""
    try:
        settings = TypeAdapter(dict[str, str]).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise CannotDo(f"there is no {path}: start Turnout with `make run`, and ask from the same folder") from None
    except (OSError, ValidationError) as error:
        raise CannotDo(f"{path} cannot be read: {type(error).__name__}") from None
    environ.update({name: value for name, value in settings.items() if name.startswith("AWS_")})
    return {name: value for name, value in settings.items() if name.startswith("TURNOUT_")}
