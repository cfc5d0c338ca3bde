"""The optimizer on real calls: what a policy learned from a first period does in a later one, goal by goal.

    python -m benchmarks.policy --learn FILE --measure FILE
    python -m benchmarks.policy --learn FILE [--folds 5]

A FILE is in the format of `benchmarks.policy_log`. Before, a team asks the best single model of the first period for
everything; what it would ask after is what the product's optimizer proposes for each goal, with its own limits on
quality. `full` logs have every model's answer to every request; `partial` ones a single answer each, of a model drawn
at random from nine, as a deployment that explores would have them. What counts is accuracy, cost and mean latency over
the requests of the later period, against the model that turns out to be the best single one there. Without
a later period the requests of the one file are split by a hash: each part is measured by what the others taught.
"""

import random
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.policy_log import Call, models, part, period, prior, read, record
from turnout.core.chat import Goal
from turnout.core.goals import WEIGHTS
from turnout.core.models import Model
from turnout.core.policies import Chain, Policy, Proposal
from turnout.core.records import Record
from turnout.policy.goals import Constraints
from turnout.policy.optimizer import propose

CONSTRAINTS = Constraints(least=20)
"""As ever, but for the samples: the log has 50 to 400 calls of a model at a task."""
TRIED = (
    "claude-3-5-sonnet-20240620",
    "claude-3-haiku-20240307",
    "command-r-plus",
    "firefunction-v2-FC",
    "gemini-1.5-flash-preview-0514",
    "gemini-1.5-pro-preview-0514",
    "gpt-3.5-turbo-0125-FC",
    "gpt-4o-2024-05-13",
    "mistral-medium-2312",
)
"""The models that a deployment with partial logs tries: a large and a small one of each vendor, where there are two."""
DRAWS = 5
"""How many partial logs are drawn."""

type Answers = Mapping[tuple[str, str], Call]
"""Calls by model name and query."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Over so many requests: accuracy, cost and seconds of a policy and of the best single model."""

    requests: int
    got: tuple[float, float, float]
    best: tuple[float, float, float]

    def show(self, name: str) -> None:
        """A line."""
        (accuracy, usd, seconds), (best, most, longest) = self.got, self.best
        print(
            f"{name:28}{self.requests:>9}{accuracy:>10.4f}{accuracy / best:>9.2%}"
            f"{usd:>12.6f}{1 - usd / most:>9.1%}{seconds:>9.2f}{1 - seconds / longest:>9.1%}"
        )


def best_single(calls: Iterable[Call]) -> str:
    """The model with the best accuracy, of those that were asked nearly everything."""
    found: defaultdict[str, list[bool]] = defaultdict(list)
    for call in calls:
        found[call.model].append(call.correct)
    most = max(map(len, found.values()))
    return max((name for name in found if len(found[name]) > 0.9 * most), key=lambda name: fmean(found[name]))


def learned(records: Iterable[Record], known: Sequence[Model], tasks: Sequence[str], single: str) -> Proposal:
    """What the optimizer proposes to a team that has asked one model for everything."""
    before = prior(known, tasks)
    [present] = [model.id for model in known if model.name == single]
    chains: dict[Goal, dict[str, Chain]] = {goal: dict.fromkeys(tasks, (present,)) for goal in WEIGHTS}
    current = Policy("single", 0.0, chains, before)
    return propose(period(records), known, before, now=0.0, constraints=CONSTRAINTS, current=current)


def chain_of(proposal: Proposal, goal: Goal) -> Callable[[str], Chain]:
    """The chain for a task, as names of models."""
    chains = {one.task: one.proposed for one in proposal.advice if one.goal == goal}
    return lambda task: tuple(name.partition("/")[2] for name in chains[task])


def asked(chain: Chain, query: str, answers: Answers) -> tuple[float, float, float] | None:
    """Right or wrong, USD and seconds of a request, its failed attempts included; None where a call is not known."""
    usd = seconds = 0.0
    for name in chain:
        if not (call := answers.get((name, query))):
            return None
        usd, seconds = usd + float(call.usd), seconds + call.seconds
        if not call.failed:
            return float(call.correct), usd, seconds
    return 0.0, usd, seconds


def measured(chain: Callable[[str], Chain], calls: Sequence[Call], best: str) -> Gain:
    """The requests of which the answers of both are known."""
    answers = {(call.model, call.query): call for call in calls}
    pairs: list[tuple[tuple[float, float, float], tuple[float, float, float]]] = []
    for task, query in sorted({(call.task, call.query) for call in calls}):
        got, alone = asked(chain(task), query, answers), asked((best,), query, answers)
        if got and alone:
            pairs.append((got, alone))
    return Gain(len(pairs), _mean([got for got, _ in pairs]), _mean([alone for _, alone in pairs]))


def _mean(many: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    return fmean(one[0] for one in many), fmean(one[1] for one in many), fmean(one[2] for one in many)


def full(calls: Iterable[Call], known: Sequence[Model]) -> list[Record]:
    """All calls as rows."""
    by_name = {model.name: model for model in known}
    return [record(call, by_name[call.model]) for call in calls if call.model in by_name]


def partial(calls: Iterable[Call], known: Sequence[Model], seed: int) -> list[Record]:
    """Of each query one call, of a model drawn at random."""
    by_name, dice = {model.name: model for model in known}, random.Random(seed)  # noqa: S311 - reproducible, not secret
    queries: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.model in by_name:
            queries[call.query].append(call)
    return [
        record(call, by_name[call.model], 1 / len(many))
        for _, many in sorted(queries.items())
        for call in [dice.choice(many)]
    ]


@dataclass(frozen=True, slots=True)
class Trial:
    """The tasks, the model that was asked for all of them, and the later calls with the best model there."""

    tasks: Sequence[str]
    single: str
    later: Sequence[Call]
    best: str


def gains(records: Iterable[Record], known: Sequence[Model], trial: Trial) -> Mapping[Goal, Gain]:
    """What is learned from rows gains later, by goal."""
    proposal = learned(records, known, trial.tasks, trial.single)
    return {goal: measured(chain_of(proposal, goal), trial.later, trial.best) for goal in WEIGHTS}


def mean(many: Sequence[Gain]) -> Gain:
    """The mean of several."""
    return Gain(
        round(fmean(one.requests for one in many)), _mean([one.got for one in many]), _mean([one.best for one in many])
    )


def compared(learn: Sequence[Call], measure: Sequence[Call]) -> Mapping[str, Gain]:
    """What each kind of log and each goal gains in a later period."""
    every = {call.model for call in learn} & {call.model for call in measure}
    learn, measure = [c for c in learn if c.model in every], [c for c in measure if c.model in every]
    trial = Trial(sorted({call.task for call in [*learn, *measure]}), best_single(learn), measure, best_single(measure))
    known = models(learn)
    few = [model for model in known if model.name in TRIED]
    print(f"{len(known)} models; the best single one is {trial.best}, as it seemed before {trial.single}", flush=True)
    drawn = [gains(partial(learn, few, seed), few, trial) for seed in range(DRAWS)]
    logs = {
        "full": gains(full(learn, known), known, trial),
        "full of nine": gains(full(learn, few), few, trial),
        "partial of nine": {goal: mean([one[goal] for one in drawn]) for goal in WEIGHTS},
    }
    return {f"{name}, {goal}": gain for name, found in logs.items() for goal, gain in found.items()}


def main() -> None:
    """Print what was reached."""
    parser = ArgumentParser(description="What a policy learned from a log of calls does later.")
    parser.add_argument("--learn", type=Path, required=True, help="a CSV file, gzipped or not")
    parser.add_argument("--measure", type=Path, help="the same for a later period")
    parser.add_argument("--folds", type=int, default=5, help="without a later period: so many parts of the requests")
    args = parser.parse_args()
    pairs = [(read(args.learn), read(args.measure))] if args.measure else split(read(args.learn), args.folds)
    found = [compared(learn, measure) for learn, measure in pairs]
    print(f"\n{'log, goal':28}{'requests':>9}{'accuracy':>10}{'of best':>9}{'USD':>12}{'saved':>9}{'s':>9}{'saved':>9}")
    for name in found[0]:
        mean([one[name] for one in found]).show(name)


def split(calls: Sequence[Call], folds: int) -> Iterator[tuple[list[Call], list[Call]]]:
    """Learn from all parts but one, and measure on that one's first run."""
    first = min(call.day for call in calls)
    for number in range(folds):
        rest = [call for call in calls if part(call, folds) != number]
        yield rest, [call for call in calls if part(call, folds) == number and call.day == first]


if __name__ == "__main__":
    main()
