"""Which requests are sampled, that is answered by a second model too and judged, and which model that is.

Drawn by the hash of the request's id, so that a draw can be repeated from the record and no two instances need agree.
"""

from decimal import Decimal

from turnout.core.chat import Chat
from turnout.core.frozen import frozen
from turnout.core.models import Model
from turnout.routing.explore import STEPS, is_drawn, pick, seed_of, steps_of

PLACES = Decimal("1e-9")


@frozen
class Lot:
    """A request that was drawn, with the probability `share`; `seed` is for what is left to chance in it."""

    share: Decimal
    seed: int

    def second(self, others: tuple[Model, ...]) -> Model:
        """Who else answers: each with the same chance."""
        return others[pick(self.seed, len(others))]

    def propensity(self, others: int = 1) -> Decimal:
        """The probability with which one of so many was to answer and be judged."""
        return (self.share / others).quantize(PLACES)


def lot(request_id: str, share: float) -> Lot | None:
    """None: not drawn."""
    seed = seed_of(request_id, "sampling")
    steps = steps_of(share)
    return Lot(Decimal(steps) / STEPS, seed) if is_drawn(seed, steps) else None


def comparable(chat: Chat) -> bool:
    """Whether two answers can be judged against each other: of a tool call no text can be made."""
    return chat.n == 1 and not chat.tools
