"""The console with fakes behind it: a list of rows, cells made from them, and a clock that stands still."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import httpx
from pydantic_core import to_json

from tests.fakes import (
    FakeClock,
    FakeContents,
    FakeKeyring,
    FakeKeys,
    FakeLease,
    FakePolicies,
    FakeReports,
    a_model,
    knowing,
)
from turnout.api.console.app import create_console
from turnout.api.console.key_terms import KeyTerms
from turnout.api.console.services import ConsoleServices
from turnout.core.allowance import Period, TagBudget
from turnout.core.events import Usage
from turnout.core.ports import Key
from turnout.core.records import Attempt, Drop, Record
from turnout.core.search import Feedback, Logged, Page, Position, Search
from turnout.policy.account import UNUSED, Account
from turnout.policy.counting import entry
from turnout.policy.rollup import Cell, Counts, Dimension, Grain
from turnout.store.search import day_of

NOW = 1_800_000_000.0
HOUR = 3600.0
OWN, OTHER, OPERATOR = "sk-own", "sk-other", "sk-operator"
ADMIN = "sk-of-an-admin"
KEYS = {
    OWN: Key("key_own"),
    OTHER: Key("key_other"),
    OPERATOR: Key("key_operator", scopes=frozenset({"read"})),
    ADMIN: Key("key_admin", scopes=frozenset({"admin"})),
}
TERMS = KeyTerms(knowing(a_model("alpha"), a_model("beta")).catalog, frozenset({"careful"}), starter_credits=500)


def a_row(number: int, **changes: Any) -> Record:
    """A row that failed over, `number` hours before now."""
    row = Record(
        id=f"{number:026d}",
        at=NOW - number * HOUR,
        key_id="key_own",
        requested="auto",
        stream=True,
        goal="cost",
        task="code",
        reason="the cheapest; after 1 failed attempt",
        tags={"team": "blue"},
        candidates=("openai/gpt-5.2", "mistral/small"),
        dropped=(Drop("xai/grok", "reads no images"),),
        attempts=[
            Attempt("openai", "gpt-5.2", 1, 0, status=503, error="vendor_overloaded", message="busy", latency_ms=40),
            Attempt(
                "mistral",
                "small",
                1,
                40,
                outcome="ok",
                status=200,
                latency_ms=900,
                first_token_ms=300,
                usage=Usage(input=10, cached_input=3, cache_write=1, output=7, reasoning=2),
                cost_usd=Decimal("0.000000012345678901"),
                price_version="2026-11-01",
            ),
        ],
        vendor="mistral",
        model="small",
        outcome="ok",
        status=200,
        code="",
        finish="stop",
        latency_ms=940,
        first_token_ms=340,
    )
    return replace(row, **changes)


@dataclass
class FakeRequests:
    """Rows, searched by key alone."""

    rows: Sequence[Logged]
    searched: list[Search] = field(default_factory=list[Search])

    async def find(self, request_id: str) -> Logged | None:
        return next((row for row in self.rows if row.record.id == request_id), None)

    async def page(self, search: Search, limit: int, after: Position | None = None) -> Page:
        self.searched.append(search)
        found = [row for row in self.rows if search.key_id in ("", row.record.key_id)]
        behind = [row for row in found if not after or row.record.id > after.id]  # ids grow with age here
        page, left = behind[:limit], behind[limit:]
        last = page[-1].record if page else None
        return Page(page, Position(day_of(last.at), last.id) if last and left else None)


@dataclass
class FakeRollups:
    """The cells of rows, counted when they are asked for."""

    rows: Sequence[Record]
    asked: list[tuple[Dimension, Grain, float, float]] = field(
        default_factory=list[tuple[Dimension, Grain, float, float]]
    )

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        self.asked.append((dimension, grain, since, until))
        return [
            (cell, counts)
            for row in self.rows
            if since <= row.at < until
            for cell, counts in entry(row).increments.items()
            if (cell.dimension, cell.grain) == (dimension, grain)
        ]


@dataclass
class FakeCircuits:
    """Those that are open."""

    names: Collection[str] = ()

    async def opened(self) -> Collection[str]:
        return self.names


@dataclass
class FakeFeedback:
    """Feedback by request and key, on requests that are known."""

    known: Sequence[Record]
    given: dict[tuple[str, str], Feedback] = field(default_factory=dict[tuple[str, str], Feedback])

    async def give(self, request_id: str, key_id: str, score: Decimal, comment: str) -> Feedback | None:
        if (request_id, key_id) not in {(row.id, row.key_id) for row in self.known}:
            return None
        self.given[request_id, key_id] = Feedback(score, comment, NOW)
        return self.given[request_id, key_id]


class FakeTagBudgets:
    """The budgets of tags, in a dict."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, Period], TagBudget] = {}

    async def all(self) -> Sequence[TagBudget]:
        return tuple(self.known.values())

    async def set(self, changed: TagBudget) -> None:
        self.known[changed.tag, changed.value, changed.budget.period] = changed

    async def remove(self, tag: str, value: str, period: Period) -> bool:
        return self.known.pop((tag, value, period), None) is not None


@dataclass
class FakeAccounts:
    """Accounts by name."""

    known: Mapping[str, Account]

    async def read(self, account: str) -> Account:
        return self.known.get(account, UNUSED)


class FakeStarter:
    """Runs that were started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def start(self, run: str) -> None:
        self.started.append(run)


class Console:
    """The app over so many rows."""

    def __init__(
        self, *rows: Record, opened: Collection[str] = (), feedback: Feedback | None = None, origins: Sequence[str] = ()
    ) -> None:
        self.requests = FakeRequests([Logged(row, feedback) for row in rows])
        self.rollups = FakeRollups(rows)
        self.feedback = FakeFeedback(rows)
        self.budgets = FakeTagBudgets()
        self.accounts: dict[str, Account] = {}
        self.contents = FakeContents()
        clock = FakeClock(NOW)
        self.keyring = FakeKeyring(clock)
        self.policies, self.reports, self.lease = FakePolicies(clock), FakeReports(clock), FakeLease(clock)
        self.starter = FakeStarter()
        services = ConsoleServices(
            budgets=self.budgets,
            accounts=FakeAccounts(self.accounts),
            keys=FakeKeys(**KEYS),
            requests=self.requests,
            contents=self.contents,
            rollups=self.rollups,
            circuits=FakeCircuits(opened),
            feedback=self.feedback,
            keyring=self.keyring,
            terms=lambda: TERMS,
            policies=self.policies,
            reports=self.reports,
            lease=self.lease,
            starter=self.starter,
            clock=clock,
            origins=origins,
        )
        self.app = create_console(services)

    async def get(self, path: str, key: str = OPERATOR, **headers: str) -> httpx.Response:
        """The answer to a GET."""
        async with self._client() as client:
            return await client.get(path, headers={"authorization": f"Bearer {key}", **headers})

    async def administer(self, method: str, path: str, body: Any = None, key: str = ADMIN) -> httpx.Response:
        """The answer to what an admin key sends."""
        content = b"" if body is None else body if isinstance(body, bytes) else to_json(body)
        async with self._client() as client:
            return await client.request(method, path, headers={"authorization": f"Bearer {key}"}, content=content)

    async def post(self, path: str, body: Any, key: str = OWN) -> httpx.Response:
        """The answer to a POST; a body of bytes is sent as it is."""
        content = body if isinstance(body, bytes) else to_json(body)
        async with self._client() as client:
            return await client.post(path, headers={"authorization": f"Bearer {key}"}, content=content)

    async def delete(self, path: str, key: str = OWN) -> httpx.Response:
        """The answer to a DELETE."""
        async with self._client() as client:
            return await client.delete(path, headers={"authorization": f"Bearer {key}"})

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://turnout.test")
