"""`make bench-resilience`: every fault of the simulators, against gateways with two targets, the first of which fails.

The same limits for all: 4 s of patience with a silent vendor, one more try, a breaker that opens after three failures.
A case has a target of its own, so that none sees the breaker of another; its fault lasts for some requests and then is
gone. If the first target is then not asked, the breaker is open.
"""

import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from benchmarks.peers import report
from benchmarks.peers.gateways import VENDOR_KEY, Running, litellm_with, portkey_with, routed, started
from benchmarks.peers.outcome import HANGS_AFTER, Kind, Outcome, ask
from local.simulators import FAULTS, Simulator
from local.simulators.steps import Pace

PATIENCE = 4
"""Seconds, of every gateway with a vendor that says nothing."""
ASKED = 4
"""Requests while the fault lasts: one more than a breaker takes to open."""
AT_ONCE = 6
"""Cases under way at the same time."""
HOLD = 60.0
"""Seconds that a stall lasts."""

PROMPT = "grüße an alle hier"
ANSWER = f"You said: {PROMPT}"

FORGIVEN = frozenset({
    "context_length", "bad_parameter", "too_large", "unprocessable", "content_filter", "refusal",
    "missing_done", "split_in_character",
})  # fmt: skip
"""The faults that are the request's, or none: for these a breaker stays closed."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault in one way of asking; `name` is that of its models."""

    fault: str
    stream: bool

    @property
    def name(self) -> str:
        """For models, vendors and tables."""
        return f"{self.fault.replace('_', '-')}-{'stream' if self.stream else 'plain'}"

    @property
    def gated(self) -> bool:
        """Whether the whole vendor is out, before there is a request."""
        return FAULTS[self.fault].gate != "open"


@dataclass(frozen=True, slots=True)
class Result:
    """What the client got of the first request, and what the breaker did; None: nothing could be seen of it."""

    outcome: Outcome
    opened: bool
    as_due: bool


WAYS: tuple[tuple[str, bool], ...] = (("plain", False), ("stream", True))
CASES = [Case(name, stream) for name, fault in FAULTS.items() for way, stream in WAYS if way in fault.on]

type Body = Callable[[Case], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Subject:
    """A gateway, its two vendors, and what a request to it says beside the prompt."""

    running: Running
    first: Simulator
    body: Body

    async def asked(self, client: httpx.AsyncClient, case: Case) -> Outcome:
        """One request."""
        body = {**self.body(case), "messages": [{"role": "user", "content": PROMPT}], "stream": case.stream}
        return await ask(client, self.running.url + self.running.path, self.running.headers, body, ANSWER)

    async def tried(self, client: httpx.AsyncClient, case: Case) -> Result:
        """The fault, for some requests, and one more when it is gone."""
        self.first.fault(case.fault, model=None if case.gated else case.name)
        outcome = await self.asked(client, case)
        for _ in range(ASKED - 1):
            await self.asked(client, case)
        self.clear(case)
        before = self.count(case)
        await self.asked(client, case)
        opened = self.count(case) == before
        return Result(outcome, opened, opened == (case.fault not in FORGIVEN))

    def clear(self, case: Case) -> None:
        """The fault is gone for this case, and goes on for the others."""
        standing = self.first.faults
        self.first.clear(case.fault)
        for order in standing:
            if order.name == case.fault and order.model not in {None, case.name}:
                self.first.fault(order.name, model=order.model)

    def count(self, case: Case) -> int:
        """Requests that came to the first target."""
        return sum(entry.model == case.name for entry in self.first.requests)


async def played(subject: Subject, cases: Sequence[Case]) -> dict[str, Result]:
    """All cases; those that take the whole vendor out come last, one by one."""
    slots = asyncio.Semaphore(AT_ONCE)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits) as client:

        async def one(case: Case) -> Result:
            async with slots:
                return await subject.tried(client, case)

        together = [case for case in cases if not case.gated]
        found = dict(zip(together, await asyncio.gather(*map(one, together)), strict=True))
        for case in cases:
            if case.gated:
                found[case] = await subject.tried(client, case)
    print(f"{subject.running.name}: {len(cases)} cases", file=sys.stderr, flush=True)
    return {case.name: found[case] for case in cases}


def turnout(cases: Sequence[Case], first: str, second: str, folder: Path) -> tuple[Mapping[str, str], Body]:
    """Settings of the router, and its bodies. Each case has a vendor of its own: a breaker may be a vendor's."""
    catalog = folder / "catalog"
    catalog.mkdir()
    for case in cases:
        (catalog / f"{case.name}.toml").write_text(vendor_file(f"first-{case.name}", first, case.name))
    (catalog / "second.toml").write_text(vendor_file("second", second, "backup", 400_000, 'prefix = "prefix_flag"'))
    settings = {
        "SIMULATED_API_KEY": VENDOR_KEY,
        "TURNOUT_CATALOG_DIR": str(catalog),
        "TURNOUT_TIMEOUTS": json.dumps({
            "connect": PATIENCE, "first_token": PATIENCE, "first_token_reasoning": PATIENCE, "idle": PATIENCE,
            "request": 3 * PATIENCE,
        }),
        "TURNOUT_RETRIES": json.dumps({"tries": 2, "tries_last": 2}),
        "TURNOUT_BREAKER": json.dumps({"failures": 3, "window": 300, "cooldown": 300}),
    }  # fmt: skip
    return settings, lambda case: {
        "model": "auto",
        "turnout": {"models": [f"first-{case.name}/{case.name}", "second/backup"]},
    }


def vendor_file(name: str, url: str, model: str, window: int = 200_000, quirks: str = "") -> str:
    """A vendor's file."""
    return f"""
name = "{name}"
dialect = "openai_chat"
base_url = "{url}"
key_env = ["SIMULATED_API_KEY"]
[quirks]
{quirks}
[[models]]
name = "{model}"
upstream = "{model}"
context_window = {window}
max_output = 8_000
capabilities = ["temperature", "prefix"]
"""


def litellm(cases: Sequence[Case], first: str, second: str) -> tuple[dict[str, object], Body]:
    """The proxy's configuration: a fallback for each model, one retry, and its cooldowns."""

    def deployment(name: str, url: str) -> dict[str, object]:
        return {
            "model_name": name,
            "litellm_params": {"model": f"openai/{name}", "api_base": url, "api_key": VENDOR_KEY},
        }

    router = {
        "fallbacks": [{case.name: ["backup"]} for case in cases],
        "num_retries": 1,
        "timeout": PATIENCE,
        "stream_timeout": PATIENCE,
        "allowed_fails": 2,
        "cooldown_time": 300,
    }
    models = [deployment(case.name, first) for case in cases] + [deployment("backup", second)]
    return {"model_list": models, "router_settings": router}, lambda case: {"model": case.name}


def portkey(first: str, second: str) -> tuple[dict[str, str], Body]:
    """The gateway's headers: fallback from the one to the other, one retry each."""
    targets = [{"provider": "openai", "custom_host": url, "api_key": VENDOR_KEY} for url in (first, second)]
    config = {
        "strategy": {"mode": "fallback"},
        "request_timeout": PATIENCE * 1000,
        "retry": {"attempts": 1},
        "targets": targets,
    }
    return {"x-portkey-config": json.dumps(config)}, lambda case: {"model": case.name}


@asynccontextmanager
async def vendors() -> AsyncGenerator[tuple[Simulator, Simulator]]:
    """One that will fail, and one that will not."""
    pace = Pace(first_token_ms=0, tokens_per_second=0)
    async with (
        Simulator("openai_chat", pace=pace, hold=HOLD) as first,
        Simulator("openai_chat", pace=pace) as second,
    ):
        yield first, second


async def compared(cases: Sequence[Case], stack: ExitStack, folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The results by gateway and case, and why gateways are missing."""
    async with vendors() as ours, vendors() as theirs, vendors() as others:
        settings, asking = turnout(cases, ours[0].base_url, ours[1].base_url, folder)
        config, naming = litellm(cases, theirs[0].base_url, theirs[1].base_url)
        headers, plain = portkey(others[0].base_url, others[1].base_url)
        starts = {
            "Turnout": partial(routed, settings),
            "LiteLLM": partial(litellm_with, config, folder),
            "Portkey": partial(portkey_with, headers),
        }
        running, missing = await asyncio.to_thread(started, starts, stack)
        parts = {"Turnout": (ours[0], asking), "LiteLLM": (theirs[0], naming), "Portkey": (others[0], plain)}
        subjects = [Subject(one, *parts[one.name]) for one in running]
        results = await asyncio.gather(*(played(subject, cases) for subject in subjects))
        return {subject.running.name: found for subject, found in zip(subjects, results, strict=True)}, missing


def written(results: Mapping[str, Mapping[str, Result]], missing: Mapping[str, str]) -> None:
    """The tables."""
    about = report.machine()
    told = "".join(f"- **{name} is missing**: {why}\n" for name, why in missing.items())
    markdown = "\n".join([
        f"# Every fault, two targets\n\n`make bench-resilience`: {report.told(about)}.\n\n{INTRODUCTION}{told}",
        "## In all\n\n" + summary(results),
        "## Case by case\n\n" + details(results),
    ])  # fmt: skip
    found = {name: {case: asdict(result) for case, result in cases.items()} for name, cases in results.items()}
    report.write("resilience", markdown, {"machine": about, "missing": missing, "results": found})


KINDS: tuple[Kind, ...] = ("right", "error", "broken off", "truncated", "hang")

INTRODUCTION = f"""\
Two targets in each gateway: the first fails, the second does not. All wait {PATIENCE} s for a silent vendor and may try
once more. *Right* is the whole answer, or the vendor's own refusal told as such; *error* a status or an event that says
what is wrong; *broken off* a connection cut without a word; *truncated* an end like any other without the whole answer;
*hang* nothing within {HANGS_AFTER:.0f} s. The breaker is as it should if it opens for what is the vendor's fault, and
for nothing else; a fault lasts {ASKED} requests.

"""


def summary(results: Mapping[str, Mapping[str, Result]]) -> str:
    """How often each gateway did what."""
    rows: list[list[str]] = []
    for name, cases in results.items():
        counts = Counter(result.outcome.kind for result in cases.values())
        due = sum(result.as_due for result in cases.values())
        rows.append([name, *(str(counts[kind]) for kind in KINDS), f"{due} of {len(cases)}"])
    return report.table(["gateway", *KINDS, "breaker as it should"], rows)


def details(results: Mapping[str, Mapping[str, Result]]) -> str:
    """One line for each fault and way."""
    rows = [[case.name, *(cell(cases.get(case.name)) for cases in results.values())] for case in CASES]
    return report.table(["fault", *results], [row for row in rows if any(row[1:])])


def cell(result: Result | None) -> str:
    """Outcome, seconds and breaker."""
    if result is None:
        return ""
    breaker = "" if result.as_due else ", breaker open" if result.opened else ", breaker closed"
    kind = result.outcome.kind if result.outcome.kind == "right" else f"**{result.outcome.kind}**"
    return f"{kind} {result.outcome.seconds:.1f} s{breaker}"


def main(cases: Sequence[Case] = CASES) -> None:
    """Play and write."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        written(*asyncio.run(compared(cases, stack, folder)))


if __name__ == "__main__":
    main()
