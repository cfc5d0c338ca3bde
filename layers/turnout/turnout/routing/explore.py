"""Exploration: now and then another eligible model goes first, so that what is known of it stays fresh.

The chance comes from the request's id alone, so that a decision can be repeated. Nothing outside the constraints is
ever chosen, since only what passed them is given here.
"""

from collections.abc import Sequence
from hashlib import blake2b

from turnout.core.frozen import frozen

SEED_BITS = 48
"""Of a seed, which a JSON number carries exactly; half of it decides whether to explore, half what to choose."""
HALF = SEED_BITS // 2
STEPS = 1 << HALF


@frozen
class Draw:
    """Which of the models goes first, and the probability with which it was to be that one."""

    first: int
    propensity: float
    explored: bool = False


def seed_of(request_id: str, purpose: str = "exploration") -> int:
    """A number that is spread evenly over SEED_BITS bits, whatever the ids look like; of each `purpose` another."""
    digest = blake2b(request_id.encode(), digest_size=SEED_BITS // 8, person=purpose.encode()).digest()
    return int.from_bytes(digest)


def draw(models: Sequence[str], share: float, seed: int) -> Draw:
    """With probability `share` any of `models` with equal chances, else the first; there is at least one."""
    steps = steps_of(share)
    explored = is_drawn(seed, steps)
    first = pick(seed, len(models)) if explored else 0
    share = steps / STEPS
    return Draw(first, share / len(models) + (1.0 - share if first == 0 else 0.0), explored and first > 0)


def steps_of(share: float) -> int:
    """How many of STEPS a share is, so that the propensity is exactly the chance."""
    return round(share * STEPS)


def is_drawn(seed: int, steps: int) -> bool:
    """Whether it is one of so many of STEPS, by the first half of the seed."""
    return seed >> HALF < steps


def pick(seed: int, count: int) -> int:
    """One of 0 to `count` - 1, each with the same chance, by the second half of the seed."""
    return (seed % STEPS) * count >> HALF
