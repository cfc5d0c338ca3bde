"""One fake for each port of the core, small enough to be read at a glance."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

from turnout.catalog import Catalog
from turnout.core.allowance import Budget, Estimate, Left
from turnout.core.contents import Content
from turnout.core.errors import Conflict, TurnoutError, UnknownKey, UnknownPolicy, VendorError
from turnout.core.events import Delta, Done, Events, Usage
from turnout.core.keyring import Issued, Secret
from turnout.core.models import Capability, Model, Price, Rate, Vendor
from turnout.core.outcomes import Expected, Outcomes
from turnout.core.policies import Change, Listed, Pointer, Policy
from turnout.core.ports import Call, Clock, Key
from turnout.core.records import Record
from turnout.core.reporting import KeptReport, ReportNotWritten
from turnout.policy.account import (
    Account,
    Held,
    Terms,
    buckets,
    correction,
    instant,
    left,
    refused,
    terms_of_key,
    tightest,
    windows,
)
from turnout.policy.canary_watch import Watch
from turnout.policy.counting import entry, start
from turnout.policy.rollup import Cell, Counts, Dimension, Grain, merged
from turnout.policy.versions import Move, activated, canaried, rolled_back
from turnout.routing.decision import Knowledge
from turnout.routing.rules import Rules
from turnout.store.reports import key_of

NOTHING_KNOWN, NO_RULES = Outcomes({}, {}), Rules()


class FakeClock:
    """Time that passes only when somebody sleeps, or a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class FakeRequestLog:
    """A request log that is a list."""

    def __init__(self) -> None:
        self.rows: list[Record] = []

    async def write(self, record: Record) -> None:
        self.rows.append(record)


class FakeContents:
    """Contents by key and request."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Content] = {}

    async def write(self, content: Content) -> None:
        self.kept[content.key_id, content.request_id] = content

    async def read(self, key_id: str, request_id: str) -> Content | None:
        return self.kept.get((key_id, request_id))


class FakeKeys:
    """Keys by their secret."""

    def __init__(self, **known: Key) -> None:
        self.known = known

    async def find(self, secret: str) -> Key | None:
        return self.known.get(secret)


class FakeKeyring:
    """Keys that were given out, by id; a secret is the id with the number of its rotation."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.known: dict[str, Issued] = {}

    async def create(self, key: Key, expires_at: float | None = None) -> tuple[str, Issued]:
        key_id = key.id or f"key_{len(self.known)}"
        issued = Issued(replace(key, id=key_id), self.clock.now, expires_at, secrets=(Secret("#0", self.clock.now),))
        self.known[key_id] = issued
        return f"{key_id}#0", issued

    async def get(self, key_id: str) -> Issued:
        if key_id not in self.known:
            raise UnknownKey(f"There is no key '{key_id}'.", param="id")
        return self.known[key_id]

    async def page(self, limit: int, after: str = "") -> tuple[list[Issued], str]:
        ids = [key_id for key_id in sorted(self.known, reverse=True) if not after or key_id < after]
        return [self.known[key_id] for key_id in ids[:limit]], ids[limit - 1] if len(ids) > limit else ""

    async def change(self, key_id: str, edit: Callable[[Issued], Issued]) -> Issued:
        self.known[key_id] = edit(await self.get(key_id))
        return self.known[key_id]

    async def rotate(self, key_id: str, overlap: float) -> tuple[str, Issued]:
        now, issued = self.clock.now, await self.get(key_id)
        former = tuple(replace(secret, until=now + overlap) for secret in issued.secrets if overlap)
        name = f"#{issued.revision + 1}"
        self.known[key_id] = replace(issued, secrets=(*former, Secret(name, now)), revision=issued.revision + 1)
        return key_id + name, self.known[key_id]

    async def delete(self, key_id: str) -> None:
        await self.get(key_id)
        del self.known[key_id]


class FakeAllowances:
    """Accounts in a dict, by the same arithmetic. `budgets` are those of tags, as `team=search`."""

    def __init__(
        self, clock: Clock, budgets: Mapping[str, tuple[Budget, ...]] | None = None, lifetime: float = 180.0
    ) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.budgets = budgets or {}
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self.open: dict[str, tuple[Estimate, list[tuple[Terms, int]]]] = {}
        self.told: dict[str, Left] = {}

    async def reserve(
        self, record: Record, key: Key, tags: Mapping[str, str], estimate: Callable[[], Estimate]
    ) -> None:
        named = (f"{name}={value}" for name, value in tags.items())
        terms = [Terms(f"tag#{tag}", self.budgets[tag]) for tag in named if tag in self.budgets]
        if key.budgets or key.limits.any:
            terms.append(terms_of_key(key))
        if not terms:
            return
        wanted = estimate()
        errors = [error for one in terms if (error := refused(self._freed(one.account), one, wanted, record.at))]
        if not errors:
            self.open[record.id] = wanted, [(one, self._hold(one, record, wanted)) for one in terms]
        self.told[record.id] = tightest(left(self.accounts[one.account], one, record.at) for one in terms)
        if errors:
            raise errors[0]

    def left(self, request_id: str) -> Left:
        return self.told.get(request_id, Left())

    async def settle(self, record: Record) -> None:
        self.told.pop(record.id, None)
        wanted, held = self.open.pop(record.id, (Estimate(Decimal(0), 0), []))
        for terms, full_at in held:
            self._release(terms.account, record.id, record.cost_usd)
            if per_minute := terms.limits.tokens_per_minute:
                account, now = self.accounts[terms.account], instant(self.clock.time())
                moved = correction(wanted.tokens, record.tokens, per_minute, full_at, now)
                self.accounts[terms.account] = replace(account, tokens=account.tokens + moved)

    def _freed(self, name: str) -> Account:
        for request_id in self.accounts[name].expired(self.clock.time(), self.lifetime):
            self._release(name, request_id, Decimal(0))
        return self.accounts[name]

    def _hold(self, terms: Terms, record: Record, wanted: Estimate) -> int:
        account, now = self.accounts[terms.account], instant(record.at)
        full = {
            bucket.name: max(bucket.full_at, now) + bucket.share
            for bucket in buckets(account, terms.limits, wanted.tokens)
        }
        held = {**account.held, record.id: Held(wanted.usd, record.at)}
        account = self.accounts[terms.account] = replace(account, held=held, **full)
        self._spend(terms.account, record.at, wanted.usd)
        return account.tokens

    def _release(self, name: str, request_id: str, usd: Decimal) -> None:
        """What was freed already was lost by a crash: a real one has it in its log, this one has it here."""
        account = self.accounts[name]
        held = dict(account.held)
        if (one := held.pop(request_id, None)) is None:
            self._spend(name, self.clock.time(), usd)
            return
        self.accounts[name] = replace(account, held=held)
        self._spend(name, one.at, usd - one.usd)

    def _spend(self, name: str, at: float, usd: Decimal) -> None:
        account = self.accounts[name]
        spent = {**account.spent}
        for window in windows(at).values():
            spent[window] = spent.get(window, Decimal(0)) + usd
        self.accounts[name] = replace(account, spent=spent)


class FakeSessions:
    """The models of conversations in a dict."""

    def __init__(self) -> None:
        self.models: dict[str, str] = {}

    async def find(self, conversation: str) -> str:
        return self.models.get(conversation, "")

    async def keep(self, conversation: str, model: str) -> None:
        self.models[conversation] = model


class FakePurse:
    """What each key has spent each day, in a dict; `broken` as long as nobody can tell."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, str], Decimal] = {}
        self.broken = False

    async def take(self, key_id: str, day: str, usd: Decimal, limit: Decimal) -> bool:
        if self.broken:
            raise TurnoutError("no answer")
        granted = self.of(key_id, day) + usd <= limit
        if granted:
            self.spent[key_id, day] = self.of(key_id, day) + usd
        return granted

    async def put_back(self, key_id: str, day: str, usd: Decimal) -> None:
        self.spent[key_id, day] = self.of(key_id, day) - usd

    def of(self, key_id: str, day: str) -> Decimal:
        return self.spent.get((key_id, day), Decimal(0))


class FakeRollups:
    """Counts by cell, added to as the aggregator does."""

    def __init__(self) -> None:
        self.counts: dict[Cell, Counts] = {}

    def add(self, cell: Cell, **counts: int | Decimal) -> None:
        self.counts[cell] = merged([self.counts.get(cell, {}), counts])

    def count(self, record: Record) -> None:
        for cell, counts in entry(record).increments.items():
            self.add(cell, **counts)

    async def cells(
        self, dimension: Dimension, grain: Grain, since: float, until: float
    ) -> Sequence[tuple[Cell, Counts]]:
        first, last = start(grain, since), start(grain, until - 1e-3)
        wanted = [cell for cell in self.counts if (cell.dimension, cell.grain) == (dimension, grain)]
        return [(cell, self.counts[cell]) for cell in sorted(wanted) if first <= cell.start <= last]


class FakeWatches:
    """The last watch of each version."""

    def __init__(self) -> None:
        self.kept: dict[str, Watch] = {}

    async def find(self, version: str) -> Watch | None:
        return self.kept.get(version)

    async def keep(self, watch: Watch) -> None:
        before = self.kept.get(watch.version)
        if before and before.since == watch.since and before.look != watch.look - 1:
            raise Conflict("Another guard has looked at the same time.")
        self.kept[watch.version] = watch


class FakePolicies:
    """Versions in dicts."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.versions: dict[str, Policy] = {}
        self.listings: dict[str, Listed] = {}
        self.at = Pointer()

    async def add(self, policy: Policy, why: str) -> None:
        if policy.version in self.versions:
            raise Conflict(f"There is a policy {policy.version} already.")
        self.versions[policy.version] = policy
        told = policy.created_at, policy.based_on, policy.report, policy.note
        self.listings[policy.version] = Listed(policy.version, *told, (Change("recommended", self.clock.time(), why),))

    async def find(self, version: str) -> Policy | None:
        return self.versions.get(version)

    async def listed(self, version: str) -> Listed | None:
        return self.listings.get(version)

    async def pointer(self) -> Pointer:
        return self.at

    async def activate(self, version: str, why: str, revision: int | None = None) -> Pointer:
        return self._move(lambda: activated(self.at, self._there(version), self.clock.time()), why, revision)

    async def canary(self, version: str, share: float, why: str, revision: int | None = None) -> Pointer:
        return self._move(lambda: canaried(self.at, self._there(version), share, self.clock.time()), why, revision)

    async def rollback(self, why: str, revision: int | None = None) -> Pointer:
        return self._move(lambda: rolled_back(self.at, self.clock.time()), why, revision)

    async def list(self) -> Sequence[Listed]:
        return sorted(self.listings.values(), key=lambda one: (one.created_at, one.version), reverse=True)

    def _move(self, plan: Callable[[], Move], why: str, revision: int | None) -> Pointer:
        if revision not in {None, self.at.revision}:
            raise Conflict("Somebody else has moved the policy meanwhile.", code="policy_moved")
        move = plan()
        for version, state in move.states.items():
            one = self.listings[version]
            change = Change(state, self.clock.time(), why)
            self.listings[version] = replace(one, history=(*one.history, change))
        self.at = move.pointer
        return self.at

    def _there(self, version: str) -> Listed:
        if version not in self.listings:
            raise UnknownPolicy(f"There is no policy '{version}'.", param="version")
        return self.listings[version]


def a_policy(version: str = "p-1", created_at: float = 1_800_000_000.5, **changes: Any) -> Policy:
    """A version that leads with acme/b for code at the lowest cost; `changes` are fields of Policy."""
    expected = {"acme/a": Expected(0.1 + 0.2, 1e-7, 3e-300, count=7.5), "acme/b": Expected(1 / 3, 0.0, success=0.5)}
    told: dict[str, Any] = {
        "chains": {"cost": {"code": ("acme/b", "acme/a")}, "latency": {}},
        "outcomes": Outcomes({"code": expected}, expected, 0.7, "o-1"),
        "note": "räksmörgås",
    }
    return Policy(version, created_at, **{**told, **changes})


def a_model(name: str = "alpha", vendor: str = "", **changes: Any) -> Model:
    """A model that can do everything; `changes` are fields of Model."""
    host = Vendor(vendor or f"{name}-vendor", "openai_chat", "http://vendor.test/v1", key="vendor-secret")
    price = Price("2026-01-01", Rate(Decimal(1), Decimal(2), Decimal("0.1"), Decimal("1.25")))
    everything = frozenset[Capability](get_args(Capability.__value__))
    facts: dict[str, Any] = {
        "context_window": 100_000,
        "max_output": 10_000,
        "capabilities": everything,
        "prices": (price,),
    }
    return Model(name=name, vendor=host, upstream=f"{name}-1", **{**facts, **changes})


def knowing(*models: Model, outcomes: Outcomes = NOTHING_KNOWN, rules: Rules = NO_RULES) -> Knowledge:
    """What decisions are made with: these models, of which nothing is known unless it is said."""
    return Knowledge(Catalog(models, {}), outcomes, rules)


type Step = Delta | Done | VendorError | float


class FakeVendors:
    """An `Ask` that plays a script per model: each call takes the next entry, events to yield or an error to raise.

    An entry is a list; an error in it is raised at that point, a number is a pause on the clock.
    """

    def __init__(self, clock: FakeClock, **scripts: Sequence[Sequence[Step]]) -> None:
        self.clock = clock
        self.scripts = {name: list(script) for name, script in scripts.items()}
        self.calls: list[Call] = []
        self.closed = 0

    async def ask(self, call: Call) -> Events:
        self.calls.append(call)
        try:
            for step in self.scripts[call.model.name].pop(0):
                if isinstance(step, VendorError):
                    raise step
                if isinstance(step, float | int):
                    self.clock.now += step
                else:
                    yield step
        finally:
            self.closed += 1


def answer(*texts: str, usage: Usage | None = None) -> list[Step]:
    """The script of a whole answer in so many pieces."""
    return [*(Delta(text=text) for text in texts), Delta(finish="stop", native_finish="stop"), Done(usage)]


class FakeReports:
    """Reports in a dict, by id and suffix; `refuses` is why nothing more is taken."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.kept: dict[tuple[str, str], bytes] = {}
        self.written: dict[str, float] = {}
        self.refuses = ""

    async def write(self, id_: str, page: str, json: bytes) -> str:
        if self.refuses:
            raise ReportNotWritten(f"The report could not be written: {self.refuses}")
        self.kept |= {(id_, "html"): page.encode(), (id_, "json"): json}
        self.written[id_] = self.clock.time()
        return key_of(id_, "html")

    async def read(self, id_: str, suffix: str) -> bytes | None:
        return self.kept.get((id_, suffix))

    async def list(self, limit: int) -> Sequence[KeptReport]:
        kept = [KeptReport(id_, at) for id_, at in self.written.items()]
        return sorted(kept, key=lambda one: (one.id[:10], one.written_at, one.id), reverse=True)[:limit]


class FakeLease:
    """Its holder, and until when."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.owner, self.until = "", 0.0

    async def take(self, owner: str, seconds: float) -> str:
        if self.until > self.clock.time() and self.owner != owner:
            return self.owner
        self.owner, self.until = owner, self.clock.time() + seconds
        return owner

    async def give_back(self, owner: str) -> None:
        if self.owner == owner:
            self.until = 0.0

    async def holder(self) -> str:
        return self.owner if self.until > self.clock.time() else ""
