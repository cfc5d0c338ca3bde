"""Which model suits a kind of task best: a table of expected outcomes, and a ranking by what the goal values.

Pure and quick: what is known comes in as an `Outcomes`, and the same arguments always give the same `Ranking`.
"""

from collections.abc import Sequence
from dataclasses import field
from operator import itemgetter

from turnout.core.frozen import frozen
from turnout.core.goals import Weights, score
from turnout.core.outcomes import Outcomes, Row
from turnout.routing.classify import Kind


@frozen
class Ranking:
    """Candidates, best first, each with its score in `scores` (same order), and why, in a few words."""

    order: tuple[str, ...]
    scores: tuple[float, ...]
    reason: str
    safe: bool = field(default=False)
    """Whether the safe chain was used."""


def rank(
    candidates: Sequence[str], kind: Kind, weights: Weights, outcomes: Outcomes, prompt_tokens: int = 0
) -> Ranking:
    """Candidates (model ids, eligible ones only) by expected utility for this kind; ties keep the order given.

    A candidate of which nothing is known comes after all others, with score -inf. Empty in, empty out.
    """
    row, known = row_of(kind, outcomes)
    caution = 1.0 if known else weights.unclear
    scored = [(name, score(row.get(name), weights, prompt_tokens, caution)) for name in candidates]
    scored.sort(key=itemgetter(1), reverse=True)
    reason = f"{kind.task} {kind.confidence:.2f}" if known else "safe chain: task not clear"
    return Ranking(tuple([name for name, _ in scored]), tuple([value for _, value in scored]), reason, not known)


def row_of(kind: Kind, outcomes: Outcomes) -> tuple[Row, bool]:
    """What is expected of each model for this kind, and whether it is the task's own row, not the safe one."""
    known = kind.confidence >= outcomes.threshold and kind.task in outcomes.rows
    return (outcomes.rows[kind.task] if known else outcomes.safe), known
