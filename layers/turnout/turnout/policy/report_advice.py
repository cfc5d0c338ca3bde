"""The advice in a report: by goal, with what all changes do together; on top, in words, what changed and what to do."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.policies import Advice, Effect, Interval, Method, Metric, Proposal
from turnout.policy.report import Drift, GoalReport, Step
from turnout.policy.report_sums import Cells
from turnout.policy.report_words import LABELS, plural, told
from turnout.policy.rollup import grouped

GOALS: Sequence[Goal] = get_args(Goal.__value__)
METRICS: Sequence[Metric] = get_args(Metric.__value__)
MOST_DRIFTS = 3
"""Models, and drifts of each, that are among the steps; the section on drift has them all."""


@frozen
class Change:
    """An effect, and how many requests it is on."""

    effect: Effect
    requests: int


def goals(advice: Iterable[Advice], routes: Cells) -> tuple[GoalReport, ...]:
    """Each goal that has advice, the one that is asked for most first, from the cells of `route`."""
    asked = {goal: rollup.requests for goal, rollup in grouped(routes, lambda cell: cell["goal"], {"rq"}).items()}
    by_goal: defaultdict[Goal, list[Advice]] = defaultdict(list)
    for one in advice:
        by_goal[one.goal].append(one)
    found = [
        GoalReport(goal=goal, requests=asked.get(goal, 0), advice=tuple(by_goal[goal]), overall=overall(by_goal[goal]))
        for goal in GOALS
        if goal in by_goal
    ]
    return tuple(sorted(found, key=lambda one: -one.requests))


def overall(advice: Sequence[Advice]) -> tuple[Effect, ...]:
    """What the changes do to the mean request of those tasks that would change, by metric.

    Requests of different tasks are different requests, so the errors are independent and add up as squares.
    """
    many: defaultdict[Metric, list[Change]] = defaultdict(list)
    for one in advice:
        if one.verdict == "change":
            for effect in one.effects:
                many[effect.metric].append(Change(effect, max(1, one.evidence.requests)))
    return tuple(_together(metric, many[metric]) for metric in METRICS if metric in many)


def _together(metric: Metric, changes: Sequence[Change]) -> Effect:
    methods: Counter[Method] = Counter(change.effect.method for change in changes)
    return Effect(
        metric,
        now=_mean(changes, lambda effect: effect.now),
        proposed=_mean(changes, lambda effect: effect.proposed),
        change=_mean(changes, lambda effect: effect.change),
        method=methods.most_common(1)[0][0],
    )


def _mean(changes: Sequence[Change], read: Callable[[Effect], Interval | None]) -> Interval | None:
    known = [(interval, change.requests) for change in changes if (interval := read(change.effect))]
    if not known or len(known) < len(changes):
        return None
    whole = sum(requests for _, requests in known)
    mid = sum(interval.mid * requests for interval, requests in known) / whole
    below = math.hypot(*((interval.mid - interval.low) * requests for interval, requests in known)) / whole
    above = math.hypot(*((interval.high - interval.mid) * requests for interval, requests in known)) / whole
    return Interval(mid - below, mid, mid + above)


def headline(proposal: Proposal, requests: int) -> str:
    """One sentence: what would change, or why nothing does."""
    if not requests:
        return "Nothing was asked in this period, so there is nothing to learn from. The policy stays."
    verdicts = Counter(one.verdict for one in proposal.advice)
    if verdicts["change"]:
        return _moves(proposal.advice)
    if verdicts["not_enough_evidence"] > verdicts["keep"]:
        return "Keep the policy: there is not enough evidence yet to change it."
    return "Keep the policy: nothing else is better with enough certainty."


def _moves(advice: Sequence[Advice]) -> str:
    """Which primaries give way to which, the most frequent first; changes of fallbacks alone last."""
    pairs = Counter((_primary(one.now), _primary(one.proposed)) for one in advice if one.verdict == "change")
    of = f"{pairs.total()} of {plural(len(advice), 'chain')}"
    moved = [(pair, times) for pair, times in pairs.most_common() if pair[0] != pair[1]]
    if not moved:
        return f"Change the fallbacks of {of}; the primaries stay."
    if len(pairs) == 1:
        return f"Move {of} {_move(*moved[0][0])}."
    told_ = [f"{times} {_move(*pair)}" for pair, times in moved[:2]]
    rest = pairs.total() - sum(times for _, times in moved[:2])
    return f"Change {of}: {', '.join([*told_, *([f'{rest} otherwise'] if rest else [])])}."


def _move(old: str, new: str) -> str:
    return f"from {old} to {new}" if old else f"to {new}"


def _primary(chain: Sequence[str]) -> str:
    return chain[0] if chain else ""


def steps(proposal: Proposal, drifts: Sequence[Drift], *, automatic: bool = False) -> tuple[Step, ...]:
    """What to do, in the order in which to do it."""
    return (
        *_policy_steps(proposal, automatic),
        *_drift_steps(drifts, proposal.advice),
        *_evidence_steps(proposal.advice),
    )


def _policy_steps(proposal: Proposal, automatic: bool) -> Iterator[Step]:
    if not proposal.policy:
        yield Step(text="Nothing needs to be done: the policy that is in force stays.")
        return
    version = proposal.policy.version
    yield _trial(version, automatic)
    yield Step(text="See exactly what it changes.", command=f"turnout policy diff {version}")


def _trial(version: str, automatic: bool) -> Step:
    guarded = "on a part of the sessions; a guard rolls it back by itself if it does worse."
    if automatic:
        return Step(
            text=f"Policy {version} is tried by itself {guarded} See how it goes.",
            command=f"turnout policy show {version}",
        )
    return Step(text=f"Try policy {version} {guarded}", command=f"turnout policy canary {version}")


def _drift_steps(drifts: Sequence[Drift], advice: Sequence[Advice]) -> Iterator[Step]:
    """One for each model, the surest first, with what of the policy in force hangs on it: nobody else watches that."""
    firsts = Counter(_primary(one.now) for one in advice)
    for model in list(dict.fromkeys(one.model for one in drifts))[:MOST_DRIFTS]:
        found = [one for one in drifts if one.model == model]
        more = f", and {len(found) - MOST_DRIFTS} more" if len(found) > MOST_DRIFTS else ""
        told_ = f"Look at {model}, which has drifted: {'; '.join(map(_drifted, found[:MOST_DRIFTS]))}{more}."
        hangs = f" It comes first in {firsts[model]} of {plural(len(advice), 'chain')} now." if firsts[model] else ""
        yield Step(text=told_ + hangs)


def _drifted(one: Drift) -> str:
    name = LABELS.get(one.metric, one.metric)
    return f"{name} on {one.task or 'unclassified'} {told(one.metric, one.before)} → {told(one.metric, one.after)}"


def _evidence_steps(advice: Iterable[Advice]) -> Iterator[Step]:
    short = [one for one in advice if one.verdict == "not_enough_evidence" and one.evidence.more]
    if short:
        most = max(one.evidence.more or 0 for one in short)
        tasks = len({one.task for one in short})
        yield Step(
            text=f"For {plural(tasks, 'task')} the evidence is short by up to {most:,} requests. "
            "A key with a share of exploration gathers it sooner.",
            command="turnout keys create NAME --explore 0.05",
        )
