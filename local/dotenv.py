"""The `.env` file: read whole, or refused with the line that cannot be read."""

from pathlib import Path

from dotenv.parser import parse_stream


class BadDotenv(ValueError):
    """The message is one line, fit for a terminal, and shows nothing of a value."""


def read(path: Path) -> dict[str, str]:
    """What the file sets; nothing when there is none. Raises BadDotenv with the number of the first bad line."""
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise BadDotenv(f"{path.name} cannot be read: {type(error).__name__}") from None
    if bad := next((binding for binding in bindings if _is_bad(binding.error, binding.key, binding.value)), None):
        raise BadDotenv(f"{path.name}, line {bad.original.line}: expected NAME=value, such as OPENAI_API_KEY=sk-...")
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value}


def _is_bad(error: bool, key: str | None, value: str | None) -> bool:
    return error or (key is not None and value is None)
