"""Allowances where nothing is limited."""

from collections.abc import Callable, Mapping

from turnout.core.allowance import Estimate, Left
from turnout.core.ports import Key
from turnout.core.records import Record


class Unlimited:
    """A `core.ports.Allowances` that lets everything in and remembers nothing."""

    async def reserve(
        self, record: Record, key: Key, tags: Mapping[str, str], estimate: Callable[[], Estimate]
    ) -> None:
        """Let it in."""

    def left(self, request_id: str) -> Left:  # noqa: ARG002 - the port's signature
        """Nothing is limited."""
        return Left()

    async def settle(self, record: Record) -> None:
        """There is nothing to settle."""
