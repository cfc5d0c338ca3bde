"""A run on one budget: many requests at once, on many instances, some of which die and some of whose writes fail.

What is counted in the end is compared with what the calls really cost, to the last digit.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from io import StringIO
from random import Random
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ReadTimeoutError

from turnout.core.allowance import Budget, Estimate
from turnout.core.ports import Clock, Key
from turnout.core.records import Attempt, Record
from turnout.core.refused import AllowanceUnknown, OverBudget
from turnout.store.accounts import HELD, DynamoAccounts
from turnout.store.allowances import DynamoAllowances
from turnout.store.recovery import settlements_in
from turnout.store.tag_budgets import DynamoTagBudgets

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Fate = Literal["settled", "died", "not written", "answer lost"]

FATES: dict[Fate, float] = {"settled": 0.85, "died": 0.05, "not written": 0.05, "answer lost": 0.05}
"""What becomes of a request that was let in: its instance dies before it settles, or its last write fails (it is not
made, or made and the answer does not come)."""
TABLE = "turnout-allowance"
KEY_ID = "key_1"
ACCOUNT = f"key#{KEY_ID}"
LIFETIME = 180.0


@dataclass
class Faulty:
    """A client of DynamoDB that loses the writes of requests whose fate that is."""

    client: Any
    fates: dict[str, Fate] = field(default_factory=dict[str, "Fate"])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def update_item(self, **asked: Any) -> Any:
        """As the real one does, or as the fate of the request has it."""
        fate = self._fate(asked)
        if fate == "not written":
            raise ReadTimeoutError(endpoint_url="before it was written")
        answer = self.client.update_item(**asked)
        if fate == "answer lost":
            raise ReadTimeoutError(endpoint_url="after it was written")
        return answer

    def _fate(self, asked: dict[str, Any]) -> Fate:
        """Of a settlement; all that removes what a request holds is one."""
        if "REMOVE" not in asked["UpdateExpression"]:
            return "settled"
        names: Iterable[str] = asked["ExpressionAttributeNames"].values()
        for name in names:
            if fate := self.fates.get(name.removeprefix(HELD)):
                return fate
        return "settled"


@dataclass
class Run:
    """What came of it, in USD where it is money. `cost` is that of all calls, `known` of those that did not die."""

    budget: Decimal
    fates: Counter[str] = field(default_factory=Counter[str])
    cost: Decimal = Decimal(0)
    known: Decimal = Decimal(0)
    error: Decimal = Decimal(0)
    counted_before: Decimal = Decimal(0)
    counted: Decimal = Decimal(0)
    left_in_flight: int = 0

    @property
    def over(self) -> Decimal:
        """How much was spent beyond the budget."""
        return max(Decimal(0), self.cost - self.budget)


@dataclass
class Spending:
    """The run itself. `estimate` is what each request reserves; what it costs is up to `beyond` times as much."""

    client: "DynamoDBClient"
    clock: Clock
    seed: int
    budget: Decimal = Decimal(1)
    estimate: Decimal = Decimal("0.004")
    beyond: float = 1.25
    instances: int = 20

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - reproducible, not secret
        self.faulty = Faulty(self.client)
        self.unsaved = StringIO()
        self.run = Run(self.budget)
        self.routers = [self.router() for _ in range(self.instances)]
        self.key = Key(KEY_ID, budgets=(Budget(self.budget),))

    def router(self) -> DynamoAllowances:
        """One more instance."""
        client = cast("DynamoDBClient", self.faulty)
        budgets = DynamoTagBudgets(client, TABLE, 10, self.clock)
        return DynamoAllowances(self.accounts(), budgets, self.clock, self.unsaved)

    def accounts(self) -> DynamoAccounts:
        """The accounts as an instance sees them that has seen nothing yet."""
        return DynamoAccounts(cast("DynamoDBClient", self.faulty), TABLE, self.clock, LIFETIME)

    async def requests(self, count: int) -> None:
        """So many at once."""
        await asyncio.gather(*(self._request(f"{self.seed:04}R{at:06}") for at in range(count)))

    async def _request(self, request_id: str) -> None:
        router, usd = self.random.choice(self.routers), self._cost()
        record = Record(request_id, self.clock.time(), KEY_ID, "auto", stream=False)
        try:
            await router.reserve(record, self.key, {}, lambda: Estimate(self.estimate, 100))
        except (OverBudget, AllowanceUnknown) as error:
            self.run.fates[error.code] += 1
            return
        fate = self._fate(request_id)
        self.run.cost += usd
        self.run.error += max(Decimal(0), usd - self.estimate)
        await asyncio.sleep(0)  # the vendor answers, and others have their turn
        if fate != "died":
            self.run.known += usd
            record.attempts = [Attempt("vendor", "model", 1, 0, outcome="ok", cost_usd=usd)]
            await router.settle(record)

    def _cost(self) -> Decimal:
        return (self.estimate * Decimal(self.random.uniform(0, self.beyond))).quantize(Decimal("1e-9"))

    def _fate(self, request_id: str) -> Fate:
        fate = self.random.choices(list(FATES), list(FATES.values()))[0]
        self.faulty.fates[request_id] = fate
        self.run.fates[fate] += 1
        return fate

    def settle_the_rest(self) -> Run:
        """When the time of those that died is over: what they held is freed, and the log is recovered, twice."""
        accounts = self.accounts()
        self.run.counted_before = accounts.read(ACCOUNT).spent.get("total", Decimal(0))
        self.faulty.fates.clear()
        while accounts.read(ACCOUNT).expired(self.clock.time(), LIFETIME):
            accounts.free(ACCOUNT)
        for _ in range(2):
            for settlement in settlements_in(self.unsaved.getvalue()):
                accounts.settle(settlement)
        account = accounts.read(ACCOUNT)
        self.run.counted, self.run.left_in_flight = account.spent["total"], len(account.held)
        return self.run
