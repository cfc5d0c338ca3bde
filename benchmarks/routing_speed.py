"""How long a decision takes on real prompts, and whether it survives typos, other words around it and another case."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.routing_pool import Pool, Query, load
from benchmarks.routing_prompts import mistyped, recased, wrapped
from benchmarks.routing_train import SEED
from benchmarks.routing_tune import AIMS, Router, learn
from turnout.catalog import Catalog, vendor_files
from turnout.catalog import load as load_catalog
from turnout.catalog.tokens import estimate_chat
from turnout.core.chat import Chat, Message, Request, Text, Tool
from turnout.core.goals import WEIGHTS
from turnout.core.models import Model
from turnout.core.outcomes import Outcomes
from turnout.core.ports import Key
from turnout.routing.choice import rank
from turnout.routing.choice_prior import prior
from turnout.routing.classify import classify
from turnout.routing.decision import Asked, Knowledge
from turnout.routing.eligible import Demand, lack, needs
from turnout.routing.plan import make_plan
from turnout.routing.turns import Turns

PROMPTS, VARIED = 3_000, 600
AT = 1_800_000_000.0


def choose(chat: Chat, models: Sequence[Model], outcomes: Outcomes) -> str:
    """The decision alone for one chat: size it, find its kind, filter the models, rank those that are left."""
    demand = Demand(needs(chat), estimate_chat(chat))
    able = [model.id for model in models if not lack(model, demand)]
    return rank(able, classify(chat), WEIGHTS["balanced"], outcomes, demand.prompt_tokens).order[0]


def deciders() -> dict[str, Callable[[Chat], object]]:
    """What is timed, by name: the decision alone, and all of a request's plan, as the gateway makes it."""
    known = catalog()
    knowledge, key, turns = Knowledge(known, prior(known.all())), Key("k"), Turns()
    models = known.auto()

    def plan(chat: Chat) -> object:
        return make_plan(Asked(Request(chat, "auto"), key, AT, turns=turns), knowledge, "01JROUTINGSPEED")

    return {
        "classify, filter and rank": lambda chat: choose(chat, models, knowledge.outcomes),
        "the same with rules, features and the record of it": plan,
    }


def chat_of(query: Query) -> Chat:
    """The query as a client would send it."""
    tools = tuple(Tool(f"tool_{n}", "Does something useful.") for n in range(query.n_tools))
    return Chat((Message("user", (Text(query.text),)),), tools=tools)


def catalog() -> Catalog:
    """The catalog, as if there were a key for every vendor."""
    keys = {name: "x" for file in vendor_files(None) for name in file.key_env}
    return load_catalog(keys, {}, None, "us-east-1")


def timed(chats: Sequence[Chat], decide: Callable[[Chat], object]) -> list[float]:
    """Microseconds of each decision, warm, one after the other."""
    for chat in chats:
        decide(chat)
    taken: list[float] = []
    for chat in chats:
        begun = time.perf_counter_ns()
        decide(chat)
        taken.append((time.perf_counter_ns() - begun) / 1_000)
    return taken


def stable(router: Router, queries: Sequence[Query], policy: str) -> dict[str, float]:
    """The share of queries whose decision is the same after each change."""
    dice = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    plain = [router.decide(query, policy) for query in queries]
    return {
        change.__name__: statistics.fmean(
            router.decide(Query(q.id, change(q.text, dice), q.n_tools, "", "", {}), policy) == was
            for q, was in zip(queries, plain, strict=True)
        )
        for change in (mistyped, wrapped, recased)
    }


def report(paths: Sequence[Path]) -> None:
    """Print both tables."""
    pools = [load(path) for path in paths]
    queries = [query for pool in pools for query in pool.queries]
    random.Random(SEED).shuffle(queries)  # noqa: S311 - reproducible, not secret
    chats = [chat_of(query) for query in queries[:PROMPTS]]
    print(f"\n| {len(chats)} prompts, {len(catalog().auto())} models | p50 | p90 | p99 |\n|---|---|---|---|")
    for name, decide in deciders().items():
        cuts = statistics.quantiles(timed(chats, decide), n=100)
        print(f"| {name} | {cuts[49]:.0f} us | {cuts[89]:.0f} us | {cuts[98]:.0f} us |", flush=True)
    print("\n| pool | policy | same decision: typos | words around it | case |\n|---|---|---|---|---|")
    for pool in pools:
        _stability(pool)


def _stability(pool: Pool) -> None:
    router, queries = learn(pool), random.Random(SEED).sample(pool.queries, min(VARIED, len(pool.queries)))  # noqa: S311 - reproducible
    for policy in AIMS:
        print(
            f"| {pool.name} | {policy} | {' | '.join(f'{v:.1%}' for v in stable(router, queries, policy).values())} |",
            flush=True,
        )
