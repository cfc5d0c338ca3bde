"""A key as its administrators know it: what it may do, since when and until when, and which secrets open it."""

from turnout.core.frozen import frozen
from turnout.core.ports import Key


@frozen
class Secret:
    """One that opens a key, known by its keyed hash alone. Times are epoch seconds; `until` None: for good."""

    hash: str
    made_at: float
    until: float | None = None

    def works(self, now: float) -> bool:
        """Whether its time is not over."""
        return self.until is None or now < self.until


@frozen
class Issued:
    """A key that was given out. Of its `secrets` the last is the one that stays, the others overlap with it.

    Times are epoch seconds, `expires_at` None: never. `revision` counts the changes.
    """

    key: Key
    created_at: float
    expires_at: float | None = None
    disabled: bool = False
    secrets: tuple[Secret, ...] = ()
    revision: int = 0
