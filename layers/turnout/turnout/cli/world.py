"""What the commands are given: where to write, and the stores of a deployment, made when a command asks for one."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from turnout import bootstrap, bootstrap_optimizer
from turnout.catalog import Catalog
from turnout.clock import SystemClock
from turnout.config import Config
from turnout.core.ports import Clock
from turnout.core.text import terminal_text
from turnout.routing.decision import Knowledge
from turnout.store import dynamo, reports
from turnout.store.accounts import DynamoAccounts
from turnout.store.amendments import DynamoAmendments
from turnout.store.contents import S3Contents
from turnout.store.keyring import DynamoKeyring
from turnout.store.policies import DynamoPolicies
from turnout.store.purge import Purge
from turnout.store.recovery import DynamoRecovery
from turnout.store.reports import S3Reports
from turnout.store.requests import DynamoRequests
from turnout.store.rollups import DynamoRollups
from turnout.store.sealed import unlocked
from turnout.store.starter import LambdaStarter
from turnout.store.tag_budgets import DynamoTagBudgets

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class World:
    """`stdin` and `stdout` are the terminal's, or what they are piped to."""

    config: Config
    stdin: TextIO
    stdout: TextIO
    clock: Clock = field(default_factory=SystemClock)

    def say(self, line: str) -> None:
        """One line for who reads along; what clients wrote in it cannot steer the terminal."""
        print(terminal_text(line), file=self.stdout)

    @property
    def retention_days(self) -> int:
        """How long rows live."""
        return self.config.retention_days

    @cached_property
    def catalog(self) -> Catalog:
        """The models. Raises BadCatalog."""
        return bootstrap.catalog(self.config)

    @cached_property
    def knowledge(self) -> Knowledge:
        """What decisions are made with. Raises BadCatalog or BadRules."""
        return bootstrap.knowledge(self.config)

    @cached_property
    def keyring(self) -> DynamoKeyring:
        """The clients' keys. Raises BadConfig when their pepper cannot be read."""
        pepper = unlocked(self.config).key_pepper.get_secret_value()
        return DynamoKeyring(self._client, self.config.keys_table, self.clock, pepper)

    @cached_property
    def budgets(self) -> DynamoTagBudgets:
        """The budgets of tags."""
        config = self.config
        return DynamoTagBudgets(self._client, config.allowance_table, config.key_cache_seconds, self.clock)

    @cached_property
    def accounts(self) -> DynamoAccounts:
        """What keys and tags have used."""
        return DynamoAccounts(self._client, self.config.allowance_table, self.clock, bootstrap.lifetime(self.config))

    @cached_property
    def requests(self) -> DynamoRequests:
        """The log, read."""
        return DynamoRequests(self._client, self.config.request_log_table, self.clock)

    @cached_property
    def policies(self) -> DynamoPolicies:
        """The policy's versions."""
        return DynamoPolicies(self._client, self.config.policies_table, self.clock)

    @cached_property
    def reports(self) -> S3Reports:
        """The optimizer's reports."""
        return S3Reports(reports.client(), self.config.report_bucket)

    async def optimize(self, run: str) -> dict[str, Any]:
        """What came of a run of the optimizer: in its function where there is one, else here.

        Raises StoreUnavailable or ReportNotWritten; ModuleNotFoundError where a report cannot be drawn here.
        """
        if self.config.optimizer_function:
            return await LambdaStarter(self.config.optimizer_function).run(run)
        return asdict(await bootstrap_optimizer.optimizer(self.config).run(run))

    @cached_property
    def rollups(self) -> DynamoRollups:
        """The sums."""
        return DynamoRollups(self._client, self.config.rollups_table, self.config.health_table, self.clock)

    @cached_property
    def amendments(self) -> DynamoAmendments:
        """Changes of rows, with the sums."""
        config = self.config
        return DynamoAmendments(
            self._client, config.request_log_table, config.rollups_table, config.health_table, self.clock
        )

    @cached_property
    def recovery(self) -> DynamoRecovery:
        """Rows that come late."""
        return DynamoRecovery(self._client, self.config.request_log_table, self.retention_days, self.clock)

    @cached_property
    def purge(self) -> Purge:
        """What erases."""
        config = self.config
        contents = S3Contents(config.content_bucket)
        return Purge(self._client, config.request_log_table, config.health_table, contents)

    @cached_property
    def _client(self) -> "DynamoDBClient":
        return dynamo.client()
