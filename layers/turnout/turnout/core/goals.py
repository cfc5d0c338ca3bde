"""What each goal values, as weights, and the utility of a model by them."""

from collections.abc import Mapping

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.outcomes import Expected


@frozen
class Weights:
    """What a goal values: the score is quality and success times their weights, less USD and seconds times theirs.

    `unclear` is the part of the weight of USD and seconds that counts where the task is not clear: at 0 the safe
    chain begins with the best model, whatever it costs.
    """

    quality: float
    usd: float
    second: float
    success: float = 0.0
    unclear: float = 0.0


WEIGHTS: Mapping[Goal, Weights] = {
    "balanced": Weights(1.0, 20.0, 0.001, unclear=0.2),
    "cost": Weights(1.0, 100.0, 0.0, unclear=0.2),
    "latency": Weights(1.0, 1.0, 0.1, unclear=0.5),
    "reliability": Weights(1.0, 0.5, 0.0, success=2.0),
}


def score(expected: Expected | None, weights: Weights, prompt_tokens: float, caution: float = 1.0) -> float:
    """The utility of one model; -inf where nothing is known. `caution` scales what USD and seconds weigh.

    An attempt that fails has no quality.
    """
    if expected is None:
        return float("-inf")
    usd = expected.cost_usd + prompt_tokens * expected.usd_per_token
    return (
        weights.quality * expected.quality * expected.success
        + weights.success * expected.success
        - caution * (weights.usd * usd + weights.second * expected.latency_s)
    )
