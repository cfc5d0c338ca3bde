"""The composition root of the optimizer's function, apart from the router's so that neither starts with the other's."""

from turnout.clock import SystemClock
from turnout.config import Config
from turnout.policy.canary_terms import Terms
from turnout.policy.guard import Guard
from turnout.routing.choice_prior import table
from turnout.store import dynamo
from turnout.store.policies import DynamoPolicies
from turnout.store.reader import DynamoRollupReader
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
