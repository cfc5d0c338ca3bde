"""What a router learned from a part of a pool does with the rest, beside single models, random mixes and an oracle."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.routing_pool import Pool, Query
from benchmarks.routing_train import SEED, folds
from benchmarks.routing_tune import AIMS, Gain, by_group, learn, ratio, saved, total

FOLDS = 5
RESAMPLES = 1_000

type Decide = Callable[[Query, str], str]
"""The model for a query under a policy."""
type Learn = Callable[[Pool], Decide]


@dataclass(frozen=True, slots=True)
class Measured:
    """One policy on held-out queries: each query's gain, and the highest score that any model reached on it."""

    policy: str
    gains: Sequence[Gain]
    oracle: Sequence[float]

    @property
    def gap(self) -> float:
        """The share of the way from the best single model to an oracle."""
        got, _, best, _ = total(self.gains)
        return (got - best) / (sum(self.oracle) - best) if sum(self.oracle) > best else 0.0

    def interval(self) -> tuple[float, float]:
        """The 95% bootstrap interval of the ratio, over queries."""
        dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
        pairs = [(got, best) for got, _, best, _ in self.gains]
        drawn = sorted(_ratio(dice.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
        return drawn[RESAMPLES // 40], drawn[-RESAMPLES // 40]


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(got for got, _ in pairs) / max(sum(best for _, best in pairs), 1e-9)


def turnout(pool: Pool) -> Decide:
    """The router of this project."""
    return learn(pool).decide


def cross_validated(pool: Pool, learned: Learn = turnout, policies: Iterable[str] = tuple(AIMS)) -> list[Measured]:
    """Each query decided by what was learned from the other folds, the operating point included."""
    parts = [frozenset(part) for part in folds(len(pool.queries), FOLDS)]
    held = [(_without(pool, part), [pool.queries[i] for i in sorted(part)]) for part in parts]
    runs = [(rest.best, learned(rest), queries) for rest, queries in held]
    oracle = [max(score for score, _ in query.outcomes.values()) for _, _, queries in runs for query in queries]
    return [
        Measured(policy, [_gain(q, decide(q, policy), best) for best, decide, queries in runs for q in queries], oracle)
        for policy in policies
    ]


def kinds_left_out(pool: Pool) -> dict[str, dict[str, float]]:
    """The ratio by policy and kind, each kind decided by what was learned from the others."""
    gains: dict[str, list[Gain]] = {policy: [] for policy in AIMS}
    kinds = [query.kind for kind in pool.kinds for query in pool.queries if query.kind == kind]
    for kind in pool.kinds:
        rest = pool.only(query for query in pool.queries if query.kind != kind)
        router, best = learn(rest), rest.best
        for policy, found in gains.items():
            found += [_gain(q, router.decide(q, policy), best) for q in pool.queries if q.kind == kind]
    return {
        policy: dict(zip(pool.kinds, map(ratio, by_group(kinds, found)), strict=True))
        for policy, found in gains.items()
    }


def singles(pool: Pool) -> list[tuple[str, float, float]]:
    """(model, ratio to the best, cost saved), best first."""
    found = [(name, total(_gain(query, name, pool.best) for query in pool.queries)) for name in pool.models]
    return sorted(((name, ratio(gains), saved(gains)) for name, gains in found), key=lambda row: -row[1])


def mixed(rows: Sequence[tuple[str, float, float]], wanted: float) -> float:
    """The most that a random mix of two single models saves at this ratio: a point on the convex hull."""
    most = max((s for _, r, s in rows if r >= wanted), default=0.0)
    for _, r, s in rows:
        for _, lower, s_lower in rows:
            if r > wanted > lower:
                part = (wanted - lower) / (r - lower)
                most = max(most, part * s + (1 - part) * s_lower)
    return most


def report(pool: Pool, rivals: Mapping[str, Learn]) -> None:
    """Print the tables of one pool."""
    rows, queries = singles(pool), pool.queries
    oracle = fmean(max(score for score, _ in query.outcomes.values()) for query in queries)
    best = fmean(query.outcomes[pool.best][0] for query in queries)
    print(f"\n## {pool.name}: {len(queries)} queries, {len(pool.models)} models, {len(pool.kinds)} kinds\n")
    print(f"Best single model: {pool.best}, mean score {best:.3f}; an oracle's {oracle:.3f}.\n")
    print("| router | policy | quality ratio (95%) | cost saved | of a random mix at that ratio | oracle gap |")
    print("|---|---|---|---|---|---|")
    for name, learned in {"turnout": turnout, **rivals}.items():
        for found in cross_validated(pool, learned):
            gains, (low, high) = total(found.gains), found.interval()
            told = (
                f"{ratio(gains):.4f} ({low:.3f} to {high:.3f}) | {saved(gains):.1%} | {mixed(rows, ratio(gains)):.1%}"
            )
            print(f"| {name} | {found.policy} | {told} | {found.gap:+.1%} |", flush=True)
    for name, its_ratio, its_saving in rows[:4]:
        print(f"| {name} | alone | {its_ratio:.4f} | {its_saving:.1%} | | |")


def report_left_out(pool: Pool) -> None:
    """Print how each kind fares when nothing of it was in training."""
    if len(pool.kinds) < 3:
        return
    print(f"\nWhole kinds of {pool.name} left out of training, ratio to the best single model in training:\n")
    print("| policy | mean | least | by kind |\n|---|---|---|---|")
    for policy, ratios in kinds_left_out(pool).items():
        told = ", ".join(f"{kind} {value:.2f}" for kind, value in ratios.items())
        print(f"| {policy} | {fmean(ratios.values()):.3f} | {min(ratios.values()):.3f} | {told} |", flush=True)


def _without(pool: Pool, part: frozenset[int]) -> Pool:
    return pool.only(query for i, query in enumerate(pool.queries) if i not in part)


def _gain(query: Query, chosen: str, best: str) -> Gain:
    return (*query.outcomes[chosen], *query.outcomes[best])
