"""What a period could not tell, in sentences for the person who reads the proposal."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from turnout.policy.goals import Constraints
from turnout.policy.history import History, Period
from turnout.policy.options import Kind

SHOWN = 5
"""How many names a sentence has at most."""


def gaps(
    period: Period, seen: History, kinds: Sequence[Kind], constraints: Constraints, *, drawn: bool
) -> Iterator[str]:
    """One sentence for each thing that is not known, or that was left out."""
    if not seen.dates:
        yield f"There are no requests from {period.first_day} to {period.last_day}: nothing could be learned."
    elif missing := _missing(period, seen):
        yield f"{len(missing)} days have no requests at all: {_named(missing)}."
    if seen.skewed:
        told = f"{seen.skewed} requests are dated outside {period.first_day} to {period.last_day}"
        yield f"{told} and were left out; a clock may be wrong."
    if seen.dates and not drawn:
        yield "No decision was drawn by chance, so effects are what is known of each model. Let some keys explore."
    yield from _models(seen, kinds)
    yield from _tasks(seen, kinds, constraints)


def _models(seen: History, kinds: Sequence[Kind]) -> Iterator[str]:
    choosable = {name for kind in kinds for name in kind.known}
    served = seen.served()
    for name in sorted(served.keys() - choosable):
        told = f"{name} had {served[name]} attempts and was not considered"
        yield f"{told}: it is not in the catalog's default chain, has no prior, or its vendor has no key here."
    if seen.dates and (never := sorted(choosable - served.keys())):
        yield (
            f"{_named(never)} was never asked; what is expected of it is the prior."
            if len(never) == 1
            else (f"{_named(never)} were never asked; what is expected of them is the prior.")
        )


def _tasks(seen: History, kinds: Sequence[Kind], constraints: Constraints) -> Iterator[str]:
    unjudged = [kind.task for kind in kinds if kind.requests and not kind.judged(constraints.least)]
    if unjudged:
        told = f"No model's answers were judged {constraints.least} times for {_named(unjudged)}"
        yield f"{told}: their quality is the prior's, and hardly moved. Send feedback, or let a judge sample."
    unplaced = seen.requests.get("", 0)
    if unplaced:
        yield f"{unplaced} requests have no task, since their model was named, and say nothing of any task."
    known = {kind.task for kind in kinds}
    rare = sorted(task for task in seen.requests.keys() - known if task)
    if rare:
        yield f"{len(rare)} tasks that clients name had fewer than {constraints.least} requests each: {_named(rare)}."


def _missing(period: Period, seen: History) -> list[str]:
    first, last = date.fromisoformat(period.first_day), date.fromisoformat(period.last_day)
    days = ((first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1))
    return [day for day in days if day not in seen.dates]


def _named(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
