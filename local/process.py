"""A child process that is gone when its block ends, and also when we die without ending it."""

import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

STOPS_WITHIN = 5.0

# The shell stays as long as its standard input is open, and so does its whole process group: when we die, however we
# die, the kernel closes our end of the pipe. $0 is a folder to remove then, "$@" what to run.
KEEPER = """
exec 3<&0
(trap '' TERM; cat <&3; kill -TERM 0; sleep 2; [ -n "$0" ] && rm -rf "$0"; kill -KILL 0) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null
"""


class ChildFailed(RuntimeError):
    """A process did not start; the message has its last words, fit for a terminal."""


def python(module: str) -> list[str]:
    """The command that runs a module of ours."""
    return [sys.executable, "-m", module]


class Child:
    """`with Child("the simulator", [...]) as child:` runs a program in a process group of its own.

    `env` is its whole environment, ours when None; `folder` is removed should we die. Ctrl-C in a terminal does not
    reach it: we stop it when the block ends.
    """

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None, folder: str = ""
    ) -> None:
        self.name = name
        self._command, self._env, self._folder = command, env, folder
        self._lines: queue.Queue[str] = queue.Queue()
        self._last = deque[str](maxlen=10)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process.poll() is None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - all of it is ours
            ["/bin/sh", "-c", KEEPER, self._folder, *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._env,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOPS_WITHIN)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(STOPS_WITHIN)

    def first_line(self, within: float = 60.0) -> str:
        """The first line that it prints: how it tells that it is ready. Raises ChildFailed after `within` seconds."""
        try:
            line = self._lines.get(timeout=within)
        except queue.Empty:
            raise ChildFailed(f"{self.name} did not start within {within:.0f} s") from None
        if not line:
            raise self.failed()
        return line

    def failed(self) -> ChildFailed:
        """The error that tells why it ended."""
        self._reader.join(1)
        return ChildFailed(f"{self.name} did not start. Its last words:\n{''.join(self._last)}")

    def _read(self) -> None:
        """Take all output, so that the child never waits for us; only its first line is kept whole."""
        assert self._process.stdout
        for line in self._process.stdout:
            if not self._last:
                self._lines.put(line)
            self._last.append(line)
        self._lines.put("")
