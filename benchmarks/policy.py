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
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from benchmarks import policy_guard
from benchmarks.policy_guard import ANSWERS, Request, Watched, mean, outcome, watched
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
NEARLY = 0.8
"""Of the queries, how many a model must have been asked to be compared with others."""
NEAR = 0.05
"""How much less accurate than the best a model may seem to be tried for everything."""
FALL = 0.063
"""By how much a model gets worse where there is no later period: as one did from July to August, from .876 to .813."""
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


def accuracies(calls: Iterable[Call]) -> Mapping[str, float]:
    """The share of right answers of each model that was asked nearly everything."""
    found: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for call in calls:
        found[call.model].setdefault(call.query, call.correct)
    most = max(map(len, found.values()))
    return {name: fmean(right.values()) for name, right in found.items() if len(right) >= NEARLY * most}


def best_single(calls: Iterable[Call]) -> str:
    """The model with the best accuracy."""
    found = accuracies(calls)
    return max(found, key=lambda name: found[name])


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


def taken(chain: Chain, query: str, answers: Answers) -> Sequence[Call] | None:
    """The calls of a request: those that failed, and the first that did not. None where one is not known."""
    found: list[Call] = []
    for name in chain:
        if not (call := answers.get((name, query))):
            return None
        found.append(call)
        if not call.failed:
            break
    return found


def requests(chain: Callable[[str], Chain], trial: "Trial") -> list[Request]:
    """The later requests of which all answers that they take are known."""
    answers = {(call.model, call.query): call for call in trial.later}
    found: list[Request] = []
    for task, query in sorted({(call.task, call.query) for call in trial.later}):
        canary, control, best = (
            taken(names, query, answers) for names in (chain(task), (trial.single,), (trial.best,))
        )
        if canary and control and best:
            found.append(Request(canary, control, best))
    return found


def measured(chain: Callable[[str], Chain], trial: "Trial") -> Gain:
    """What a policy gains later."""
    found = requests(chain, trial)
    return Gain(len(found), mean([outcome(one.canary) for one in found]), mean([outcome(one.best) for one in found]))


def full(calls: Iterable[Call], known: Sequence[Model]) -> list[Record]:
    """All calls as rows."""
    names = {model.name for model in known}
    return [record([call]) for call in calls if call.model in names]


def partial(calls: Iterable[Call], known: Sequence[Model], seed: int) -> list[Record]:
    """Of each query one call, of a model drawn at random."""
    names, dice = {model.name for model in known}, random.Random(seed)  # noqa: S311 - reproducible, not secret
    queries: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.model in names:
            queries[call.query].append(call)
    return [record([call], 1 / len(many)) for _, many in sorted(queries.items()) for call in [dice.choice(many)]]


@dataclass(frozen=True, slots=True)
class Trial:
    """The tasks, the model that was asked for all of them, and the later calls with the best model there."""

    tasks: Sequence[str]
    single: str
    later: Sequence[Call]
    best: str


def gains(proposal: Proposal, trial: Trial) -> Mapping[Goal, Gain]:
    """What a proposal gains later, by goal."""
    return {goal: measured(chain_of(proposal, goal), trial) for goal in WEIGHTS}


def averaged(many: Sequence[Gain]) -> Gain:
    """The mean of several."""
    return Gain(
        round(fmean(one.requests for one in many)), mean([one.got for one in many]), mean([one.best for one in many])
    )


@dataclass(frozen=True, slots=True)
class Found:
    """Of one learning period and one later: gains by kind of log and goal, and canaries that were watched, by name."""

    gains: Mapping[str, Gain]
    watched: Mapping[str, Sequence[Watched]]


def compared(learn: Sequence[Call], measure: Sequence[Call], runs: int, fall: float) -> Found:
    """What is learned in one period and does in another; canaries are tried `runs` times."""
    every = accuracies(learn).keys() & accuracies(measure).keys()
    if not every:
        raise SystemExit("no model was asked nearly everything in both periods, so nothing can be compared")
    learn, measure = [c for c in learn if c.model in every], [c for c in measure if c.model in every]
    trial = Trial(sorted({call.task for call in [*learn, *measure]}), best_single(learn), measure, best_single(measure))
    known = models(learn)
    few = [model for model in known if model.name in {*TRIED, trial.single}]
    print(f"{len(known)} models; the best single one is {trial.best}, as it seemed before {trial.single}", flush=True)

    def taught(records: Iterable[Record], known: Sequence[Model]) -> Proposal:
        return learned(records, known, trial.tasks, trial.single)

    proposal = taught(full(learn, known), known)
    drawn = [gains(taught(partial(learn, few, seed), few), trial) for seed in range(DRAWS)]
    logs = {
        "full": gains(proposal, trial),
        f"full of {len(few)}": gains(taught(full(learn, few), few), trial),
        f"partial of {len(few)}": {goal: averaged([one[goal] for one in drawn]) for goal in WEIGHTS},
    }
    goals = {goal: requests(chain_of(proposal, goal), trial) for goal in WEIGHTS}
    policies = {f"the policy for {goal}": [watched(many, seed) for seed in range(runs)] for goal, many in goals.items()}
    fallen = {
        name: [watched(many, seed, ANSWERS) for seed in range(runs)]
        for name, many in worsened(learn, trial, fall).items()
    }
    return Found(
        {f"{name}, {goal}": gain for name, found in logs.items() for goal, gain in found.items()}, policies | fallen
    )


def worsened(learn: Sequence[Call], trial: Trial, fall: float) -> Mapping[str, list[Request]]:
    """All requests to the model that got worse most, of those that seemed `NEAR` to the best: before and later.

    With a `fall` it is the next best model, and so many of its answers are wrong later though they were right.
    """
    before, later = accuracies(learn), accuracies(trial.later)
    top = max(before.values())
    near = [name for name in before.keys() & later.keys() - {trial.single} if before[name] >= top - NEAR]
    if not near:
        return {}
    name = max(near, key=lambda name: (before[name] if fall else before[name] - later[name], name))
    calls = [worse(call, fall / max(later[name], FALL)) if call.model == name else call for call in trial.later]
    periods = {"as it was": replace(trial, later=learn, best=trial.single), "later": replace(trial, later=calls)}
    found = {when: requests(lambda _: (name,), period) for when, period in periods.items()}
    return {f"{name} for everything, {when}": many for when, many in found.items()}


def worse(call: Call, share: float) -> Call:
    """A right answer that is wrong, for a share of the queries."""
    return replace(call, correct=False) if part(call, 10_000) < share * 10_000 else call


def main() -> None:
    """Print what was reached."""
    parser = ArgumentParser(description="What a policy learned from a log of calls does later.")
    parser.add_argument("--learn", type=Path, required=True, help="a CSV file, gzipped or not")
    parser.add_argument("--measure", type=Path, help="the same for a later period")
    parser.add_argument("--folds", type=int, default=5, help="without a later period: so many parts of the requests")
    parser.add_argument("--runs", type=int, default=20, help="how often each canary is tried")
    args = parser.parse_args()
    pairs = [(read(args.learn), read(args.measure))] if args.measure else split(read(args.learn), args.folds)
    fall, runs = (0.0, args.runs) if args.measure else (FALL, max(1, args.runs // args.folds))
    show([compared(learn, measure, runs, fall) for learn, measure in pairs])


def show(found: Sequence[Found]) -> None:
    """All of it; of several periods the means."""
    print(f"\n{'log, goal':28}{'requests':>9}{'accuracy':>10}{'of best':>9}{'USD':>12}{'saved':>9}{'s':>9}{'saved':>9}")
    for name in found[0].gains:
        averaged([one.gains[name] for one in found if name in one.gains]).show(name)
    names = dict.fromkeys(name for one in found for name in one.watched)
    for name in names:
        policy_guard.show(name, [tried for one in found for tried in one.watched.get(name, ())])


def split(calls: Sequence[Call], folds: int) -> Iterator[tuple[list[Call], list[Call]]]:
    """Learn from all parts but one, and measure on that one's first run."""
    first = min(call.day for call in calls)
    for number in range(folds):
        rest = [call for call in calls if part(call, folds) != number]
        yield rest, [call for call in calls if part(call, folds) == number and call.day == first]


if __name__ == "__main__":
    main()
