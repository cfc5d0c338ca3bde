"""What the optimizer decides: chains of models by goal and task, as a version that never changes, and why."""

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from turnout.core.chat import Goal
from turnout.core.frozen import frozen
from turnout.core.outcomes import Outcomes

type State = Literal["recommended", "canary", "active", "superseded", "rolled_back"]
"""Where a version is on its way. Only one is `active`, and only one a `canary`, at a time."""

type Chain = tuple[str, ...]
"""Ids of models: the primary first, then the fallbacks in the order in which they are asked."""

type Verdict = Literal["change", "keep", "not_enough_evidence"]
type Metric = Literal["quality", "success", "latency_ms", "cost_usd"]
type Method = Literal["doubly_robust", "snips", "direct"]
"""How an effect was estimated: `direct` from outcomes and priors alone, where logged propensities do not reach."""


@frozen
class Interval:
    """An estimate and where, with 95% confidence, the truth is."""

    low: float
    mid: float
    high: float


@frozen
class Effect:
    """What a request is expected to get of one metric under the chain of now, under the proposed one, and the change.

    `change` is proposed less now, in the metric's unit. `method` is how, and `refused` why no better one was taken.
    """

    metric: Metric
    now: Interval | None
    proposed: Interval | None
    change: Interval | None
    method: Method = "direct"
    refused: str = ""


@frozen
class Evidence:
    """How much is known: requests of this task seen, how many of them count for the estimate, how many more it takes.

    `more` is 0 where there is enough, and None where more requests alone would not do (the `reason` says what would).
    """

    requests: int
    effective: float
    more: int | None = 0


@frozen
class Advice:
    """What to do for one goal and task, with the reason in one sentence.

    `both_fail` is the estimated probability that the primary and its first fallback fail together.
    """

    goal: Goal
    task: str
    now: Chain
    proposed: Chain
    verdict: Verdict
    reason: str
    effects: tuple[Effect, ...] = ()
    evidence: Evidence = Evidence(0, 0.0)
    both_fail: float | None = None


@frozen
class Policy:
    """One version. `chains` is by goal, then by task; what it does not name is ranked by `outcomes`.

    `outcomes` is what was known of the models when it was made: the priors after all observations. `created_at` is in
    epoch seconds; `based_on` is the version that was active then, "" for none; `report` is the key of its report.
    """

    version: str
    created_at: float
    chains: Mapping[Goal, Mapping[str, Chain]]
    outcomes: Outcomes
    based_on: str = ""
    report: str = ""
    note: str = ""

    def chain(self, goal: Goal, task: str) -> Chain:
        """The models for a goal and a task, () where it names none."""
        return self.chains.get(goal, {}).get(task, ())


def unguided(priors: Outcomes) -> Policy:
    """What decides where there is no policy: the priors alone."""
    return Policy(priors.version, 0.0, {}, priors)


@frozen
class Proposal:
    """What came out of one run of the optimizer over a period of days (ISO dates, both included).

    `policy` is None when nothing would change. `outcomes` are the priors moved by what was counted. `unknown` are
    sentences on what could not be told, and why.
    """

    first_day: str
    last_day: str
    advice: tuple[Advice, ...]
    policy: Policy | None
    outcomes: Outcomes
    unknown: tuple[str, ...] = field(default=())


@frozen
class Change:
    """A version entered a state, `at` epoch seconds; `why` is a sentence for whoever reads the history."""

    state: State
    at: float
    why: str


@frozen
class Listed:
    """A version without its chains: what its policy says of itself, and all that became of it, oldest first."""

    version: str
    created_at: float
    based_on: str
    report: str
    note: str
    history: tuple[Change, ...]

    @property
    def state(self) -> State:
        """Where it is now."""
        return self.history[-1].state


@frozen
class Pointer:
    """Which versions decide; "" are the priors, from which every deployment starts.

    The `canary`, "" for none, decides for a `share` of the sessions; its control is the `active` one. Times are epoch
    seconds. `before` were active earlier, the latest last: a roll back goes there. `revision` grows with each move.
    """

    active: str = ""
    active_since: float = 0.0
    canary: str = ""
    canary_since: float = 0.0
    share: float = 0.0
    before: tuple[str, ...] = ()
    revision: int = 0
