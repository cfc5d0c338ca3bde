"""When garbage is looked for in a process that answers requests."""

import gc

THRESHOLDS = 20_000, 50, 1_000
"""What is new before it is looked through, and how often what is older is. With Python's own 2,000, ten and ten, many
requests at once are looked through while they are under way, which takes a tenth of the CPU time and finds nothing: what
a request leaves has no cycles but for errors."""


def settled() -> None:
    """What is loaded by now stays, and is never looked through again; what comes is looked through less often."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
