"""Sends requests of mixed tasks to a Turnout, as a busy team would: `python -m local.traffic URL KEY --requests 2000`.

Two of five ask for `auto`; the others name one of two models of the same class, so that there is something to compare
with.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from openai import APIError, AsyncOpenAI

PROMPTS: Mapping[str, Sequence[str]] = {
    "code": ("Write a Python function that merges two sorted lists.", "Fix this bug: for i in range(len(x)): x.pop(i)"),
    "chat": ("How was your day?", "Tell me something nice about trains."),
    "translation": ("Translate into French: The train leaves at nine.", "Translate into German: Where is the station?"),
}
"""By the task that they are meant for."""


NAMED = ("gemini-3.1-pro", "gpt-5.2")
AUTO = 0.4
"""The share of requests that name no model."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One request of a plan."""

    model: str
    task: str
    text: str
    session: str


def plan(requests: int, seed: int = 1) -> list[Wish]:
    """So many; the same for the same seed. Each is a conversation of its own, so that none stays on a model."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    return [_wish(random, f"traffic-{seed}-{number}") for number in range(requests)]


def _wish(random: Random, session: str) -> Wish:
    task = random.choice(sorted(PROMPTS))
    model = "auto" if random.random() < AUTO else random.choice(NAMED)
    return Wish(model, task, random.choice(PROMPTS[task]), session)


async def send(client: AsyncOpenAI, wishes: Sequence[Wish], at_once: int) -> Counter[str]:
    """All of them, `at_once` side by side; how often each model answered, "" where none did."""
    waiting = asyncio.Semaphore(at_once)

    async def one(wish: Wish) -> str:
        async with waiting:
            return await _asked(client, wish)

    return Counter(await asyncio.gather(*map(one, wishes)))


async def _asked(client: AsyncOpenAI, wish: Wish) -> str:
    try:
        answer = await client.chat.completions.create(
            model=wish.model,
            messages=[{"role": "user", "content": wish.text}],
            extra_body={"turnout": {"session": wish.session, "task": wish.task}},
        )
    except APIError:
        return ""
    return answer.model


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="http://127.0.0.1:8000/v1")
    parser.add_argument("key")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    client = AsyncOpenAI(base_url=args.url, api_key=args.key, max_retries=0)
    for model, times in (await send(client, plan(args.requests, args.seed), args.at_once)).most_common():
        print(f"{times:6}  {model or 'no answer'}")


if __name__ == "__main__":
    asyncio.run(_main())
