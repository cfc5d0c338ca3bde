"""The wire formats we speak to vendors: one pure module each, and the names of them.

A dialect turns a chat into a body and a vendor's bytes into events; it sends nothing. To add one, write a module with
the functions of `protocol.Dialect`, add its name to `NAMES`, and cases under `tests/contract/cases/<name>/`.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import cast, override

from turnout.providers.dialects.protocol import Dialect

NAMES = ("anthropic_messages", "bedrock_converse", "gemini", "openai_chat")


class Dialects(Mapping[str, Dialect]):
    """The modules by name. Each is imported when it is first asked for: none for vendors that have no key.

    Their validators are built (`defer_build`) at the first answer of a vendor, not for all vendors at once.
    """

    @override
    def __getitem__(self, name: str) -> Dialect:
        return _module(name)

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    @override
    def __len__(self) -> int:
        return len(NAMES)

    def load(self, names: Iterable[str]) -> None:
        """Import these now, so that no request waits for it."""
        for name in names:
            self[name]


@cache
def _module(name: str) -> Dialect:
    if name not in NAMES:
        raise KeyError(name)
    return cast("Dialect", import_module(f"{__name__}.{name}"))


DIALECTS = Dialects()
