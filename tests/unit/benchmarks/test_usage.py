"""What a gateway takes is that of all its processes, whichever thread has started them."""

import os
import subprocess
import sys
import threading

from benchmarks.peers.usage import cpu_seconds, family, resident_mb


def test_a_process_that_another_thread_has_started_counts() -> None:
    started: list[subprocess.Popen[bytes]] = []
    go, done = threading.Event(), threading.Event()

    def start() -> None:
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(child)
        assert child.stdout
        child.stdout.readline()  # before, it has no memory yet
        go.set()
        done.wait()  # the children of a thread that has ended are the main thread's

    thread = threading.Thread(target=start)
    thread.start()
    go.wait()
    try:
        assert {os.getpid(), started[0].pid} <= set(family(os.getpid()))
        assert resident_mb(os.getpid()) > resident_mb(started[0].pid) > 0
        assert cpu_seconds(os.getpid()) > 0
    finally:
        done.set()
        started[0].communicate(b"\n")
        thread.join()
