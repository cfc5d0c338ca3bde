"""Regular expressions that a team may write: RE2's, which match in time linear in the text, whatever the pattern.

Syntax: https://github.com/google/re2/wiki/Syntax. Backreferences and lookarounds do not exist there.
"""

from functools import cache
from typing import Any, Protocol

LONGEST = 1000


class _Compiled(Protocol):
    def search(self, text: bytes, /) -> object | None: ...


class Pattern:
    """A pattern as it was written, and ready to search with."""

    def __init__(self, source: str, compiled: _Compiled) -> None:
        self.source = source
        self._compiled = compiled

    def __repr__(self) -> str:
        """As it was written."""
        return repr(self.source)

    def found_in(self, text: str) -> bool:
        """Whether it matches anywhere."""
        return self._compiled.search(text.encode("utf-8", "replace")) is not None


def pattern(source: object) -> Pattern:
    """Raises ValueError for what is no regular expression of RE2's."""
    if not isinstance(source, str) or not source:
        raise ValueError("must be a regular expression, as text")
    if len(source) > LONGEST:
        raise ValueError(f"may have at most {LONGEST} characters")
    engine, options = _engine()
    try:
        return Pattern(source, engine.compile(source, options))
    except engine.error as error:
        raise ValueError(f"is no regular expression of RE2's: {_told(error)}") from None


@cache
def _engine() -> tuple[Any, Any]:
    """Loaded with the first pattern: a deployment without any need not wait for it."""
    import re2  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]

    engine: Any = re2
    options = engine.Options()
    options.log_errors = False  # it would write them to stderr by itself
    return engine, options


def _told(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
