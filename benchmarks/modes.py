"""What modes add to their slowest calls: `python -m benchmarks.modes`.

Simulated vendors take 300 ms for any answer, so compare takes 300 ms, and blend and judge twice that. What is more is
the gateway's: HTTP in and out, the events, the record.
"""

import asyncio
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from local.simulators.steps import Pace
from tests.e2e.world import ASKED, World, world

SLOWNESS = Pace(first_token_ms=300, tokens_per_second=0)
ROUNDS = 20
TARGETS = ("openai/gpt-5.2", "anthropic/claude-haiku-4.5", "mistral/mistral-large")
CASES: Mapping[str, tuple[int, dict[str, Any]]] = {
    "failover": (1, {}),
    "compare": (1, {}),
    "blend": (2, {"synthesizer": "google/gemini-3-flash"}),
    "judge": (2, {"judge": "google/gemini-3-flash"}),
}
"""How many calls follow each other, and the options."""


async def main() -> None:
    """Print the table."""
    print(f"{'mode':<10}{'wall ms':>9}{'slowest ms':>12}{'ratio':>8}   median of {ROUNDS}")
    async with world(pace=SLOWNESS) as everything:
        for mode, (stages, options) in CASES.items():
            await timed(everything, mode, options)  # opens the connections
            seen = [await timed(everything, mode, options) for _ in range(ROUNDS)]
            wall, slowest = median(wall for wall, _ in seen), median(slowest for _, slowest in seen)
            print(f"{mode:<10}{wall:>9.0f}{slowest:>12.0f}{wall / slowest:>8.3f}   {stages} after each other")


async def timed(everything: World, mode: str, options: Mapping[str, Any]) -> tuple[float, float]:
    """Milliseconds of one request as its client sees it, and the sum of the slowest call of each stage."""
    body = {"turnout": {"mode": mode, "models": TARGETS, **options}}
    begun = time.perf_counter()
    completion = await everything.client.chat.completions.create(model="auto", messages=ASKED, extra_body=body)
    wall = (time.perf_counter() - begun) * 1000
    row = await everything.row((completion.model_extra or {})["turnout"]["request_id"])
    stages: dict[str, int] = {}
    for attempt in row.attempts:
        stages[attempt.part.role] = max(stages.get(attempt.part.role, 0), attempt.latency_ms)
    assert all(attempt.outcome == "ok" for attempt in row.attempts)
    return wall, sum(stages.values())


if __name__ == "__main__":
    asyncio.run(main())
