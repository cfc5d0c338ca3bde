"""Ctrl-C while a process starts: it is not lost where Python cannot raise it, as in a destructor or a callback."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heeded() -> Generator[Callable[[], None]]:
    """Gives what ends it sooner: signals go as before then, and one that was swallowed raises KeyboardInterrupt.

    Whoever has been started to ignore them, as a shell does with what runs in its background, still does.
    """
    struck = False

    def interrupted(_number: int, _frame: FrameType | None) -> None:
        nonlocal struck
        struck = True
        raise KeyboardInterrupt

    def over() -> None:
        signal.signal(signal.SIGINT, before)
        if struck:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupted)
    try:
        yield over
    finally:
        signal.signal(signal.SIGINT, before)
