"""Rows of a request log as a busy deployment writes them: many models, keys, failures, failovers, aborts, verdicts."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from turnout.core.events import Usage
from turnout.core.records import Attempt, Decision, Features, Outcome, Record

START = 1_800_000_000.0
MODELS = (("openai", "gpt-5.2"), ("anthropic", "claude-sonnet-4.5"), ("google", "gemini-3-flash"), ("mistral", "small"))
TASKS = ("code", "chat", "extract", "")
TEAMS = ("search", "support", "räksmörgås")
FEATURES = Features("2027-01-15", 100, explore=0.4)
DOLLARS_PER_TOKEN = Decimal("0.000001375")


def rows(count: int, seed: int, per_second: float = 20.0) -> Iterator[Record]:
    """So many rows, evenly spread over time from START on, ids ascending; the same for the same seed."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    for number in range(count):
        row = _row(f"{number:026d}", START + number / per_second, random)
        row.decision = _drawn(row, 0.1 if number % 9 else 0.7) if number % 3 == 0 else None
        yield row


def _drawn(row: Record, propensity: float) -> Decision:
    """A decision in which chance had a say."""
    first = row.attempts[0]
    return Decision(FEATURES, 0, propensity, targets=(f"{first.vendor}/{first.model}",))


def _row(id_: str, at: float, random: Random) -> Record:
    task, stream = random.choice(TASKS), random.random() < 0.6
    attempts = list(_attempts(random))
    last = attempts[-1]
    answered = last.outcome == "ok" or (last.outcome == "aborted" and last.first_token_ms is not None)
    tags = {"team": random.choice(TEAMS)} if random.random() < 0.7 else {}
    return Record(
        id=id_,
        at=at,
        key_id=f"key_{random.randrange(5)}",
        requested="auto",
        stream=stream,
        goal=random.choice(("balanced", "cost")),
        task=task,
        policy=random.choice(("7", "8")),
        tags=tags,
        attempts=attempts,
        vendor=last.vendor if answered else "",
        model=last.model if answered else "",
        outcome=last.outcome,
        status=200 if last.outcome == "ok" else 502,
        latency_ms=sum(attempt.latency_ms for attempt in attempts),
        first_token_ms=last.first_token_ms if answered else None,
    )


def _attempts(random: Random) -> Iterator[Attempt]:
    while True:
        vendor, model = random.choice(MODELS)
        outcome: Outcome = random.choices(("ok", "error", "aborted"), (90, 8, 2))[0]
        yield _attempt(vendor, model, outcome, random)
        if outcome != "error" or random.random() < 0.2:
            return


def _attempt(vendor: str, model: str, outcome: Outcome, random: Random) -> Attempt:
    latency = int(random.lognormvariate(7, 0.8))
    billed = outcome != "error" or random.random() < 0.3
    usage = _usage(random) if billed else Usage()
    return Attempt(
        vendor=vendor,
        model=model,
        number=1,
        started_ms=0,
        outcome=outcome,
        billed=billed,
        blames="model" if outcome == "error" else "nobody",
        latency_ms=latency,
        first_token_ms=None if outcome == "error" else latency // 4,
        usage=usage,
        cost_usd=DOLLARS_PER_TOKEN * (usage.prompt + 4 * usage.completion),
        price_version="2026-01-01",
        judged=Decimal(latency % 11) / 10 if outcome == "ok" and latency % 4 == 0 else None,
        signals={"cut": random.random() < 0.05, "refused": False} if outcome == "ok" else {},
    )


def _usage(random: Random) -> Usage:
    return Usage(
        input=random.randrange(2000),
        cached_input=random.choice((0, 0, random.randrange(3000))),
        cache_write=random.choice((0, 0, 0, random.randrange(1000))),
        output=random.randrange(1, 800),
        reasoning=random.choice((0, random.randrange(500))),
        image=random.choice((0, 0, 0, 0, 1120)),
        source=random.choice(("vendor", "vendor", "estimated")),
    )
