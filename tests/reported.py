"""A month of a deployment as a report sees it: six models, one of which became slow and dear, and what is advised."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Advice, Effect, Evidence, Interval, Policy, Proposal
from turnout.policy.drift import Finding
from turnout.policy.report import Report
from turnout.policy.reporting import Seen, report
from turnout.policy.rollup import Cell, Counts, Dimension, merged
from turnout.policy.sketch import bucket

FIRST, LAST = date(2026, 10, 27), date(2026, 11, 23)
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TASKS = ("chat", "code", "extraction", "math", "tools", "translation")
MODELS = {
    "anthropic/claude-sonnet-4.5": (0.9, 0.0042, 1900),
    "google/gemini-3-flash": (0.83, 0.0006, 700),
    "mistral/mistral-large": (0.78, 0.0019, 1300),
    "openai/gpt-5.2": (0.91, 0.0061, 2100),
    "openai/gpt-5.4-mini": (0.8, 0.0004, 600),
    "groq/llama-3.3-70b": (0.69, 0.0003, 300),
}
"""Quality, cost in USD, and median latency in ms."""
SLOW = "openai/gpt-5.2"


@cache
def cells(dimension: Dimension, seed: int = 7) -> list[tuple[Cell, Counts]]:
    """Those of each day."""
    return list(_cells(dimension, Random(seed)))  # noqa: S311 - reproducible, not secret


def _cells(dimension: Dimension, random: Random) -> Iterator[tuple[Cell, Counts]]:
    for number in range((LAST - FIRST).days + 1):
        day = (FIRST + timedelta(number)).isoformat()
        if number == 9:
            continue  # a day of which nothing was counted
        for model, (quality, cost, latency) in MODELS.items():
            worse = 1 + 2.2 * (model == SLOW and number > 20)
            for task in TASKS:
                counts = _counts(random, quality, cost * worse, latency * worse)
                yield Cell("day", day, dimension, _values(dimension, model, task, random)), counts


def _values(dimension: Dimension, model: str, task: str, random: Random) -> tuple[str, ...]:
    goal = random.choices(("balanced", "cost", "latency", "reliability"), (8, 3, 2, 1))[0]
    return {"model": (model, task, ""), "route": (goal, task, ""), "key": (f"key_{random.randrange(4)}",)}[dimension]


def _counts(random: Random, quality: float, cost: float, latency: float) -> Counts:
    asked = random.randrange(20, 60)
    failed = sum(random.random() < 0.015 for _ in range(asked))
    times = [bucket(int(latency * math.exp(random.gauss(0, 0.4)))) for _ in range(asked - failed)]
    judged = asked // 5
    return merged(
        [
            {"rq": asked, "rk": asked - failed, "re": failed, "aq": asked, "ak": asked - failed, "ae": failed},
            {"us": round(Decimal(cost * asked * random.uniform(0.9, 1.1)), 8), "ti": 300 * asked, "ta": 200 * asked},
            {"jdn": judged, "jds": round(Decimal(judged * quality * random.uniform(0.95, 1.05)), 4)},
            {"ctn": asked, "cts": random.randrange(2), "rfn": asked, "rfs": random.randrange(2)},
            *({f"l{number}": 1, f"f{max(0, number - 24)}": 1} for number in times),
        ]
    )


def outcomes() -> Outcomes:
    """What is known after that month."""
    row = {
        name: Expected(quality, cost, 3e-7, latency / 1000, 0.985, 1_300)
        for name, (quality, cost, latency) in MODELS.items()
    }
    return Outcomes(dict.fromkeys(TASKS, row), row, version="priors 2026-11-24")


def an_advice(**changes: object) -> Advice:
    """To move the task `code` away from what became slow and dear."""
    fields: dict[str, object] = {
        "goal": "balanced",
        "task": "code",
        "now": (SLOW, "anthropic/claude-sonnet-4.5"),
        "proposed": ("anthropic/claude-sonnet-4.5", "google/gemini-3-flash", "mistral/mistral-large"),
        "verdict": "change",
        "reason": "anthropic/claude-sonnet-4.5 costs less and answers sooner, at a quality that is no worse.",
        "effects": effects(),
        "evidence": Evidence(7_120, 812.4, 0),
        "both_fail": 0.0002,
    }
    return Advice(**{**fields, **changes})  # pyright: ignore[reportArgumentType] - named as the fields are


def effects(scale: float = 1.0) -> tuple[Effect, ...]:
    """Cheaper and quicker, hardly better or worse."""
    return (
        _effect("quality", (0.895, 0.91, 0.925), (-0.021 * scale, -0.006, 0.009 * scale)),
        _effect("success", (0.98, 0.985, 0.99), (-0.002, 0.004 * scale, 0.01 * scale)),
        _effect("latency_ms", (3_900, 4_180, 4_460), (-2_610 * scale, -2_240 * scale, -1_870 * scale)),
        _effect("cost_usd", (0.0101, 0.0109, 0.0117), (-0.0079 * scale, -0.0066 * scale, -0.0053 * scale)),
    )


def _effect(metric: str, now: tuple[float, ...], change: tuple[float, ...]) -> Effect:
    before, by = Interval(*now), Interval(*change)
    half = by.high - by.mid
    after = Interval(before.mid + by.mid - half, before.mid + by.mid, before.mid + by.mid + half)
    return Effect(metric, before, after, by, "doubly_robust")  # pyright: ignore[reportArgumentType] - one of its names


def proposal() -> Proposal:
    """What comes out of it: some tasks change, one stays, and of one not enough is known."""
    changed = [
        an_advice(goal=goal, task=task, effects=effects(1 - 0.13 * number))
        for goal in ("balanced", "cost")
        for number, task in enumerate(TASKS[:4])
    ]
    stays = [
        an_advice(goal=goal, task="tools", verdict="keep", proposed=an_advice().now, effects=(), reason="It is best.")
        for goal in ("balanced", "cost", "latency")
    ]
    short = [
        an_advice(
            goal=goal,
            task="translation",
            verdict="not_enough_evidence",
            now=(),
            proposed=(),
            effects=(Effect("quality", None, None, None, refused="other models were tried on too few requests"),),
            reason="Keep: not enough evidence.",
            evidence=Evidence(140, 31.0, 610),
        )
        for goal in ("balanced", "cost", "latency", "reliability")
    ]
    advice = (*changed, *stays, *short)
    policy = Policy(
        "p-20261124", NOW.timestamp(), {"balanced": {"code": an_advice().proposed}}, outcomes(), "p-20261117"
    )
    unknown = ("Nobody judged answers of groq/llama-3.3-70b, so its quality is a prior.", "Two days are missing.")
    return Proposal(FIRST.isoformat(), LAST.isoformat(), advice, policy, outcomes(), unknown)


def findings() -> list[Finding]:
    """One drift among many tests."""
    drifted = [
        Finding(SLOW, "code", "latency_ms", 2_080.0, 6_640.0, 0.41, 3e-9, drifted=True),
        Finding(SLOW, "code", "cost_usd", 0.0061, 0.0195, 0.0134, 2e-7, drifted=True),
    ]
    return [*drifted, *(Finding("mistral/mistral-large", task, "judge", 0.8, 0.79, -0.01, 0.4) for task in TASKS)]


@cache
def a_report() -> Report:
    """All of it."""
    seen = Seen(cells("model"), cells("route"), cells("key"), findings())
    return report("2026-11-24-030000", NOW, proposal(), "p-20261117", seen)
