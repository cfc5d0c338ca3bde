"""What is written down of a request: one row, with every attempt in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from turnout.core.chat import Goal
from turnout.core.errors import Blame
from turnout.core.events import Usage
from turnout.core.frozen import frozen

type Outcome = Literal["ok", "error", "aborted", "skipped"]
type Role = Literal["answer", "candidate", "synthesis", "verdict"]
type Sampled = Literal[
    "",
    "judged",
    "unfit",
    "no_time",
    "no_second_model",
    "no_judge",
    "over_budget",
    "budget_unknown",
    "no_second_answer",
    "no_verdict",
]
"""What came of a sample, "" where the lot did not fall on the request.

Apart from "judged" it is why there is no verdict: the answer cannot be judged, nobody was left to answer or to judge,
time or the day's sum was used up, the sum could not be asked for, the second model or the judge gave nothing of use.
"""
type Source = Literal["auto", "rule", "list", "name"]
"""Who named the candidates: the gateway itself, a rule, the client's `turnout.models`, or its `model`."""


@frozen
class Part:
    """What a call is for, where one request takes several: `number` counts those of a role and `layer`, from 0.

    An "answer" is shown to the client as the choice of that number. Of "candidate"s a "synthesis" is made, or a
    "verdict" says which is shown.
    """

    role: Role = "answer"
    number: int = 0
    layer: int = 0


ANSWER = Part()
"""The only part of a request that one model answers."""


@dataclass(slots=True)
class Attempt:
    """One call of one model. Times are milliseconds from the attempt's start; `number` counts tries of this target
    for this `part`.

    `aborted`: the client went away. `skipped`: not sent, its circuit was open. `billed`: failed, but the vendor has
    worked on it and will charge. `status` is the vendor's. `blames` tells whose fault a failure is. `signals` are the
    checks that a whole answer was put to for free (`policy.signals`), and whether each found something wrong. `judged`
    is what a judge gave it, from 0 to 1; `propensity` the probability with which a sample was to bring that about, None
    where the client wanted it.
    """

    vendor: str
    model: str
    number: int
    started_ms: int
    outcome: Outcome = "error"
    status: int | None = None
    error: str = ""
    message: str = ""
    billed: bool = False
    blames: Blame = "nobody"
    latency_ms: int = 0
    first_token_ms: int | None = None
    finish: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal = Decimal(0)
    price_version: str = ""
    signals: Mapping[str, bool] = field(default_factory=dict[str, bool])
    part: Part = ANSWER
    judged: Decimal | None = None
    propensity: Decimal | None = None


@frozen
class Drop:
    """A candidate that was not used, and why."""

    model: str
    reason: str


@frozen
class Features:
    """All that a decision is made of, apart from the candidates and what is known of them; no text of a prompt.

    `rule` is the one that fired; goal, mode and limits are the client's and the rule's together. `confidence` is None
    where nobody had to classify. `forbidden` (by the rule), `barred` (to the key) and `resting` (with an open circuit)
    are ids of candidates, `unready` vendors of candidates that cannot be asked here. `strategy` is that of failover,
    `turn` the number of the turn where models are asked in turn. The last `fallbacks` candidates are the client's own,
    which no ranking moves. Of those that are ranked so many of `several` vendors answer at once; 0: one after the
    other. `held` is the id of the model that the conversation is on. `day` (UTC) is the one whose prices hold. `rules`
    and `catalog` are versions. With the probability `sample` a second model answers too.
    """

    day: str
    prompt_tokens: int
    source: Source = "auto"
    answer_tokens: int = 0
    needs: tuple[str, ...] = ()
    goal: Goal = "balanced"
    mode: str = "failover"
    strategy: str = ""
    turn: int | None = None
    rule: str = ""
    task: str = ""
    confidence: float | None = None
    max_cost_usd: float | None = None
    max_latency_ms: int | None = None
    fallbacks: int = 0
    several: int = 0
    forbidden: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    unready: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()
    held: str = ""
    explore: float = 0.0
    sample: float = 0.0
    rules: str = ""
    catalog: str = ""


@frozen
class Decision:
    """Why which model was asked first, so that it can be decided again and the same comes out.

    `propensity` is the probability with which the first target was to be the first; `scores` the utility of those that
    were ranked and are known, by id. `policy` is the version that it was decided with, and `primary` the model that
    the policy would ask first, were its circuit open or not: "" where others had chosen.
    """

    features: Features
    seed: int
    propensity: float = 1.0
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    targets: tuple[str, ...] = ()
    policy: str = ""
    primary: str = ""


@dataclass(slots=True)
class Record:
    """One request of one client. `at` is epoch seconds; no prompt and no answer is in it.

    `policy` is the version that chose the model, "" where the client, a rule or the conversation did.
    `outcome` is ok, error or aborted; `code` is the error's. `partial` says that the client saw the start of an
    answer but not its end. `conversation` is the name under which the model of the next turn is remembered.
    """

    id: str
    at: float
    key_id: str
    requested: str
    stream: bool
    mode: str = "failover"
    goal: str = ""
    task: str = ""
    reason: str = ""
    session: str = ""
    conversation: str = ""
    policy: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    candidates: tuple[str, ...] = ()
    dropped: tuple[Drop, ...] = ()
    decision: Decision | None = None
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    vendor: str = ""
    model: str = ""
    outcome: Outcome = "error"
    status: int = 500
    code: str = "internal_error"
    finish: str = ""
    partial: bool = False
    latency_ms: int = 0
    first_token_ms: int | None = None
    sample: Sampled = ""

    @property
    def cost_usd(self) -> Decimal:
        """What all attempts cost, failed ones included."""
        return sum((attempt.cost_usd for attempt in self.attempts), Decimal(0))

    @property
    def tokens(self) -> int:
        """Those of all attempts, prompts and answers together."""
        return sum(attempt.usage.prompt + attempt.usage.completion for attempt in self.attempts)
