"""What judges think of several answers to one chat."""

from decimal import Decimal

from turnout.core.frozen import frozen


@frozen
class Score:
    """Of answer `number`: from 0 to 10, the mean where two have judged, and the reason of the first."""

    number: int
    points: Decimal
    reason: str


@frozen
class Verdict:
    """`winner` is the number of the best answer, None: a tie. `confidence` is from 0 to 1.

    `judges` are ids of models, one an opinion, and `orders` the numbers of the answers as each has seen them, drawn by
    `seed`. A reason may quote prompt and answers, so no row holds it.
    """

    winner: int | None
    scores: tuple[Score, ...]
    confidence: Decimal
    judges: tuple[str, ...]
    orders: tuple[tuple[int, ...], ...]
    seed: int
