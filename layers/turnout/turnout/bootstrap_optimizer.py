"""The composition root of the optimizer's function, apart from the router's so that neither starts with the other's."""

from pydantic import TypeAdapter, ValidationError

from turnout import bootstrap
from turnout.clock import SystemClock
from turnout.config import PREFIX, BadConfig, Config
from turnout.optimizing.ports import Known, Setting
from turnout.optimizing.run import Optimizer
from turnout.policy.canary_terms import Terms
from turnout.policy.goals import Constraints
from turnout.policy.guard import Guard
from turnout.policy.report import Report
from turnout.routing.choice_prior import prior, table
from turnout.store import dynamo, reports
from turnout.store.lease import LEASE, DynamoLease
from turnout.store.policies import DynamoPolicies
from turnout.store.reader import DynamoRollupReader
from turnout.store.reports import S3Reports
from turnout.store.rollups import DynamoRollups
from turnout.store.watches import DynamoWatches


def guard(config: Config) -> Guard:
    """What looks at the canary."""
    clock, client = SystemClock(), dynamo.client()
    rollups = DynamoRollups(client, config.rollups_table, config.health_table, clock)
    return Guard(
        policies=DynamoPolicies(client, config.policies_table, clock),
        watches=DynamoWatches(client, config.policies_table),
        rollups=DynamoRollupReader(rollups),
        priors=table().version,
        terms=Terms(**config.guard.model_dump()),
        clock=clock,
    )


def optimizer(config: Config) -> Optimizer:
    """What proposes a policy and reports on it. Raises BadConfig or BadCatalog."""
    clock, client = SystemClock(), dynamo.client()
    rollups = DynamoRollups(client, config.rollups_table, config.health_table, clock)
    return Optimizer(
        rollups=DynamoRollupReader(rollups),
        policies=DynamoPolicies(client, config.policies_table, clock),
        reports=S3Reports(reports.client(), config.report_bucket),
        lease=DynamoLease(client, config.policies_table, LEASE, clock),
        known=known(config),
        setting=Setting(config.optimizer_days, config.policy_mode, config.canary_share, constraints(config)),
        page=_page,
        clock=clock,
    )


def known(config: Config) -> Known:
    """The models, and what is expected of them. Raises BadCatalog."""
    models = bootstrap.catalog(config).auto()
    return Known(models, prior(models))


def constraints(config: Config) -> Constraints:
    """What the deployment asks of every policy. Raises BadConfig, which names the field."""
    try:
        return TypeAdapter(Constraints).validate_python(config.policy_constraints)
    except ValidationError as error:
        told = error.errors(include_url=False)[0]
        name = ".".join(map(str, ("policy_constraints", *told["loc"])))
        raise BadConfig(f"{PREFIX}{name.upper()}: {told['msg']}") from None


def _page(report: Report) -> str:
    from turnout.reports.page import page  # noqa: PLC0415 - takes a second, for which the guard need not wait

    return page(report)
