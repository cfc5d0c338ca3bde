"""What a gateway takes of the machine: CPU time and resident memory of its processes, from Linux's /proc."""

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
STARTERS = frozenset({"sh", "cat", "uv", "uvx", "npm"})
"""What starts a gateway and then waits is no part of it."""

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """So far, by the process and those that it started."""
    return sum(sum(map(int, _stat(one)[11:13])) for one in family(pid)) / TICKS


def resident_mb(pid: int) -> float:
    """Now, of the process and those that it started."""
    return sum(int(_stat(one)[21]) for one in family(pid)) * PAGE / 1e6


def family(pid: int) -> Iterator[int]:
    """The process and its descendants, but for those that only start others."""
    if _name(pid) not in STARTERS:
        yield pid
    for thread in (PROC / f"{pid}/task").iterdir():  # each knows those that it started itself
        for child in (thread / "children").read_text().split():
            yield from family(int(child))


def _name(pid: int) -> str:
    return (PROC / f"{pid}/comm").read_text().strip()


def _stat(pid: int) -> list[str]:
    """The fields behind the name, from `state` on: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    return (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
