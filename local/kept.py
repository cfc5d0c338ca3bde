"""A child process that is started again whenever it ends, for as long as its block lasts."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from local.process import Child, ChildFailed

LOOKS_EVERY = 0.2
RESTS = 0.5
"""Seconds before one that ended is started again, so that one that cannot live does not take the whole machine."""


class KeptChild:
    """`with KeptChild("the poller", [...], env, told) as kept:`; arguments are those of a `Child`.

    `told` hears of each process id, from another thread. Raises ChildFailed when the first one does not start.
    """

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], told: Callable[[int], None] = lambda _: None
    ) -> None:
        self._name, self._command, self._env, self._told = name, command, env, told
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    @property
    def pid(self) -> int:
        """Of the one that is there now, or was there last."""
        return self._child.pid

    def __enter__(self) -> Self:
        self._start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _start(self) -> None:
        self._child = Child(self._name, self._command, self._env)
        self._child.__enter__()
        try:
            self._child.first_line()
        except BaseException:
            self._child.__exit__()
            raise
        self._told(self._child.pid)

    def _keep(self) -> None:
        while not self._stop.wait(LOOKS_EVERY):
            if not self._child.running:
                self._child.__exit__()
                self._stop.wait(RESTS)
                with suppress(ChildFailed):  # what it needs may not be there yet: it is started again
                    self._start()
        self._child.__exit__()
