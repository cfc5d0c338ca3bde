"""The guard, tried: `python -m benchmarks.canary [RUNS]` rolls back what does harm, how soon, and how often in error.

Requests come at 2 a second in three tasks of different length and price, slower at noon than at night; costs are
log-normal, with some requests that cost 20 times the mean. Of a tenth of the answers it is told whether they are right:
four of five. The guard looks every 5 minutes at a canary with a tenth of the requests. False alarms are counted over
the whole two days, with nothing promoted before: of canaries that are as good as the control, and of those that are as
bad as is just tolerated in everything, for which the stated rate is meant.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from turnout.policy.canary import Block, Judgement, added, judged
from turnout.policy.canary_terms import Evidence, Sums, Terms

SEED = 20261124
MINUTES = 5
PER_MINUTE, SHARE = 120.0, 0.1
TASKS = ((0.6, 1.0), (0.3, 2.0), (0.1, 6.0))
"""Of each task: its part of the requests, and how long and dear they are."""
FAILED, DIVERTED = 0.01, 0.02
SECONDS, SPREAD = 2.0, 0.6
USD, COST_SPREAD = 0.002, 1.2
JUDGED, RIGHT = 0.1, 0.8
"""The share of answers that are judged, and of those that of the right ones."""
SWING = 0.5
"""How much slower noon is than the mean of the day, as a part of it."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What a canary does: more of the requests fail or are diverted, the others take or cost so many times as much.

    `quality` is how many more of the judged answers are wrong, `judged` the share of answers that are judged.
    """

    name: str
    failed: float = 0.0
    diverted: float = 0.0
    latency: float = 1.0
    cost: float = 1.0
    quality: float = 0.0
    judged: float = JUDGED


TERMS = Terms()
NONE = Harm("none: as good as the control")
TOLERATED = Harm(
    "as bad as is tolerated, in everything", TERMS.failed, TERMS.diverted, TERMS.latency, TERMS.cost, TERMS.quality
)
UNJUDGED = Harm("none, and nobody judges", judged=0.0)
HARMS = (
    Harm("its first choice fails always", diverted=1 - DIVERTED),
    Harm("10% more requests fail", failed=0.1),
    Harm("3% more requests fail", failed=0.03),
    Harm("twice as slow", latency=2.0),
    Harm("1.5 times as slow", latency=1.5),
    Harm("twice as dear", cost=2.0),
    Harm("answers 20 points worse, a tenth judged", quality=0.2),
    Harm("answers 10 points worse, a tenth judged", quality=0.1),
    Harm("answers 10 points worse, all judged", quality=0.1, judged=1.0),
    Harm("answers 6 points worse, all judged", quality=0.06, judged=1.0),
)


@dataclass(frozen=True, slots=True)
class Run:
    """How one canary ended: after how many requests of its own and how many minutes."""

    judgement: Judgement
    requests: float
    minutes: int


def run(dice: np.random.Generator, harm: Harm, terms: Terms) -> Run:
    """One canary from its start to its end."""
    evidence: Mapping[str, Evidence] = {}
    requests, minutes = 0.0, 0
    while True:
        minutes += MINUTES
        blocks = [_block(dice, harm, part, size, minutes) for part, size in TASKS]
        evidence = added(evidence, blocks, terms)
        requests += sum(block.canary["cost"].count for block in blocks)
        judgement = judged(evidence, requests, minutes * 60.0, terms)
        if judgement.verdict != "watch":
            return Run(judgement, requests, minutes)


def _block(dice: np.random.Generator, harm: Harm, part: float, size: float, minutes: int) -> Block:
    """What comes of one task in between two looks."""
    asked = PER_MINUTE * MINUTES * part
    slow = size * (1 + SWING * math.sin(2 * math.pi * minutes / 1_440))
    canary = _side(dice, int(dice.poisson(asked * SHARE)), size * harm.cost, slow * harm.latency, harm)
    alike = replace(NONE, judged=harm.judged)
    return Block(canary, _side(dice, int(dice.poisson(asked * (1 - SHARE))), size, slow, alike))


def _side(dice: np.random.Generator, count: int, dear: float, slow: float, harm: Harm) -> dict[str, Sums]:
    failed = int(dice.binomial(count, FAILED + harm.failed))
    diverted = int(dice.binomial(count, min(1.0, DIVERTED + harm.diverted)))
    nats = np.log(SECONDS * 1e3 * slow) + SPREAD * dice.standard_normal(count - failed)
    judged = int(dice.binomial(count - failed, harm.judged))
    wrong = int(dice.binomial(judged, 1 - RIGHT + harm.quality))
    usd = USD * dear * np.exp(COST_SPREAD * dice.standard_normal(count) - COST_SPREAD**2 / 2)
    return {
        "failed": Sums(count, failed, failed),
        "diverted": Sums(count, diverted, diverted),
        "latency": Sums(count - failed, float(nats.sum()), float((nats * nats).sum())),
        "cost": Sums(count, float(usd.sum()), float((usd * usd).sum())),
        "quality": Sums(judged, wrong, wrong),
    }


def runs(harm: Harm, terms: Terms, number: int, seed: int = SEED) -> list[Run]:
    """So many canaries, the same ones for the same seed."""
    return [run(np.random.default_rng([seed, n]), harm, terms) for n in range(number)]


def false_alarms(harm: Harm, number: int, terms: Terms = TERMS) -> float:
    """The share of canaries that are found to be worse at any look of the whole time."""
    to_the_end = replace(terms, least_seconds=terms.most_seconds + 1)
    ends = runs(harm, to_the_end, number)
    return sum(end.judgement.why.startswith("Worse") for end in ends) / number


def main(number: int) -> None:
    """Print both tables."""
    print(f"| a canary that does no harm, {number} runs | found worse | stated |\n|---|---|---|")
    for harm in (NONE, TOLERATED):
        print(f"| {harm.name} | {false_alarms(harm, number):.1%} | ≤ {TERMS.false_alarms:.0%} |", flush=True)
    print("\n| harm | rolled back | requests of the canary, median (90%) | minutes, median (90%) |\n|---|---|---|---|")
    for harm in HARMS:
        ends = runs(harm, TERMS, number // 5)
        back = [end for end in ends if end.judgement.verdict == "roll_back"]
        told = " | ".join(map(_spread, ([one.requests for one in back], [one.minutes for one in back])))
        print(f"| {harm.name} | {len(back) / len(ends):.1%} | {told} |", flush=True)
    print("\n| a canary that does no harm | promoted | hours, median (90%) |\n|---|---|---|")
    for harm in (NONE, replace(NONE, name="the same, all judged", judged=1.0), UNJUDGED):
        ends = runs(harm, TERMS, number // 5)
        promoted = [end.minutes / 60 for end in ends if end.judgement.verdict == "promote"]
        told = f"{np.median(promoted):.0f} ({np.quantile(promoted, 0.9):.0f})"
        print(f"| {harm.name} | {len(promoted) / len(ends):.1%} | {told} |", flush=True)


def _spread(values: list[float] | list[int]) -> str:
    return f"{np.median(values):.0f} ({np.quantile(values, 0.9):.0f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
