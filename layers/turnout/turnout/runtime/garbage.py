"""When garbage is looked for in a process that answers requests."""

import gc

THRESHOLDS = 20_000, 50, 1_000
"""How much is new before it is looked through, and how often what is older is. With Python's own figures, a tenth of
these, many requests at once are looked through while they are under way: a tenth of the CPU time, which finds nothing,
since what a request leaves has no cycles but for errors."""


def settled() -> None:
    """What is loaded by now stays, and is never looked through again; what comes is looked through less often."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
